// Properties: what gene vectors know of gene sets.

import { finished, get, send } from "../api.js";
import { button, field, fill, h, notice } from "../dom.js";
import { dropBox, frame, geneLink, python, vectorFields, vectors, within } from "../parts.js";
import { picture, short, wide } from "../picture.js";
import { address, set } from "../state.js";
import { table } from "../table.js";
import { geneInput } from "./genes.js";

export function create(home) {
  if (!home.gene_keys.length) {
    return { element: h("div", { class: "home" }, h("h1", {}, "Properties"), notice("warn", "This file has no gene vectors."), h("a", { href: "#home" }, "Home")), update() {} };
  }
  let params = {};
  const least = h("input", { type: "number", min: "2", max: "10000", value: "10" });
  const [gene, list] = geneInput((value) => set({ gene: value }));
  const fields = h("div");
  const all = h("section", { "aria-label": "Properties" });
  const one = h("section", { "aria-label": "One gene or property" });
  const take = (file) => within(all, async (say) => {
    say(`sending ${file.name}`);
    const done = await finished(await send("file/classify", file, { ...vectors(home, params), min_genes: least.value }), say);
    set({ job: done.job });
    return h("p", {}, "done");
  });
  const element = frame("Properties", "Gene sets are learned from gene vectors and judged on genes that were held out, beside shuffled labels.", [
    dropBox("Gene sets (.gmt), or what classify-genes wrote (.h5ad)", ".gmt,.gz,.h5ad", take), field("Least genes of a set", least), fields,
    field("Look up a gene", gene), list], all, one);

  async function update(now) {
    const before = params;
    params = now;
    gene.value = params.gene || "";
    if (before.key !== params.key || !fields.children.length) fill(fields, vectorFields(home, params));
    if (!params.job) { fill(all, h("p", { class: "empty" }, "Drop a .gmt file of gene sets on the left. A linear classifier of each set takes seconds.")); fill(one); return; }
    if (before.job !== params.job) await within(all, async () => {
      const found = await get("properties", { job: params.job });
      return h("div", {}, h("h2", {}, `${found.table.rows.length} ${found.table.rows.length === 1 ? "property" : "properties"}`), found.skipped ? h("p", { class: "muted" }, `${found.skipped} sets were left out: too few genes are known`) : null,
        aurocs(found.table), table({ ...found.table, name: "properties", links: { property: (name) => h("a", { href: address("properties", { ...params, property: name, gene: "" }) }, name) } }), python(found.python));
    });
    if (params.property || params.gene) await within(one, async () => {
      const found = params.gene ? await get("properties/gene", { job: params.job, gene: params.gene }) : await get("properties/genes", { job: params.job, property: params.property });
      return h("div", {}, h("div", { class: "bar" }, h("h2", {}, params.gene || params.property), button("Close", () => set({ gene: "", property: "" }))),
        table({ ...found.table, name: `probabilities of ${params.gene || params.property}`, links: { gene: (name) => geneLink(name) } }), python(found.python));
    });
    else fill(one);
  }
  return { element, update };
}

function aurocs({ columns, rows }) {
  const at = (name) => columns.indexOf(name);
  const shown = [...rows].sort((a, b) => b[at("auroc")] - a[at("auroc")]).slice(0, 30);
  const width = wide();
  const side = Math.round(width / 3);
  const x = (value) => side + value * (width - side - 50);
  return picture({ width, height: 60 + 20 * shown.length, name: "auroc", label: "AUROC of each property beside that of shuffled labels", draw(pen, ink) {
    for (const value of [0, 0.25, 0.5, 0.75, 1]) {
      pen.line([[x(value), 30], [x(value), 36 + 20 * shown.length]], ink.line);
      pen.text(x(value), 52 + 20 * shown.length, value, ink.muted, { anchor: "middle", size: 11 });
    }
    pen.circle(side + 5, 14, 5, ink.accent);
    pen.text(side + 15, 18, "AUROC", ink.ink);
    pen.circle(side + 95, 14, 4, ink.muted);
    pen.text(side + 105, 18, "shuffled labels", ink.ink);
    shown.forEach((row, i) => {
      const y = 42 + 20 * i;
      pen.text(side - 8, y + 4, short(row[0], Math.floor(side / 7)), ink.ink, { anchor: "end", size: 12 });
      const [value, se, shuffled] = ["auroc", "auroc_se", "auroc_permuted"].map((name) => row[at(name)]);
      if (se) pen.line([[x(Math.max(0, value - se)), y], [x(Math.min(1, value + se)), y]], ink.accent, { width: 2 });
      if (shuffled !== null && shuffled !== undefined) pen.circle(x(shuffled), y, 4, ink.muted);
      if (value !== null) pen.circle(x(value), y, 5, ink.accent, { title: `${row[0]}: ${value}` });
    });
  } });
}
