// Model: how it was trained, how well, and what repeats it.

import { get } from "../api.js";
import { button, choice, copy, field, fill, h, notice, number } from "../dom.js";
import { frame, modelOf, python, within } from "../parts.js";
import { picture, wide } from "../picture.js";
import { set } from "../state.js";
import { table } from "../table.js";

export function create(home) {
  if (!home.families.length) {
    return { element: h("div", { class: "home" }, h("h1", {}, "Model"), notice("warn", "No model was trained in this file."), h("a", { href: "#home" }, "Home")), update() {} };
  }
  const keys = choice(home.families.map((one) => [one.key, `${one.key} (${one.family})`]), "", (key) => set({ key }));
  const content = h("section", { "aria-label": "Model" });
  const element = frame("Model", "", [field("Model", keys)], content);
  function update(params) {
    keys.value = modelOf(home, params);
    return within(content, async () => {
      const found = await get("model", { key: keys.value });
      const facts = [["family", found.family], ["held-out loss", found.validation_loss === null ? "nothing was held out" : `${number(found.validation_loss)} (${found.unit})`],
        ...(found.held_out_r2 === null ? [] : [["held-out R²", number(found.held_out_r2, 3)]]),
        ["kept after step", number(found.best_step)], ["ended", found.ended || "as planned"], ...Object.entries(found.versions)];
      return h("div", {}, h("h2", {}, `${found.family} under ${found.key}`),
        found.warnings.length ? found.warnings.map((one) => notice("warn", one)) : notice("good", "There is nothing to warn of."),
        h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, number(value))))),
        curve(found),
        h("section", { class: "python" }, h("div", { class: "bar" }, h("h3", {}, "The command that repeats it"), button("Copy command", (event) => copy(found.command, event.currentTarget))),
          h("pre", { tabindex: "0", "aria-label": "command" }, h("code", {}, found.command))),
        h("h3", {}, "History"), table({ ...found.history, name: "history" }),
        h("h3", {}, "Options"), table({ columns: ["option", "value"], rows: found.params.map(([name, value]) => [name, Array.isArray(value) ? value.join(" ") : value === null || value === "" ? "–" : String(value)]), name: "options", size: 25 }),
        python(found.python));
    });
  }
  return { element, update };
}

function curve({ history, unit }) {
  const at = (name) => history.columns.indexOf(name);
  const rows = history.rows;
  const series = [["train_loss", "training"], ["validation_loss", "held out"]].map(([name, title]) => [title, rows.filter((row) => row[at(name)] !== null).map((row) => [row[at("step")], row[at(name)]])]);
  const all = series.flatMap(([, of]) => of);
  if (!all.length) return h("p");
  const ends = [0, 1].map((k) => [Math.min(...all.map((one) => one[k])), Math.max(...all.map((one) => one[k]))]);
  const [width, height, left, low] = [wide(), 300, 70, 46];
  const x = (value) => left + ((value - ends[0][0]) / (ends[0][1] - ends[0][0] || 1)) * (width - left - 20);
  const y = (value) => height - low - ((value - ends[1][0]) / (ends[1][1] - ends[1][0] || 1)) * (height - low - 40);
  return picture({ width, height, name: "history", label: `loss of training and of held-out entries by step, ${unit}`, draw(pen, ink) {
    for (let i = 0; i <= 4; i += 1) {
      const value = ends[1][0] + ((ends[1][1] - ends[1][0]) * i) / 4;
      pen.line([[left, y(value)], [width - 20, y(value)]], ink.line);
      pen.text(left - 8, y(value) + 4, number(value, 3), ink.muted, { anchor: "end", size: 11 });
      const step = Math.round(ends[0][0] + ((ends[0][1] - ends[0][0]) * i) / 4);
      pen.text(x(step), height - low + 18, number(step), ink.muted, { anchor: i === 4 ? "end" : "middle", size: 11 });
    }
    pen.text((left + width) / 2, height - 8, `step; ${unit}`, ink.muted, { anchor: "middle" });
    const colors = [ink.muted, ink.accent];
    series.forEach(([title, of], i) => {
      if (of.length > 1) pen.line(of.map(([a, b]) => [x(a), y(b)]), colors[i], { width: 2 });
      else of.forEach(([a, b]) => pen.circle(x(a), y(b), 4, colors[i]));
      pen.circle(left + 10 + 110 * i, 16, 5, colors[i]);
      pen.text(left + 20 + 110 * i, 20, title, ink.ink);
    });
  } });
}
