// Generate: the profile that a model predicts at a place, and what changes along a path.

import { get } from "../api.js";
import { painted } from "../colours.js";
import { button, choice, field, fill, h, notice, number, save, setOptions } from "../dom.js";
import { frame, geneLink, modelOf, python, turned, within } from "../parts.js";
import { diverging, picture, short, wide as widest } from "../picture.js";
import { Scatter } from "../scatter.js";
import { set } from "../state.js";
import { table } from "../table.js";

export function create(home) {
  if (!home.families.length) {
    return { element: h("div", { class: "home" }, h("h1", {}, "Generate"), notice("warn", "No model was trained in this file."), h("a", { href: "#home" }, "Home")), update() {} };
  }
  let params = {};
  const keys = choice(home.families.map((one) => [one.key, `${one.key} (${one.family})`]), "", (key) => set({ key, at: "", stops: "" }));
  const axes = ["x", "y"].map((name) => choice([], "", (value) => set(turned(params, name, value))));
  const place = ["across", "up"].map((name) => h("input", { type: "number", step: "any", "aria-label": name }));
  const groups = home.obs.filter((one) => one.kind === "groups").map((one) => one.name);
  const column = choice(groups, groups[0], labels);
  const ends = [choice([], "", () => {}), choice([], "", () => {})];
  async function labels() {
    if (!column.value) return;
    const found = await get("samples/column", { name: column.value });
    ends.forEach((end, i) => setOptions(end, found.labels.map(([name]) => name), found.labels[Math.min(i, found.labels.length - 1)]?.[0]));
  }
  const content = h("section", { "aria-label": "Profile" });
  const scatter = new Scatter({ label: "The embedding: click a place, or draw a path", modes: ["place", "path", "move"], on: { save,
    place: (at) => (scatter.mode === "path" ? set({ stops: JSON.stringify([...stops().filter((one) => typeof one[0] === "number"), at]), at: "" })
      : set({ at: JSON.stringify(at), stops: "" })), escape: () => set({ stops: "", at: "" }) } });
  scatter.setMode("place");
  scatter.name = "generate";
  const stops = () => { try { return [].concat(JSON.parse(params.stops || "[]")).filter(Array.isArray); } catch { return []; } };
  const element = frame("Generate", "What the model predicts where no sample is.", [
    field("Model", keys), h("div", { class: "row" }, field("Across", axes[0]), field("Up", axes[1])),
    h("h2", {}, "A place"), h("div", { class: "row" }, field("across", place[0]), field("up", place[1]), button("Look", () => {
      if (place.every((one) => one.value !== "")) set({ at: JSON.stringify(place.map((one) => Number(one.value))), stops: "" });
    })),
    groups.length ? [h("h2", {}, "A path between groups"), field("Column", column), field("From", ends[0]), field("To", ends[1]),
      button("Follow", () => set({ stops: JSON.stringify(ends.map((end) => [column.value, end.value])), at: "" }), { class: "main" })] : [],
  ].flat(), scatter.element, content);
  let ready = "";
  const filled = groups.length ? labels().catch(() => {}) : null;

  /** Let the lists say between which groups the path of the address leads. */
  async function follow() {
    const named = stops().filter(([of]) => groups.includes(of));
    if (named.length < 2) return;
    await filled;
    if (column.value !== named[0][0]) { [[column.value]] = named; await labels(); }
    ends.forEach((end, i) => { [, end.value] = named.at(-i); });
  }

  async function update(now) {
    params = now;
    const key = modelOf(home, params);
    const basis = `X_${key}`;
    const dim = home.bases.find((one) => one.name === basis)?.dim ?? 0;
    keys.value = key;
    const [x, y] = [Number(params.x || 0), Number(params.y || 1)];
    axes.forEach((axis, i) => setOptions(axis, Array.from({ length: dim }, (_, k) => [k, k + 1]), [x, y][i]));
    if (dim < 2) { fill(content, notice("bad", `obsm has no ${basis} of two dimensions to draw.`)); return; }
    if (ready !== `${basis} ${x} ${y}`) {
      const found = await get("samples/points", { basis, x, y });
      scatter.setPoints(found.arrays.points, found.axes);
      const group = home.obs.find((one) => one.kind === "groups" && one.n > 1 && one.n <= 40);
      const colour = await get("samples/colour", { name: group?.name ?? ":density", basis, x, y });
      const { levels, colors } = painted(colour, home.numbers);
      scatter.setColors(levels, colors);
      ready = `${basis} ${x} ${y}`;
    }
    await follow();
    const at = params.at ? JSON.parse(params.at) : null;
    if (at) place.forEach((one, i) => { one.value = number(at[i]).replaceAll(",", ""); });
    scatter.marks = at ? [{ at, ring: true, text: "here" }] : [];
    scatter.path = stops().filter((one) => typeof one[0] === "number");
    scatter.draw();
    if (at) await within(content, async () => {
      const found = await get("generate/place", { key, x, y, at: params.at });
      return h("div", {}, h("h2", {}, `Profile at ${at.map((v) => number(v, 3)).join(", ")}`),
        h("p", {}, `${number(found.distance, 3)} spacings from the nearest sample of the training.`),
        found.is_far ? notice("warn", "This is far from all samples: the profile means little.") : null,
        table({ ...found.table, name: "profile", links: { gene: (gene) => geneLink(gene) } }), python(found.python));
    });
    else if (stops().length > 1) await within(content, async () => {
      const found = await get("generate/path", { key, x, y, stops: params.stops });
      scatter.path = found.places.filter((_, i) => i % 59 === 0 || i === found.places.length - 1);
      scatter.draw();
      return h("div", {}, h("h2", {}, "Genes that change most along the path"), heat(found),
        found.distance.some((one) => one > found.far) ? notice("warn", "A part of the path is far from all samples, where predictions mean little.") : null,
        table({ ...found.table, name: "path", links: { gene: (gene) => geneLink(gene) } }), python(found.python));
    });
    else fill(content, h("p", { class: "empty" }, scatter.path.length ? "Click the next stop of the path." : "Click an empty place, or draw a path from stop to stop."));
  }
  return { element, update };
}

function heat({ genes, changes }) {
  const most = Math.max(...changes.flat().map(Math.abs)) || 1;
  const side = 110;
  const cell = Math.max(2, Math.floor((widest() - side - 70) / changes[0].length));
  const wide = changes[0].length * cell;
  return picture({ width: side + wide + 70, height: 60 + 16 * genes.length, name: "path", label: `predicted change of ${genes.length} genes along the path`, draw(pen, ink) {
    pen.text(4, 16, "predicted change since the first stop →", ink.muted, { size: 12 });
    changes.forEach((row, i) => {
      pen.text(side - 6, 38 + 16 * i, short(genes[i], 14), ink.ink, { anchor: "end", size: 12 });
      row.forEach((value, k) => pen.rect(side + k * cell, 26 + 16 * i, cell, 16, diverging(value / most)));
    });
    [1, 0, -1].forEach((value, i) => {
      pen.rect(side + wide + 14, 26 + 18 * i, 14, 18, diverging(value));
      pen.text(side + wide + 33, 40 + 18 * i, number(value * most, 2), ink.muted, { size: 11 });
    });
    pen.text(side, 46 + 16 * genes.length, "first", ink.muted, { size: 11 });
    pen.text(side + wide, 46 + 16 * genes.length, "last", ink.muted, { size: 11, anchor: "end" });
  } });
}
