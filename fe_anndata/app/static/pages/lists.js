// Lists: coherence, matrix and map of lists of genes.

import { post } from "../api.js";
import { button, choice, field, fill, h, notice, number } from "../dom.js";
import { dropBox, frame, geneLink, python, vectorFields, vectors, within } from "../parts.js";
import { diverging, picture, pointsPicture, short, wide } from "../picture.js";
import { set } from "../state.js";
import { table } from "../table.js";

const LONGEST = 6000;

export function create(home) {
  if (!home.gene_keys.length) {
    return { element: h("div", { class: "home" }, h("h1", {}, "Lists"), notice("warn", "This file has no gene vectors."), h("a", { href: "#home" }, "Home")), update() {} };
  }
  let params = {};
  let typed = "";
  const area = h("textarea", { rows: "9", spellcheck: "false", placeholder: "B cells: CD79A, CD79B, MS4A1\nT cells: CD3D, CD3E, CD2" });
  const method = choice([["", "principal components"], ["tsne", "t-SNE"], ["umap", "UMAP"]], "", (map) => set({ map }));
  const fields = h("div");
  const content = h("section", { "aria-label": "Lists" });
  const take = (text) => {
    typed = text;
    area.value = text.slice(0, 200000);
    if (text.length <= LONGEST) set({ lists: text });
    else { set({ lists: "" }); show(); }
  };
  const example = `first: ${home.examples.slice(0, 2).join(", ")}\nsecond: ${home.examples.slice(2).join(", ")}`;
  const element = frame("Lists", "A name, a colon and genes in each line; or a .gmt file; or one gene in each line, which is one list.", [
    field("Lists of genes", area), button("Look", () => take(area.value), { class: "main" }), button("Example", () => take(example)),
    dropBox("or a .gmt file", ".gmt,.txt", async (file) => take(await file.text())), field("Map", method), fields], content);

  async function update(now) {
    const before = params;
    params = now;
    method.value = params.map || "";
    if (params.lists) { typed = params.lists; area.value = typed; }
    if (before.key !== params.key || before.symbols !== params.symbols || !fields.children.length) fill(fields, vectorFields(home, params));
    if (typed) await show();
    else fill(content, h("p", { class: "empty" }, "Paste lists of genes on the left."));
  }

  function show() {
    return within(content, async () => {
      const found = await post("lists", { text: typed, method: params.map || "pca", ...vectors(home, params) });
      const unknown = found.lists.flatMap((one) => one.unknown.map(([gene, hint]) => [one.name, gene, hint]));
      return h("div", {},
        h("h2", {}, `${found.lists.length} ${found.lists.length === 1 ? "list" : "lists"}, ${found.genes.length} genes known here`),
        typed.length > LONGEST ? notice("warn", "These lists are too long for the address: a link to this page does not hold them.") : null,
        unknown.length ? h("details", { open: true }, h("summary", {}, `${unknown.length} unknown`), table({ columns: ["list", "gene", "what may be meant"], rows: unknown, name: "unknown genes" })) : null,
        found.coherence ? [h("h3", {}, "Coherence"), h("p", { class: "muted" }, "The mean cosine of all pairs, beside 1,000 random lists of the same size among all genes."), table({ ...found.coherence, name: "coherence" })] : null,
        found.points ? [h("h3", {}, "Map"), pointsPicture({ points: found.points, names: found.genes, axes: found.axes, name: "lists",
          colors: found.members.map((of) => of.map((i) => colorOf(found, i))), legend: found.lists.filter((one) => one.known.length).map((one) => [`${one.name} (${one.known.length})`, one.color]),
          label: `${found.genes.length} genes of ${found.lists.length} lists in a plane` })] : null,
        found.matrix ? [h("h3", {}, "Cosines"), matrix(found.matrix)] : null,
        h("details", {}, h("summary", {}, "Genes"), found.lists.map((one) => h("p", {}, h("strong", {}, `${one.name}: `), one.known.flatMap((gene) => [geneLink(gene), " "])))),
        python([...found.python, ...(found.coherence_python ? [found.coherence_python] : [])]));
    });
  }

  const colorOf = (found, i) => found.lists.find((one) => one.name === found.names[i]).color;
  return { element, update };
}

function matrix({ genes, values }) {
  const n = genes.length;
  const cell = Math.max(5, Math.min(26, Math.floor((wide() - 162) / n)));
  const side = 92;
  const letters = Math.min(12, cell - 1);
  return picture({ width: side + n * cell + 70, height: side + n * cell + 10, name: "cosines", label: `cosines of ${n} genes`, draw(pen, ink) {
    values.forEach((row, i) => row.forEach((value, k) => pen.rect(side + k * cell, side + i * cell, cell, cell, diverging(value), n <= 60 ? `${genes[i]}, ${genes[k]}: ${number(value, 3)}` : undefined)));
    if (letters >= 7) genes.forEach((gene, i) => {
      pen.text(side - 5, side + i * cell + cell / 2 + letters / 3, short(gene, 13), ink.ink, { anchor: "end", size: letters });
      pen.text(side + i * cell + cell / 2 + letters / 3, side - 5, short(gene, 13), ink.ink, { size: letters, rotate: -90 });
    });
    [1, 0.5, 0, -0.5, -1].forEach((value, i) => {
      pen.rect(side + n * cell + 14, side + i * 18, 14, 18, diverging(value));
      pen.text(side + n * cell + 33, side + i * 18 + 13, value, ink.muted, { size: 11 });
    });
  } });
}
