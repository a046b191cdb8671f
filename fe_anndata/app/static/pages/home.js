// Home: what the file holds, where to go, and training where there are no results.

import { finished, post } from "../api.js";
import { button, field, fill, h, number } from "../dom.js";
import { frame, progress, python, within } from "../parts.js";
import { address } from "../state.js";

export function create(home) {
  const facts = h("dl", { class: "facts" });
  const fact = (name, ...value) => facts.append(h("div", {}, h("dt", {}, name), h("dd", {}, ...value)));
  if (!home.vectors_alone) fact("samples", number(home.n_obs));
  fact("genes", number(home.n_vars));
  for (const { key, family, sample_dim, gene_dim } of home.families) {
    fact("model", `${family} under ${key}: ${sample_dim ?? "?"} dimensions of samples, ${gene_dim ?? "?"} of genes`);
  }
  if (home.bases.length) fact("embeddings", home.bases.map((one) => one.name).join(", "));
  if (home.gene_keys.length) fact("gene vectors", home.gene_keys.join(", "));

  const gene = home.examples[0];
  const [a, b, c] = home.examples;
  const cards = [
    ["samples", "Samples", "Where samples lie, what they express, what sets a selection apart.", !home.vectors_alone, {}],
    ["genes", "Genes", "Which genes are similar, and why.", home.gene_keys.length, { gene }],
    ["calculator", "Calculator", "a is to b as c is to what? Any signed sum.", home.gene_keys.length && c, { expression: `${a}:${b}::${c}:?` }],
    ["lists", "Lists", "How coherent lists of genes are.", home.gene_keys.length, {}],
    ["properties", "Properties", "What gene vectors know of gene sets.", home.gene_keys.length, {}],
    ["generate", "Generate", "The profile at an empty place, and along a path.", home.families.length, {}],
    ["model", "Model", "How it was trained, and how well.", home.families.length, {}],
  ].filter(([, , , there]) => there).map(([page, title, says, , params]) =>
    h("a", { class: "card", href: address(page, params) }, h("h2", {}, title), h("p", {}, says)));

  const place = h("div");
  const train = home.families.length || home.vectors_alone ? null : training(home, place);
  const element = h("div", { class: "home" },
    h("h1", {}, home.file),
    home.path ? h("p", { class: "muted path" }, home.path) : null,
    facts, train, place, h("div", { class: "cards" }, cards), python([home.opening]),
    h("p", { class: "muted" }, `fe_anndata ${home.version}. Everything stays on this machine.`));
  return { element, update() {} };
}

function training(home, place) {
  const dims = h("input", { type: "number", min: "1", max: "512", value: "2" });
  const steps = h("input", { type: "number", min: "1", placeholder: "automatic" });
  const start = button("Train", () => {
    start.disabled = true;
    within(place, async (say) => {
      const shown = progress();
      fill(place, shown.element);
      try {
        const done = await finished(await post("train", { sample_dim: dims.value, steps: steps.value }), say);
        location.reload();
        return h("p", {}, done.made?.wrote ? `wrote ${done.made.wrote}` : "trained");
      } finally { start.disabled = false; }
    });
  }, { class: "main" });
  return h("section", { class: "train" }, h("h2", {}, "This file holds no results yet"),
    home.has_X ? [
      h("p", {}, "Train here: samples and genes get vectors, in minutes at most for some thousand samples. ",
        home.path ? "The result is written to a new file beside this one, which stays as it is." : "The AnnData stays as it is; the result is shown here."),
      h("div", { class: "row" }, field("Dimensions of samples", dims), field("Steps", steps), start),
    ] : h("p", {}, "It has no matrix to train on."),
    home.typed ? h("p", {}, "Or type: ", h("code", {}, home.typed)) : null);
}
