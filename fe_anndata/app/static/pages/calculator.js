// Calculator: analogies and signed sums.

import { get } from "../api.js";
import { button, choice, field, fill, h, notice, number } from "../dom.js";
import { frame, geneLink, python, vectorFields, vectors, within } from "../parts.js";
import { inks, pointsPicture } from "../picture.js";
import { set } from "../state.js";
import { table } from "../table.js";
import { geneInput } from "./genes.js";

export function create(home) {
  if (home.gene_keys.length === 0) {
    return { element: h("div", { class: "home" }, h("h1", {}, "Calculator"), notice("warn", "This file has no gene vectors."), h("a", { href: "#home" }, "Home")), update() {} };
  }
  let params = {};
  const [a, b, c] = home.examples;
  const example = c ? `${a}:${b}::${c}:?` : "";
  const three = [0, 1, 2].map(() => geneInput(() => {}));
  const names = ["a", "b", "c"].map((name, i) => field(name, three[i][0]));
  const expression = h("input", { type: "text", maxlength: "4000", spellcheck: "false", autocomplete: "off", onchange: () => set({ expression: expression.value.trim() }) });
  const n = choice(["10", "20", "50", "100"], "10", (value) => set({ n: value }));
  const drawn = choice(["1", "3", "5", "10"], "3", (value) => set({ drawn: value }));
  const metric = choice([["", "cosine"], ["euclidean", "Euclidean distance"], ["dot", "dot product"]], "", (value) => set({ metric: value }));
  const fields = h("div");
  const content = h("section", { "aria-label": "Answer" });
  const element = frame("Calculator", "a is to b as c is to what? Or any signed sum.", [
    h("form", { onsubmit: (event) => {
      event.preventDefault();
      const of = three.map(([input]) => (/[\s:"]/.test(input.value) ? `"${input.value.trim()}"` : input.value.trim()));
      if (of.every(Boolean)) set({ expression: `${of[0]}:${of[1]}::${of[2]}:?` });
    } }, names, three.map(([, list]) => list), h("button", { class: "main", type: "submit" }, "a : b :: c : ?")),
    field("Sum or analogy", expression, "such as 0.5*TP53 + MDM2 - MYC, or a:b::c:?"), button("Example", () => set({ expression: example })),
    field("Answers", n), field("Drawn", drawn), field("Measured by", metric), fields], content);

  async function update(now) {
    const before = params;
    params = now;
    expression.value = params.expression ?? "";
    const parts = /^"?([^":]+)"?:"?([^":]+)"?::"?([^":]+)"?:\?$/.exec(params.expression ?? "");
    if (parts) three.forEach(([input], i) => { input.value = parts[i + 1]; });
    n.value = params.n || "10";
    drawn.value = params.drawn || "3";
    metric.value = params.metric || "";
    if (before.key !== params.key || before.symbols !== params.symbols || !fields.children.length) fill(fields, vectorFields(home, params));
    if (!params.expression) {
      fill(content, h("p", { class: "empty" }, "Name three genes, or type a sum. ", example ? button(example, () => set({ expression: example })) : null));
      return;
    }
    await within(content, async () => {
      const found = await get("calculator", { expression: params.expression, n: params.n, drawn: params.drawn, metric: params.metric, ...vectors(home, params) });
      const { accent } = inks();
      const subtracted = "#c34b0f";
      const m = found.weights.length;
      const colors = found.genes.map((_, i) => (i >= m ? accent : found.weights[i] > 0 ? "#1e78b4" : subtracted));
      const named = found.genes.map((gene, i) => (i < m ? (Math.abs(found.weights[i]) === 1 ? gene : `${number(Math.abs(found.weights[i]))} × ${gene}`) : `${gene} (${number(found.similarities[i - m], 2)})`));
      const arrows = found.arrows.length ? found.arrows.map(([from, to]) => [found.points[from], found.points[to]])
        : found.points.slice(0, m).map((point) => [point, [0, 0], true]);
      return h("div", {}, h("h2", {}, found.says),
        table({ ...found.table, name: "answers", links: { gene: (gene) => geneLink(gene) } }),
        pointsPicture({ points: found.points, names: named, colors, arrows, centre: [0, 0], name: "calculator",
          legend: [["added", "#1e78b4"], ["subtracted", subtracted], ["answer", accent]], label: `${found.says} The genes in a plane around the sum.` }),
        h("p", { class: "muted" }, `The square is the sum. Distances from it are true; those between genes are kept to ${number(100 * found.kept, 3)} %.`),
        python(found.python));
    });
  }
  return { element, update };
}
