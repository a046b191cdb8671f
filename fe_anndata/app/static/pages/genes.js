// Genes: similar ones, a map of them, and why two are alike.

import { get, patient, post } from "../api.js";
import { legend, painted } from "../colours.js";
import { button, choice, field, fill, h, newId, later, notice, number, save, setOptions } from "../dom.js";
import { frame, geneLink, modelOf, python, vectorFields, vectors, within } from "../parts.js";
import { inks, pointsPicture } from "../picture.js";
import { Scatter } from "../scatter.js";
import { address, set } from "../state.js";
import { table } from "../table.js";

const METRICS = [["", "cosine"], ["euclidean", "Euclidean distance"], ["dot", "dot product"]];

/** Return an input of a gene that offers near matches. */
export function geneInput(given) {
  const id = newId();
  const list = h("datalist", { id });
  const input = h("input", { type: "text", list: id, maxlength: "2000", spellcheck: "false", autocomplete: "off", onchange: () => given(input.value.trim()) });
  input.addEventListener("input", later(async () => {
    const word = input.value.split(/[\s,]+/).pop();
    if (!word) return;
    try {
      const { found } = await get("search", { q: word });
      fill(list, found.filter((one) => one.kind === "gene").map((one) => h("option", { value: one.name })));
    } catch { /* no suggestions */ }
  }));
  return [input, list];
}

export function create(home) {
  if (!home.gene_keys.length) {
    return { element: h("div", { class: "home" }, h("h1", {}, "Genes"), notice("warn", "This file has no gene vectors. "), h("a", { href: "#home" }, "Home")), update() {} };
  }
  let params = {};
  const [gene, list] = geneInput((value) => value && set({ gene: value, b: "" }));
  const n = choice(["10", "20", "50", "100", "500"], "20", (value) => set({ n: value }));
  const metric = choice(METRICS, "", (value) => set({ metric: value }));
  const among = choice([["", "all genes"]], "", (value) => set({ among: value, only: "" }));
  const only = choice([], "", (value) => set({ only: value }));
  const onlyField = field("whose value is", only);
  onlyField.hidden = true;
  const method = choice([["", "principal components"], ["tsne", "t-SNE"], ["umap", "UMAP"], ["all", "all genes"]], "", (value) => set({ map: value }));
  const [second, list2] = geneInput((value) => value && set({ b: value }));
  const groupby = choice([["", "single samples"], ...home.obs.filter((one) => one.kind === "groups").map((one) => one.name)], "", (value) => set({ by: value }));
  const fields = h("div");
  const answers = h("section", { "aria-label": "Similar genes" });
  const map = h("section", { "aria-label": "Map" });
  const over = h("section", { "aria-label": "The gene over the samples" });
  const why = h("section", { "aria-label": "Two genes" });
  let values = new Map();
  get("genes/columns").then(({ columns }) => {
    values = new Map(columns);
    setOptions(among, [["", "all genes"], ...values.keys()], params.among ?? "");
    showOnly();
  }, () => {});
  const showOnly = () => {
    onlyField.hidden = !params.among;
    if (params.among) setOptions(only, [["", "choose"], ...(values.get(params.among) ?? [])], params.only ?? "");
  };
  const element = frame("Genes", "", [field("Gene, or several", gene, "names or ids; several are averaged"), list, field("Answers", n), field("Measured by", metric),
    field("Among", among), onlyField, field("Map", method), fields,
    h("h2", {}, "Compare with"), field("Another gene", second), list2, home.vectors_alone ? null : field("Explained by", groupby)],
  answers, why, map, over);
  let drawnOver = null;

  async function update(now) {
    const before = params;
    params = { gene: home.examples[0], ...now };
    const is = (...names) => names.some((name) => before[name] !== params[name]);
    gene.value = params.gene;
    n.value = params.n || "20";
    metric.value = params.metric || "";
    among.value = params.among || "";
    method.value = params.map || "";
    second.value = params.b || "";
    groupby.value = params.by || "";
    showOnly();
    if (is("key", "symbols") || !fields.children.length) fill(fields, vectorFields(home, params));
    const jobs = [];
    if (is("gene", "n", "metric", "key", "symbols", "among", "only")) jobs.push(within(answers, similar), mapNow());
    else if (is("map")) jobs.push(mapNow());
    if (is("gene", "b", "metric", "key", "symbols", "by")) jobs.push(pairNow());
    if (is("gene", "symbols") && home.bases.length && home.has_X) jobs.push(within(over, overSamples));
    await Promise.all(jobs);
  }

  const asked = () => ({ gene: params.gene, n: params.n, metric: params.metric, among: params.only ? params.among : "", only: params.only, ...vectors(home, params) });
  let last = null;

  async function similar() {
    const started = performance.now();
    last = get("genes/similar", asked());
    const found = await last;
    element.dataset.seconds = ((performance.now() - started) / 1000).toFixed(3);
    element.dataset.answered = params.gene;
    const rows = h("div");
    const names = h("h2", {}, `Most similar to ${found.query.slice(0, 5).join(", ")}${found.query.length > 5 ? ", …" : ""}`);
    const links = { gene: (name) => geneLink(name, name, { key: params.key, symbols: params.symbols }) };
    const show = (of) => fill(rows, table({ ...of, name: `similar to ${found.query[0]}`, links: { ...links,
      similarity: (value, row) => h("a", { href: address("genes", { ...params, b: row[0] }), "aria-label": `${number(value)}: compare with ${row[0]}` }, number(value)) } }));
    show(found.table);
    if (found.query.length === 1) get("genes/similar", { ...asked(), ranks: 1 }).then((more) => answers.contains(rows) && show(more.table), () => {});
    return h("div", {}, names, h("p", { class: "muted" }, `of ${number(found.n_genes)} genes`), rows, python(found.python));
  }

  function mapNow() {
    return within(map, async () => {
      let found;
      try { found = await last; } catch { return null; } // said where the answers would be
      const hits = found.table.rows.map((row) => row[0]);
      const { accent, warm } = inks();
      if (params.map === "all") return allGenes(found.query, hits);
      if (found.query.length + hits.length < 2) return h("p");
      const made = await post("genes/map", { genes: [...found.query, ...hits], n_query: found.query.length, method: params.map || "pca", ...vectors(home, params) });
      const isQuery = made.genes.map((name) => found.query.includes(name));
      return h("div", {}, h("h2", {}, "These genes in a plane"), pointsPicture({
        points: made.points, names: made.genes, colors: isQuery.map((one) => (one ? warm : accent)), big: isQuery, axes: made.axes,
        legend: [["query", warm], ["similar", accent]], name: `map_${params.gene}`,
        label: `${made.genes.length} genes in a plane; ${found.query.join(", ")} and its most similar genes` }), python(made.python));
    });
  }

  async function allGenes(query, hits) {
    const found = await get("genes/all", vectors(home, params));
    const points = new Scatter({ label: "All genes in a plane", modes: ["move"], on: { save,
      hover: (i) => { points.marks = points.marks.filter((one) => !one.tip); if (i >= 0) points.marks.push({ at: [found.arrays.points[2 * i], found.arrays.points[2 * i + 1]], ring: true, tip: true, text: found.genes[i] }); points.draw(); },
      pick: (i) => set({ gene: found.genes[i] }) } });
    const places = new Map(found.genes.map((name, i) => [name, i]));
    const levels = new Uint8Array(found.genes.length);
    const { accent, warm } = inks();
    hits.forEach((name) => { levels[places.get(name)] = 1; });
    query.forEach((name) => { levels[places.get(name)] = 2; });
    points.name = "all_genes";
    requestAnimationFrame(() => {
      points.setPoints(found.arrays.points, found.axes);
      points.setColors(levels, ["#9aa0a8", accent, warm]);
      points.setFlags(levels.map((level) => (level ? 0 : 2)));
    });
    points.legend = () => [["query", warm], ["similar", accent], ["other genes", "#9aa0a8"]];
    return h("div", {}, h("h2", {}, "Among all genes"), points.element, python(found.python));
  }

  async function overSamples(say) {
    try { return await drawOver(say); } catch (error) {
      if (await last.then(() => true, () => false)) throw error;
      return null; // the gene is unknown, which is said already
    }
  }

  async function drawOver(say) {
    const found = await patient(() => get("samples/colour", { name: params.gene, symbols: vectors(home, params).symbols, key: modelOf(home, params), basis: home.bases[0].name }), say);
    const places = await get("samples/points", { basis: home.bases[0].name });
    drawnOver = new Scatter({ label: `${found.name} over the samples`, modes: ["move"], on: { save } });
    drawnOver.name = `samples_${found.name}`;
    const scatter = drawnOver;
    requestAnimationFrame(() => {
      scatter.setPoints(places.arrays.points, places.axes);
      const { levels, colors } = painted(found, home.numbers);
      scatter.setColors(levels, colors);
    });
    return h("div", {}, h("h2", {}, `${found.name} over the samples`), h("div", { class: "stage" }, h("div", {}, scatter.element),
      h("div", { class: "side" }, legend(found, home.numbers, () => false, () => {}), h("a", { href: address("samples", { color: params.gene }) }, "on the page Samples"))), python(found.python));
  }

  function pairNow() {
    if (!params.b) { fill(why); return null; }
    return within(why, async (say) => {
      say("looking");
      const both = { a: params.gene, b: params.b, ...vectors(home, params) };
      const found = await get("genes/pair", { ...both, metric: params.metric });
      const facts = h("dl", { class: "facts" }, [
        ["similarity", number(found.similarity)],
        [`rank of ${found.b} for ${found.a}`, `${number(found.rank_of_b)} of ${number(found.n_genes)} (percentile ${number(found.percentile_of_b)})`],
        [`rank of ${found.a} for ${found.b}`, `${number(found.rank_of_a)} of ${number(found.n_genes)} (percentile ${number(found.percentile_of_a)})`],
      ].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
      const place = h("div");
      if (!home.vectors_alone && home.has_X) within(place, async () => {
        const made = await get("genes/explain", { ...both, groupby: params.by });
        return h("div", {}, h("h3", {}, "Why they are alike"),
          h("p", {}, `The correlation over the samples is ${number(made.correlation)}. The shares below say which ${params.by ? "groups" : "samples"} carry it; all of them add up to 1.`),
          params.by ? null : h("p", {}, h("a", { href: address("samples", { color: params.gene, sel: JSON.stringify(["names", made.tops]) }) }, `the first ${made.tops.length} samples on the map`)),
          table({ ...made.table, name: "shares of similarity" }), python(made.python));
      });
      return h("div", {}, h("div", { class: "bar" }, h("h2", {}, `${found.a} and ${found.b}`), button("Close", () => set({ b: "" }))), facts, place, python(found.python));
    });
  }

  return { element, update };
}
