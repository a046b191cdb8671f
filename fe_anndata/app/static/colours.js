// Colours of samples as levels of a palette, and the legend that says what they mean.

import { breakable, button, fill, h, number } from "./dom.js";

export const MISSING = 255;

/** Return levels and colours of what the server says of a colouring. */
export function painted(colour, ramp) {
  const grey = "#9aa0a8";
  if (colour.kind === "numbers") {
    return { levels: colour.arrays.codes, colors: [...ramp, grey] };
  }
  const { codes } = colour.arrays;
  const used = colour.colors.slice(0, MISSING);
  const colors = [...used, ...Array(MISSING - used.length).fill(grey), grey];
  const levels = new Uint8Array(codes.length);
  for (let i = 0; i < codes.length; i += 1) levels[i] = codes[i] < 0 ? MISSING : codes[i] % MISSING;
  return { levels, colors };
}

/** Return the legend of a colouring. `hidden` says whether a label is; `changed` is told of another. */
export function legend(colour, ramp, hidden, changed, select) {
  if (colour.kind === "numbers") {
    const strip = h("div", { class: "ramp", role: "img", "aria-label": `from ${number(colour.low)} to ${number(colour.high)}` });
    strip.style.background = `linear-gradient(90deg, ${[0, 63, 127, 191, 254].map((i) => ramp[i]).join(",")})`;
    return h("div", { class: "legend" }, h("h2", {}, colour.name), strip,
      h("div", { class: "bar" }, h("span", {}, number(colour.low)), h("span", {}, number(colour.high))),
      colour.n_missing ? h("p", { class: "muted" }, `${number(colour.n_missing)} missing, grey`) : null);
  }
  const list = h("ul", { class: "labels" });
  const all = colour.order.filter((i) => colour.counts[i] > 0).map((i) => [colour.labels[i], colour.colors[i], colour.counts[i]]);
  const show = () => fill(list, all.filter(([label]) => label.toLowerCase().includes(find?.value.toLowerCase() ?? "")).slice(0, 150).map(([label, color, n]) => {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = color;
    const box = h("input", { type: "checkbox", checked: !hidden(label), onchange: () => changed(label, !box.checked) });
    return h("li", {}, h("label", {}, box, swatch, h("span", { class: "name" }, breakable(label)), h("span", { class: "muted" }, number(n))),
      select ? button("select", () => select(label), { class: "plain", "aria-label": `select ${label}` }) : null);
  }));
  const find = all.length > 20 ? h("input", { type: "search", placeholder: "find a label", "aria-label": "find a label", oninput: show }) : null;
  const every = (text, hide) => button(text, () => { changed(null, hide); show(); });
  show();
  return h("div", { class: "legend" }, h("h2", {}, colour.name), find, list,
    h("div", { class: "bar" }, h("span", {}, every("All", false), every("None", true))),
    all.length > 150 ? h("p", { class: "muted" }, `150 of ${all.length} are listed; find others above`) : null,
    colour.n_missing ? h("p", { class: "muted" }, `${number(colour.n_missing)} missing, grey`) : null);
}
