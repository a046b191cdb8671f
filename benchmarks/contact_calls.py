"""The calls of the contact sheet: every function of `fe.pl`, with few, many and long names."""

from __future__ import annotations

import re

SIZES = ("one", "two", "eleven", "thirty-three", "hundred")
"""Columns of so many groups."""

CALLS = (
    *(f'fe.pl.embedding(t, "{column}")' for column in SIZES),
    *(f'fe.pl.embedding(t, "{column}", legend="on data")' for column in SIZES),
    'fe.pl.embedding(t, "gaps")',
    "fe.pl.embedding(t)",
    'fe.pl.embedding(t, ["eleven", "two", "number", gene])',
    'fe.pl.embedding(t, "eleven", query=new)',
    "fe.pl.density(t)",
    'fe.pl.density(t, kind="smooth")',
    *(f'fe.pl.density(t, groupby="{column}")' for column in SIZES[:4]),
    'fe.pl.density(t, groupby="eleven", groups=list(t.obs["eleven"].cat.categories[:4]))',
    "fe.pl.expression_map(t, gene)",
    "fe.pl.expression_map(t, genes[:4])",
    'fe.pl.similarity_map(t, ("eleven", t.obs["eleven"].iloc[0]))',
    'fe.pl.path(t, [("eleven", c) for c in t.obs["eleven"].cat.categories[:3]], n_genes=30)',
    'fe.pl.path(t, [("eleven", c) for c in t.obs["eleven"].cat.categories[:2]], genes[:11],'
    ' kind="lines")',
    *(f'fe.pl.trajectories(t, "{column}")' for column in SIZES[2:4]),
    'fe.pl.animate(t, "eleven")',
    "fe.pl.history(t)",
    "fe.pl.history(t, log=True)",
    'fe.pl.history(counts, key="exceiver")',
    "fe.pl.reconstruction(t)",
    'fe.pl.reconstruction(t, entries="all")',
    "fe.pl.distance_preservation(t)",
    'fe.pl.distance_preservation(t, basis=["fe", "fe", "X_fe"])',
    "fe.pl.components_kept(kept)",
    'fe.pl.components_kept(kept[kept["method"] == "fe"])',
    "fe.pl.components_kept(kept_of_many)",
    "fe.pl.similar_genes(t, gene)",
    "fe.pl.similar_genes(t, genes[:5], 1)",
    "fe.pl.similar_genes(t, gene, 33)",
    "fe.pl.similar_genes(t, gene, 100)",
    'fe.pl.gene_arithmetic(t, f"{genes[0]} - {genes[1]} + {genes[2]}")',
    'fe.pl.gene_arithmetic(t, f"{genes[0]} - {genes[1]} + {genes[2]}", 10)',
    'fe.pl.gene_arithmetic(t, f"{genes[3]} + 0.5*{genes[4]}", 33)',
    "fe.pl.gene_lists(t, {name: lists[name] for name in list(lists)[:2]})",
    "fe.pl.gene_lists(t, lists)",
    "fe.pl.gene_lists(t, lists, labels=genes[:6] + genes[70:75])",
    "fe.pl.gene_lists(t, {f'list {i + 1}': genes[i : i + 1] for i in range(33)})",
    "fe.pl.gene_similarity_matrix(t, genes[:1])",
    "fe.pl.gene_similarity_matrix(t, genes[:2])",
    "fe.pl.gene_similarity_matrix(t, genes[:11])",
    "fe.pl.gene_similarity_matrix(t, genes[:33])",
    "fe.pl.gene_similarity_matrix(t, genes[:100])",
    'fe.pl.markers(marking[marking["group"] == marking["group"].iloc[0]])',
    "fe.pl.markers(marking)",
    "fe.pl.markers(marking_33, n_genes=1)",
    "fe.pl.markers(marking_100, genes=list(marking_100['names'][:11]))",
    "fe.pl.evaluate(evaluated)",
    'fe.pl.evaluate(evaluated[evaluated["classifier"] == "knn"])',
    'fe.pl.evaluate(evaluated, metric="r2_new")',
    'fe.pl.evaluate(many_methods[many_methods["classifier"] == "knn"])',
    "fe.pl.imputation_curve(imputed)",
    "fe.pl.classify_genes(classified)",
    "fe.pl.classify_genes(many_collections)",
    'fe.pl.attention(counts, key="exceiver")',
    'fe.pl.attention(counts, groupby="eleven", n_genes=11, key="exceiver")',
    "fe.pl.sweep(swept)",
    'fe.pl.sweep(swept, "scatter", color="eleven")',
    'fe.pl.sweep(swept, "scatter", color="thirty-three")',
    'fe.pl.sweep(single, "scatter", color="hundred")',
    "fe.pl.survival(survived)",
    'fe.pl.survival(survived, bases="pca", dims=2, n_groups=4)',
)
"""Each is drawn in every style and stands below its picture."""


def function_of(call: str) -> str:
    """Return the name of the function of `fe.pl` that a call is of."""
    found = re.match(r"fe\.pl\.(\w+)\(", call)
    if found is None:
        raise ValueError(f"{call!r} is no call of fe.pl.")
    return found[1]
