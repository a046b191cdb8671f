// What several pages hold: the line of Python, progress, choices of vectors, errors in their place.

import { address, set } from "./state.js";
import { button, choice, copy, field, fill, h, newId, notice } from "./dom.js";

/** Return the strip that holds the lines of Python which repeat a view. */
export function python(lines) {
  const text = ["import fe_anndata as fe", ...lines].join("\n");
  const id = newId();
  return h("section", { class: "python", "aria-labelledby": id },
    h("div", { class: "bar" }, h("h3", { id }, "The same in Python"),
      h("span", {},
        button("Copy Python", (event) => copy(text, event.currentTarget)),
        button("Copy link", (event) => copy(location.href, event.currentTarget)))),
    h("pre", { tabindex: "0", "aria-label": "Python" }, h("code", {}, text)));
}

/** Return progress with what is done; the share stands in the sentence, if it is known. */
export function progress() {
  const bar = h("progress", { "aria-label": "progress" });
  const said = h("p", { role: "status" });
  const element = h("div", { class: "progress" }, bar, said);
  return { element, say(text) {
    said.textContent = text;
    const share = /(\d+) ?%/.exec(text);
    if (share) { bar.max = 100; bar.value = Number(share[1]); } else bar.removeAttribute("value");
  } };
}

/** Run something for a place on the page: progress while it runs, its error where it would be. */
export async function within(place, run) {
  const turn = Symbol("turn");
  place.turn = turn;
  const shown = progress();
  const waiting = setTimeout(() => {
    if (place.turn === turn) { shown.say("One moment…"); fill(place, shown.element); }
  }, 250);
  const say = (text) => {
    if (place.turn !== turn) return;
    if (!shown.element.isConnected) fill(place, shown.element);
    shown.say(text);
  };
  try {
    const made = await run(say);
    if (place.turn === turn) fill(place, made);
  } catch (error) {
    if (place.turn === turn && error.name !== "AbortError") fill(place, notice("bad", error.message));
  } finally {
    clearTimeout(waiting);
  }
}

/** Return the controls that choose gene vectors and names of genes. */
export function vectorFields(home, params) {
  const fields = [];
  if (home.gene_keys.length > 1) {
    const keys = home.gene_keys.map((key) => {
      const of = home.families.find((one) => one.key === key);
      return [key, of ? `${key} (${of.family})` : key];
    });
    fields.push(field("Gene vectors", choice(keys, keyOf(home, params), (key) => set({ key }))));
  }
  if (home.symbols.length) {
    const names = [["-", "names of the genes"], ...home.symbols];
    fields.push(field("Genes go by", choice(names, params.symbols ?? home.own_symbols ?? "-",
      (symbols) => set({ symbols }))));
  }
  return fields;
}

export const keyOf = (home, params) => params.key || home.gene_keys[0] || "";
/** Return the parameters that name gene vectors, as endpoints take them. */
export function vectors(home, params) {
  const symbols = params.symbols ?? home.own_symbols ?? "-";
  return { key: keyOf(home, params), symbols: symbols === "-" ? "" : symbols };
}

/** Return the key of a model of samples: that of the address, or the first. */
export function modelOf(home, params) {
  const known = home.families.map((one) => one.key);
  return known.includes(params.key) ? params.key : known[0] || "";
}

/** Return what changes in the address so that an axis, x or y, shows a dimension; both never show the same. */
export function turned(params, axis, dimension) {
  const now = { x: params.x || "0", y: params.y || "1" };
  const other = axis === "x" ? "y" : "x";
  return { [axis]: dimension, ...(dimension === now[other] ? { [other]: now[axis] } : {}) };
}

/** Return a link to a gene. */
export function geneLink(gene, text = gene, more = {}) {
  return h("a", { href: address("genes", { gene, ...more }) }, text);
}

/** Return the frame of a page: controls on the left, what they show beside them. */
export function frame(title, intro, controls, ...content) {
  return h("div", { class: "page" },
    h("aside", { "aria-label": "Controls" }, h("h1", {}, title), intro ? h("p", { class: "intro" }, intro) : null, ...controls),
    h("div", { class: "content" }, ...content));
}

/** Return a box that takes a file, dropped or chosen. */
export function dropBox(label, accept, taken) {
  const input = h("input", { type: "file", accept, onchange: () => input.files[0] && taken(input.files[0]) });
  const box = h("div", { class: "drop" }, field(label, input));
  const over = (on) => (event) => { event.preventDefault(); box.classList.toggle("over", on); };
  box.addEventListener("dragover", over(true));
  box.addEventListener("dragleave", over(false));
  box.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files[0]) taken(event.dataTransfer.files[0]);
  });
  return box;
}
