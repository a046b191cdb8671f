// What is shown stands in the address: #page?name=value&…, and nowhere else.

const last = new Map();
const listeners = [];

/** Return the page and the parameters of the address. */
export function read() {
  const [page, query = ""] = location.hash.slice(1).split(/\?(.*)/s);
  return { page: page || "home", params: Object.fromEntries(new URLSearchParams(query)) };
}

/** Return the address of a page within this one. */
export function address(page, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== "" && value !== null && value !== undefined) query.set(name, value);
  }
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return `#${page}${text ? `?${text}` : ""}`;
}

/** Return the address of a page as it was last seen in this window. */
export function remembered(page) {
  return address(page, last.get(page));
}

/** Change parameters of the page; those that are empty are left out. */
export function set(changes, { quiet = false } = {}) {
  const { page, params } = read();
  const to = address(page, { ...params, ...changes });
  if (to === location.hash) return;
  history[quiet ? "replaceState" : "pushState"](null, "", to);
  tell();
}

/** Go to a page. */
export function go(page, params) {
  history.pushState(null, "", address(page, params));
  tell();
}

/** Call a function with page and parameters now and whenever they change. */
export function watch(listener) {
  listeners.push(listener);
}

export function tell() {
  const { page, params } = read();
  last.set(page, params);
  for (const listener of listeners) listener(page, params);
}

window.addEventListener("popstate", tell);
window.addEventListener("hashchange", tell);
