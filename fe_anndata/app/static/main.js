// The shell: navigation, search, theme, and the page that the address names.

import { get, onEdition, post } from "./api.js";
import { button, fill, h, isDark, notice } from "./dom.js";
import { searchBox } from "./search.js";
import { remembered, tell, watch } from "./state.js";

const PAGES = { home: "Home", samples: "Samples", genes: "Genes", calculator: "Calculator", lists: "Lists",
  properties: "Properties", generate: "Generate", model: "Model" };
const main = document.getElementById("main");
const notes = document.getElementById("notes");
let home = null;
let shown = null;
let turn = 0;

function navigate(page) {
  fill(document.getElementById("nav"), Object.entries(PAGES).map(([name, title]) =>
    h("a", { href: remembered(name), "aria-current": name === page ? "page" : null }, title)));
}

async function show(page, params) {
  navigate(page);
  const mine = (turn += 1);
  if (!(page in PAGES)) {
    fill(main, notice("bad", `There is no page “${page.slice(0, 60)}”.`), h("a", { href: "#home" }, "Home"));
    shown = null;
    return;
  }
  document.title = `${PAGES[page]} – ${home.file} – fe_anndata`;
  try {
    if (shown?.page !== page) {
      const module = await import(`./pages/${page}.js`);
      if (mine !== turn) return;
      shown = { page, view: module.create(home) };
      fill(main, shown.view.element);
      scrollTo(0, 0);
    }
    await shown.view.update(params);
  } catch (error) {
    if (mine === turn) { fill(main, notice("bad", error.message)); shown = null; }
  }
}

async function start() {
  try {
    home = await get("home");
    // What numbers are coloured by, on a page as it is now.
    Object.defineProperty(home, "numbers", { get: () => home.ramps[isDark() ? "dark" : "light"] });
  } catch (error) {
    fill(main, notice("bad", error.message));
    return;
  }
  watch(show);
  tell();
  if (home.is_large) setTimeout(() => get("columns").catch(() => {}), 1500);
}

onEdition(({ other, changed }) => {
  if (other) location.reload();
  else if (changed && !notes.dataset.said) {
    notes.dataset.said = "1";
    fill(notes, notice("warn", "What is shown was changed since it was opened. ",
      button("Open it again", async (event) => {
        event.currentTarget.disabled = true;
        try { await post("reopen"); location.reload(); } catch (error) { fill(notes, notice("bad", error.message)); }
      })));
  } else if (!changed && notes.dataset.said) { delete notes.dataset.said; fill(notes); }
});

document.getElementById("search").append(searchBox());
document.getElementById("skip").addEventListener("click", () => main.focus());
const root = document.documentElement;
const kept = sessionStorage.getItem("theme");
if (kept) root.dataset.theme = kept;
document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  sessionStorage.setItem("theme", root.dataset.theme);
  document.dispatchEvent(new Event("theme"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));
start();
