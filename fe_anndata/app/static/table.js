// A table that sorts, pages and downloads.

import { button, choice, fill, h, newId, number, save } from "./dom.js";

/** Return a table.
 * columns, rows: as the server gives them. links: by column, a function of value and row that
 * returns a node. name: of the file, and of the table for screen readers. */
export function table({ columns, rows, links = {}, name, size = 10 }) {
  let sorted = null;
  let rising = true;
  let page = 0;
  let order = rows.map((_, i) => i);
  const body = h("tbody");
  const said = h("span", { role: "status" });
  const kinds = columns.map((_, i) => (rows.some((row) => typeof row[i] === "number") ? "numeric" : null));
  const heads = columns.map((column, i) => h("th", { scope: "col", class: kinds[i] },
    button(column, () => sort(i), { class: "sort", title: `sort by ${column}` })));
  const back = button("Back", () => turn(-1), { "aria-label": `Back: rows of ${name}` });
  const forth = button("Next", () => turn(1), { "aria-label": `Next: rows of ${name}` });

  function sort(i) {
    rising = sorted === i ? !rising : typeof rows[0]?.[i] !== "number";
    sorted = i;
    const compare = (a, b) => {
      if (a === null || b === null) return (a === null) - (b === null);
      const way = typeof a === "number" && typeof b === "number" ? a - b
        : String(a).localeCompare(String(b), "en", { numeric: true });
      return rising ? way : -way;
    };
    order = rows.map((_, k) => k).sort((a, b) => compare(rows[a][i], rows[b][i]) || a - b);
    heads.forEach((head, k) => {
      if (k === i) head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    page = 0;
    draw();
  }

  function turn(by) {
    page += by;
    draw();
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(rows.length / size));
    page = Math.min(Math.max(page, 0), pages - 1);
    const shown = order.slice(page * size, (page + 1) * size);
    fill(body, shown.map((k) => h("tr", {}, rows[k].map((value, i) => {
      const link = links[columns[i]];
      const cell = link ? link(value, rows[k]) : number(value);
      return i === 0 ? h("th", { scope: "row", class: kinds[i] }, cell) : h("td", { class: kinds[i] }, cell);
    }))));
    back.disabled = page === 0;
    forth.disabled = page === pages - 1;
    said.textContent = rows.length
      ? `${page * size + 1}–${page * size + shown.length} of ${rows.length.toLocaleString("en")}` : "no rows";
  }

  const id = newId();
  const element = h("div", { class: "table" },
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": id },
      h("table", {}, h("caption", { id, class: "hidden" }, name), h("thead", {}, h("tr", {}, heads)), body)),
    h("div", { class: "bar" },
      h("span", { class: "paging" }, back, said, forth),
      h("span", {},
        h("label", {}, "rows ", choice(["10", "25", "100"], String(size), (n) => { size = Number(n); page = 0; draw(); })),
        button("Download CSV", () => save(`${name}.csv`, csv(columns, order.map((k) => rows[k])), "text/csv")))));
  draw();
  return element;
}

function csv(columns, rows) {
  const quoted = (value) => {
    const text = value === null ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n");
}
