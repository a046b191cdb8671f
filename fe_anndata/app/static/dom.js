// Elements, made of text alone: nothing here or elsewhere parses HTML.

/** Return an element. Properties that begin with "on" are listeners; children are nodes or text. */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || (value === false && !name.startsWith("aria-"))) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected") made[name] = value;
    else made.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
  put(made, ...children);
  return made;
}

/** Append nodes and text; what is null or false is left out. */
export function put(element, ...children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

/** Replace what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

/** Return whether the page is dark: as it was asked to be, or as the system is. */
export function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Return a name that goes to the next line at its signs rather than within a word. */
export function breakable(name) {
  return name.split(/(?<=[/_|.:;,-])/).flatMap((part) => [h("wbr"), part]);
}

let count = 0;
/** Return an id that no other element has. */
export function newId() {
  count += 1;
  return `id${count}`;
}

/** Return a control below its label. */
export function field(label, control, hint = "") {
  control.id ||= newId();
  const said = hint ? h("small", { id: `${control.id}-hint` }, hint) : null;
  if (said) control.setAttribute("aria-describedby", said.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, said);
}

/** Return a list to choose from; options are texts, or pairs of value and text. */
export function choice(options, value, changed) {
  const made = h("select", { onchange: () => changed(made.value) });
  setOptions(made, options, value);
  return made;
}

/** Replace the options of a list. */
export function setOptions(select, options, value) {
  fill(select, options.map((one) => {
    const [of, text] = Array.isArray(one) ? one : [one, one];
    return h("option", { value: of, selected: String(of) === String(value) }, text);
  }));
}

/** Return a button. */
export function button(text, pressed, properties = {}) {
  return h("button", { type: "button", onclick: pressed, ...properties }, text);
}

/** Return a message; bad ones are read out at once. */
export function notice(kind, ...text) {
  return h("p", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, ...text);
}

/** Let a file be saved. */
export function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = h("a", { href: URL.createObjectURL(blob), download: fileName(name) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function fileName(name) {
  return name.replace(/[^\w.+-]+/g, "_").slice(0, 120);
}

/** Copy a text, and say so on the button that was pressed. */
export async function copy(text, pressed) {
  const before = pressed.textContent;
  try {
    await navigator.clipboard.writeText(text);
    pressed.textContent = "Copied";
  } catch {
    pressed.textContent = "Select it and copy";
  }
  setTimeout(() => { pressed.textContent = before; }, 1500);
}

/** Return a number as people read it. */
export function number(value, digits = 4) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  return size >= 1000 ? value.toLocaleString("en", { maximumFractionDigits: 1 })
    : String(Number(value.toPrecision(digits)));
}

/** Return a function that runs once calls of it have stopped for a while. */
export function later(run, wait = 150) {
  let timer;
  return (...of) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...of), wait);
  };
}
