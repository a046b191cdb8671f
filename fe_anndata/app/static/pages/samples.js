// Samples: the embedding, coloured, selected, and new samples in it.

import { finished, get, patient, post, send, text } from "../api.js";
import { legend, painted } from "../colours.js";
import { button, choice, field, fill, h, later, newId, notice, number, save, setOptions } from "../dom.js";
import { dropBox, frame, geneLink, modelOf, python, turned, vectors, within } from "../parts.js";
import { Scatter } from "../scatter.js";
import { set } from "../state.js";
import { table } from "../table.js";

const OWN = [[":density", "density"], [":fit", "fit to the model"], [":outlier", "unlike the training"]];

export function create(home) {
  if (!home.bases.length) {
    const element = h("div", { class: "home" }, h("h1", {}, "Samples"), notice("warn", home.vectors_alone
      ? "This file holds gene vectors and no samples." : "This file has no embedding of samples. "), h("a", { href: "#home" }, "Home"));
    return { element, update() {} };
  }
  let params = {};
  let before = {};
  let colour = null;
  let mask = null;
  let hidden = new Set();
  let listSets = () => {};
  const colours = {};

  // controls
  const basis = choice(home.bases.map((one) => [one.name, `${one.name} (${one.dim})`]), "", (value) => set({ basis: value, x: "", y: "", sel: params.sel }));
  const axes = ["x", "y"].map((name) => choice([], "", (value) => set(turned(params, name, value))));
  const columns = home.obs.map((one) => [one.name, one.name]);
  const own = home.families.length ? OWN : OWN.slice(0, 1);
  const byColumn = choice([["", "–"], ...columns, ...own], "", (value) => value && set({ color: value, only: "", layer: params.layer }));
  const listId = newId();
  const byGene = h("input", { type: "text", list: listId, maxlength: "200", spellcheck: "false", autocomplete: "off", placeholder: home.examples[0] ?? "",
    onchange: () => byGene.value.trim() && set({ color: byGene.value.trim(), only: "" }) });
  const near = h("datalist", { id: listId });
  byGene.addEventListener("input", later(async () => {
    if (!byGene.value.trim()) return;
    const { found } = await get("search", { q: byGene.value });
    fill(near, found.filter((one) => one.kind === "gene").map((one) => h("option", { value: one.name })));
  }));
  const layer = home.layers.length ? field("Layer", choice([["", "X"], ...home.layers], "", (value) => set({ layer: value }))) : null;
  const column = choice(home.obs.filter((one) => one.kind === "groups").map((one) => one.name), "", () => fillLabels());
  const label = choice([], "", () => {});
  const fillLabels = async () => {
    if (!column.value) return;
    const { labels } = await get("samples/column", { name: column.value });
    setOptions(label, labels.map(([name, n]) => [name, `${name} (${number(n)})`]), "");
  };
  const chooser = h("details", { ontoggle: () => chooser.open && !label.options.length && fillLabels() }, h("summary", {}, "Select by label"),
    field("Column", column), field("Label", label),
    button("Select", () => label.value && set({ sel: JSON.stringify(["is", column.value, [label.value]]) })));
  const measures = home.obs.filter((one) => one.kind === "numbers").map((one) => one.name);
  const measure = choice(measures, measures[0], () => {});
  const [least, most] = [0, 1].map(() => h("input", { type: "number", step: "any" }));
  const range = measures.length ? h("details", {}, h("summary", {}, "Select by range"), field("Measure", measure),
    h("div", { class: "row" }, field("At least", least), field("At most", most)), button("Select", () => {
      if (least.value && most.value) set({ sel: JSON.stringify(["between", measure.value, Number(least.value), Number(most.value)]) });
    })) : null;
  const sets = h("div");
  const drop = home.families.length ? dropBox("New samples, placed in this embedding", "", place) : null;

  // content
  const tip = h("div", { class: "tip", hidden: true, role: "status" });
  const scatter = new Scatter({ label: "Samples in the embedding", on: { hover, pick, save,
    polygon: (corners) => set({ sel: JSON.stringify(["polygon", ...at(), corners]) }), escape: () => set({ sel: "" }) } });
  scatter.frame.append(tip);
  const said = h("div", { class: "said" });
  const key = h("div", { class: "side" });
  const code = h("div");
  const details = h("section", { class: "selection", "aria-label": "Selection" });
  const placed = h("section", { "aria-label": "New samples" });
  const element = frame("Samples", "", [
    field("Embedding", basis), h("div", { class: "row" }, field("Across", axes[0]), field("Up", axes[1])),
    field("Colour by", byColumn), field("or by a gene", byGene), near, layer, chooser, range, sets, drop,
  ], h("div", { class: "stage" }, h("div", {}, scatter.element, said), key), details, placed, code);

  const at = () => [params.basis || home.bases[0].name, Number(params.x || 0), Number(params.y || 1)];
  const where = () => { const [of, x, y] = at(); return { basis: of, x, y }; };
  const named = () => { try { return JSON.parse(params.sets || "[]"); } catch { return []; } };

  async function update(now) {
    before = params;
    params = now;
    const is = (...names) => names.some((name) => before[name] !== params[name]);
    const [of, x, y] = at();
    basis.value = of;
    const dims = Array.from({ length: home.bases.find((one) => one.name === of)?.dim ?? 2 }, (_, i) => [i, i + 1]);
    axes.forEach((axis, i) => setOptions(axis, dims, [x, y][i]));
    const color = params.color || defaultColor();
    byColumn.value = [...byColumn.options].some((one) => one.value === color) ? color : "";
    byGene.value = byColumn.value ? "" : color;
    if (layer) layer.querySelector("select").value = params.layer ?? "";
    hidden = new Set(params.only ? JSON.parse(params.only) : []);
    if (is("basis", "x", "y") || !scatter.n) {
      const found = await get("samples/points", where());
      if (String(at()) !== String([of, x, y])) return; // another embedding was asked for meanwhile
      scatter.setPoints(found.arrays.points, found.axes);
      colour = null;
    }
    if (!colour || is("color", "layer", "key") || color.startsWith(":")) await paint(color);
    if (is("sel") || (params.sel && !mask)) await selectNow();
    if (is("placed", "basis", "x", "y")) await showPlaced();
    if (is("at", "basis", "x", "y")) await mark();
    showSets();
    listSets();
    flags();
  }

  const defaultColor = () => (home.obs.find((one) => one.kind === "groups" && one.n > 1 && one.n <= 40) ?? home.obs[0])?.name ?? home.examples[0] ?? ":density";

  let painting = 0;

  async function paint(color) {
    const turn = (painting += 1); // an answer that comes after another colour was asked for is dropped
    const own2 = vectors(home, params);
    const started = performance.now();
    try {
      const found = await patient(() => get("samples/colour", { name: color, ...where(), layer: params.layer, symbols: own2.symbols, key: modelOf(home, params) }),
        (text2) => turn === painting && fill(said, notice("", text2)));
      if (turn !== painting) return;
      colour = found;
      recolour();
      scatter.name = `samples_${colour.name}`;
      fill(said);
      fill(code, python(colour.python));
      element.dataset.painted = color;
      element.dataset.seconds = ((performance.now() - started) / 1000).toFixed(3);
    } catch (error) {
      if (turn !== painting) return;
      fill(said, notice("bad", error.message));
      colour ||= { kind: "numbers", name: color, low: 0, high: 0, arrays: { codes: new Uint8Array(scatter.n).fill(255) }, n_missing: 0 };
      const grey = painted(colour, home.numbers);
      scatter.setColors(grey.levels, grey.colors);
    }
    showLegend();
  }

  function recolour() {
    colours.value = painted(colour, home.numbers);
    scatter.setColors(colours.value.levels, colours.value.colors);
  }

  document.addEventListener("theme", function again() {
    if (!element.isConnected) document.removeEventListener("theme", again);
    else if (colour) { recolour(); showLegend(); }
  });

  function showLegend() {
    const change = (name, hide) => {
      const next = new Set(hidden);
      if (name === null) { next.clear(); if (hide) colour.labels.forEach((one) => next.add(one)); } else if (hide) next.add(name); else next.delete(name);
      set({ only: next.size ? JSON.stringify([...next]) : "" }, { quiet: true });
    };
    const pickable = home.obs.some((one) => one.name === colour.name);
    fill(key, legend(colour, home.numbers, (label) => hidden.has(label), change, pickable ? (name) => set({ sel: JSON.stringify(["is", colour.name, [name]]) }) : null));
    scatter.legend = () => (colour.kind === "numbers"
      ? [[`${colour.name}: ${number(colour.low)}`, home.numbers[0]], [number(colour.high), home.numbers[254]]]
      : colour.order.filter((i) => colour.counts[i] && !hidden.has(colour.labels[i])).slice(0, 60).map((i) => [colour.labels[i], colour.colors[i]]));
  }

  /** Return the corners of the selection, if they were drawn in the plane that is shown. */
  function outlined() {
    try {
      const [kind, of, x, y, corners] = JSON.parse(params.sel);
      return kind === "polygon" && String([of, x, y]) === String(at()) ? corners : null;
    } catch { return null; }
  }

  function flags() {
    scatter.outline = outlined();
    const made = new Uint8Array(scatter.n);
    if (hidden.size && colour?.kind === "groups") {
      const gone = colour.labels.map((one) => hidden.has(one));
      colour.arrays.codes.forEach((code2, i) => { if (code2 >= 0 && gone[code2]) made[i] |= 1; });
    }
    if (mask && params.sel) mask.forEach((in_it, i) => { if (!in_it) made[i] |= 2; });
    scatter.setFlags(made);
  }

  async function selectNow() {
    mask = null;
    if (!params.sel) { fill(details); return; }
    await within(details, async () => {
      const what = JSON.parse(params.sel);
      const found = await post("samples/selection", { sel: what });
      mask = found.arrays.mask;
      flags();
      return selection(found, what);
    });
  }

  function selection(found, what) {
    const genes = h("div");
    const model = modelOf(home, params);
    const against = choice([], "", () => {});
    listSets = () => setOptions(against, [["", "all other samples"], ...named().map(([of], i) => [i, `the set ${of}`])], against.value);
    listSets();
    const name = h("input", { type: "text", maxlength: "80", placeholder: "name of a set" });
    const look = () => within(genes, async (say) => {
      const values = { sel: what, key: model, against: against.value === "" ? null : named()[Number(against.value)][1] };
      const done = await finished(await post("samples/markers", values), say);
      const made = await get("samples/markers", { job: done.job });
      return h("div", {}, made.drawn ? notice("warn", `${number(made.sides[0])} and ${number(made.sides[1])} samples were drawn from both sides; the line of Python takes all.`) : null,
        table({ ...made.table, name: "genes that set the selection apart", links: { names: (gene) => geneLink(gene) } }), python(made.python));
    });
    return h("div", {},
      h("div", { class: "bar" }, h("h2", {}, `${number(found.n)} of ${number(found.n_obs)} samples are selected`),
        h("span", {}, button("Download CSV", async () => save("selection.csv", await text("samples/csv", { sel: what, ...where() }), "text/csv")),
          button("Clear", () => set({ sel: "" })))),
      h("div", { class: "row" }, field("Keep it as a set", name), button("Keep", () => {
        const of = name.value.trim();
        if (of) set({ sets: JSON.stringify([...named().filter(([one]) => one !== of), [of, what]]) });
      })),
      composition(found.made_of),
      model && found.n ? [h("h3", {}, "Genes that set it apart"), h("div", { class: "row" }, field("Compared with", against), button("Find genes", look, { class: "main" })), genes] : null,
      python(found.python));
  }

  function composition(parts) {
    const groups = parts.filter((one) => one.kind === "groups");
    const numbers = parts.filter((one) => one.kind === "numbers");
    const shown = groups.find((one) => one.column === colour?.name) ?? groups[0];
    const place2 = h("div");
    const show = (name) => {
      const of = groups.find((one) => one.column === name);
      fill(place2, of ? table({ ...of, name: `composition by ${of.column}`, size: 10 }) : null);
    };
    if (shown) show(shown.column);
    const columns2 = choice(groups.map((one) => one.column), shown?.column, show);
    columns2.setAttribute("aria-label", "column");
    return h("div", { class: "two" },
      groups.length ? h("div", {}, h("h3", {}, "What it is made of"), groups.length > 1 ? columns2 : null, place2) : null,
      numbers.length ? h("div", {}, h("h3", {}, "Medians"), table({ columns: ["column", "selection", "rest"], rows: numbers.map((one) => [one.column, one.median, one.median_rest]), name: "medians" })) : null);
  }

  function showSets() {
    const of = named();
    if (!of.length) { fill(sets); return; }
    const file = h("input", { type: "text", value: `${home.file.split(".")[0].replace(/\W+/g, "_")}_sets.h5ad`, maxlength: "120" });
    const wrote = h("div");
    fill(sets, h("h2", {}, "Sets"), h("ul", { class: "labels" }, of.map(([name, what], i) => h("li", {},
      button(name, () => set({ sel: JSON.stringify(what) }), { class: "plain name" }),
      button("remove", () => set({ sets: of.length > 1 ? JSON.stringify(of.filter((_, k) => k !== i)) : "" }), { class: "plain", "aria-label": `remove ${name}` })))),
    field("Write to a copy named", file), button("Write the copy", () => within(wrote, async () => {
      const made = await post("sets/copy", { sets: of, name: file.value });
      return h("div", {}, notice("good", `Wrote ${made.wrote}.`), python(made.python));
    })), wrote);
  }

  function place(file) {
    within(placed, async (say) => {
      say(`sending ${file.name}`);
      const model = modelOf(home, params);
      const done = await finished(await send("file/place", file, { key: model }), say);
      set({ placed: done.job, key: model, basis: `X_${model}`, x: "", y: "" });
      return h("p", {}, "placed");
    });
  }

  async function showPlaced() {
    scatter.marks = scatter.marks.filter((one) => one.ring);
    if (!params.placed) { fill(placed); return; }
    await within(placed, async () => {
      const model = modelOf(home, params);
      const found = await get("placed", { job: params.placed, key: model, x: at()[1], y: at()[2] });
      const { points, errors, outlier } = found.arrays;
      if (at()[0] === `X_${model}`) {
        for (let i = 0; i < Math.min(found.n, 20000); i += 1) {
          scatter.marks.push({ at: [points[2 * i], points[2 * i + 1]], warn: outlier[i],
            error: errors && found.n <= 2000 ? [errors[2 * i], errors[2 * i + 1]] : null });
        }
      }
      scatter.draw();
      return h("div", {}, h("div", { class: "bar" }, h("h2", {}, `${number(found.n)} new samples, as triangles`), button("Remove", () => set({ placed: "" }))),
        found.n_outliers ? notice("warn", `${number(found.n_outliers)} are unlike all samples of the training: their places mean little.`) : null,
        found.warnings.map((one) => notice("warn", one)),
        table({ ...found.table, name: "new samples" }), python(found.python));
    });
  }

  const tell = later(async (i, x, y) => {
    if (i < 0 || scatter.hovered !== i) return;
    try {
      const found = await get("samples/one", { row: i });
      if (scatter.hovered !== i) return;
      const value = colour?.kind === "numbers"
        ? (colour.arrays.codes[i] === 255 ? "missing" : number(colour.low + ((colour.high - colour.low) * colour.arrays.codes[i]) / 254, 3))
        : colour?.labels[colour.arrays.codes[i]] ?? "missing";
      fill(tip, h("strong", {}, found.name), h("div", {}, `${colour?.name}: ${value}`),
        found.facts.slice(0, 6).filter(([name]) => name !== colour?.name).map(([name, of]) => h("div", { class: "muted" }, `${name}: ${number(of)}`)));
      tip.hidden = false;
      const [wide, tall] = scatter.size;
      tip.style.left = `${Math.max(4, Math.min(x + 14, wide - tip.offsetWidth - 6))}px`;
      tip.style.top = `${Math.max(4, Math.min(y + 14, tall - tip.offsetHeight - 6))}px`;
    } catch { /* it is asked again at the next sample */ }
  }, 90);

  function hover(i, x, y) {
    if (i < 0) tip.hidden = true;
    tell(i, x, y);
  }

  async function pick(i) {
    const found = await get("samples/one", { row: i });
    set({ at: found.name });
  }

  async function mark() {
    scatter.marks = scatter.marks.filter((one) => !one.ring);
    if (!params.at) { if (before.at) fill(said); return; }
    try {
      const found = await get("samples/one", { name: params.at });
      const [x, y] = [scatter.points[2 * found.row], scatter.points[2 * found.row + 1]];
      scatter.marks.push({ at: [x, y], ring: true, text: found.name });
      scatter.draw();
      fill(said, notice("", h("strong", {}, found.name), ` ${found.facts.slice(0, 8).map(([name, of]) => `${name}: ${number(of)}`).join(", ")} `,
        button("Clear", () => set({ at: "" }))));
    } catch (error) { fill(said, notice("bad", error.message)); }
  }

  return { element, update };
}
