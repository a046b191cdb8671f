// The search box: genes, ids, samples, columns and labels.

import { get } from "./api.js";
import { fill, h, later } from "./dom.js";
import { go } from "./state.js";

const PLACES = {
  gene: (one) => ["genes", { gene: one.name }],
  column: (one) => ["samples", { color: one.name }],
  label: (one) => ["samples", { color: one.of, sel: JSON.stringify(["is", one.of, [one.name]]) }],
  sample: (one) => ["samples", { at: one.name }],
};

export function searchBox() {
  const list = h("ul", { id: "found", role: "listbox", "aria-label": "found", hidden: true });
  const input = h("input", { type: "search", role: "combobox", "aria-label": "Search for a gene, an id, a sample or a label",
    "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list", autocomplete: "off",
    spellcheck: "false", maxlength: "200", placeholder: "gene, sample, label" });
  let found = [];
  let at = -1;

  const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const take = (one) => { close(); input.value = ""; go(...PLACES[one.kind](one)); };
  const mark = (to) => {
    at = found.length ? (to + found.length) % found.length : -1;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", i === at));
    if (at >= 0) input.setAttribute("aria-activedescendant", `found${at}`);
  };
  const show = (said) => {
    fill(list, said ? h("li", { role: "option", "aria-selected": "false", class: "muted" }, said) : found.map((one, i) => h("li",
      { role: "option", id: `found${i}`, "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); take(one); } },
      h("span", {}, one.name), h("small", {}, one.of ? `${one.kind}, ${one.of}` : one.kind))));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const look = later(async () => {
    const text = input.value.trim();
    if (!text) { close(); return; }
    try {
      found = (await get("search", { q: text })).found;
      if (input.value.trim() !== text) return;
      show(found.length ? "" : "nothing of this name, and nothing near it");
      mark(0);
    } catch (error) { found = []; show(error.message); }
  }, 120);

  input.addEventListener("input", look);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && found[at] && !list.hidden) take(found[at]);
    else return;
    event.preventDefault();
  });
  return h("div", { class: "search" }, input, list);
}

