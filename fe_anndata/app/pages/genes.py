"""Genes: which are similar, where they lie, why two are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..._access.genes import as_list
from ..._core.errors import near, require_key
from ..._core.random import global_state_kept
from ...genespace import GeneSpace
from ...genespace.topk import METRICS
from ...pl._plane import METHODS, components, flat
from ...tl import explain_similarity
from ..asking import Asked, Packed, table_of
from ..data import Data
from ..site import Site, api

MOST = 1000
RANKED_BOTH_WAYS = 100
"""Genes of a table for which the rank of the query among their neighbours is looked up."""


def space_of(site: Site, asked: Asked) -> tuple[GeneSpace, str, str | None]:
    """Return the gene vectors that are asked for, their key, and the column of symbols."""
    data = site.data
    if not data.gene_keys:
        raise ValueError("this file has no gene vectors: train on the page Home.")
    key = asked.text("key", data.gene_keys[0])
    require_key(key, data.gene_keys, "gene vectors")
    symbols = asked.optional("symbols")
    return data.space(key, symbols), key, symbols


def words(key: str, symbols: str | None = None, metric: str = "cosine") -> str:
    """Return the keywords of a verb that differ from its defaults, as Python."""
    given = "" if key == "fe" else f", key={key!r}"
    given += "" if metric == "cosine" else f", metric={metric!r}"
    return given + ("" if symbols is None else f", gene_symbols={symbols!r}")


def queried(asked: Asked, space: GeneSpace, data: Data) -> list[str]:
    """Return the genes of a query, which commas or spaces divide, as the space knows them."""
    text = asked.text("gene")
    if text in space.names:  # a name may hold commas and spaces
        return [text]
    names = [name for name in text.replace(",", " ").split() if name]
    return as_list([known(name, space, data) for name in names])


def known(name: str, space: GeneSpace, data: Data) -> str:
    """Return the name of a gene in the space; it may be asked for by an id from var."""
    if space.table.find(name) or data.ids is None:
        return name
    at = np.flatnonzero((data.ids == name).to_numpy())
    return str(data.adata.var_names[at[0]]) if len(at) == 1 else name


def similar(site: Site, asked: Asked) -> dict[str, Any]:
    """Return the genes most similar to one, or to the centroid of several."""
    space, key, symbols = space_of(site, asked)
    genes = queried(asked, space, site.data)
    n, metric = asked.whole("n", 20, 1, MOST), asked.choice("metric", METRICS)
    among, only = asked.optional("among"), asked.text("only", "")
    if among is None:
        table = space.similar(genes, n, metric)
        call = (
            f"fe.tl.similar_genes(adata, {_one_or_all(genes)!r}, {n}{words(key, symbols, metric)})"
        )
        python = [site.data.opening, call]
    else:
        require_key(among, site.data.adata.var.columns, "column of var")
        column = site.data.adata.var[among].astype(str)
        table = space.similar(genes, len(space.names), metric)
        by = table["gene"] if "id" not in table else table["id"]
        table = table[column.reindex(by).to_numpy() == only][:n]
        if not len(table):
            raise KeyError(f"no gene has {only!r} in var[{among!r}]: {near(only, column.unique())}")
        asks = f"adata, {_one_or_all(genes)!r}, adata.n_vars{words(key, symbols, metric)}"
        kind = "id" if "id" in table else "gene"
        python = [
            site.data.opening,
            f"table = fe.tl.similar_genes({asks})",
            f"kind = table[{kind!r}].map(adata.var[{among!r}].astype(str))",
            f"table[kind == {only!r}].head({n})",
        ]
    if asked.whole("ranks", 0, 0, 1) and len(genes) == 1:
        table = _with_ranks(space, genes[0], table, metric)
    ids = site.data.ids
    if ids is not None and "id" not in table and not site.data.names_are_ids:
        table.insert(1, "id", ids.reindex(table["gene"]).to_numpy())
    shown = [space.names[i] for i in space.positions(genes)]
    return {"query": shown, "table": table_of(table), "n_genes": len(space.names), "python": python}


def _with_ranks(space: GeneSpace, gene: str, table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the table with the rank of the query among the neighbours of each answer."""
    names = (table["gene"] if "id" not in table else table["id"])[:RANKED_BOTH_WAYS]
    both = [space.similarity(gene, name, metric) for name in names]
    table = table[:RANKED_BOTH_WAYS].copy()
    table["rank of query"] = [one.rank_of_a for one in both]
    table["percentile"] = [one.percentile_of_b for one in both]
    table["percentile of query"] = [one.percentile_of_a for one in both]
    return table


def gene_map(site: Site, asked: Asked) -> dict[str, Any]:
    """Return places of a query and its answers in a plane of these genes alone."""
    space, key, symbols = space_of(site, asked)
    genes = asked.json("genes", [])
    n_query = asked.whole("n_query", 1, 0, MOST)
    method = asked.choice("method", tuple(METHODS))
    if not isinstance(genes, list) or not 2 <= len(genes) <= MOST:
        raise ValueError(f"a map shows 2 to {MOST} genes.")
    positions, vectors = space.chosen(list(map(str, genes)))
    points, axes = _flat(vectors, method)
    names = [str(space.names[i]) for i in positions]
    lists = {"query": names[:n_query], "similar": names[n_query:]}
    lists = {name: of for name, of in lists.items() if of}
    call = f"fe.pl.gene_lists(adata, {lists!r}, method={method!r}{words(key, symbols)})"
    return {"genes": names, "points": points, "axes": list(axes),
            "python": [site.data.opening, call]}  # fmt: skip


@global_state_kept()
def _flat(vectors: NDArray[np.float64], method: str) -> tuple[Any, tuple[str, str]]:
    return flat(vectors, method, 0)


def all_genes(site: Site, asked: Asked) -> Packed:
    """Return places of all genes, by the principal components of their unit vectors."""
    space, key, _ = space_of(site, asked)
    found = components(space.unit.astype(np.float64))
    points = found.place(space.unit.astype(np.float64)).astype(np.float32)
    python = [site.data.opening, f"genes = fe.get.genes(adata{words(key)})",
              "import scanpy as sc", "sc.pp.pca(genes, n_comps=2)", "sc.pl.pca(genes)"]  # fmt: skip
    facts = {"axes": list(found.names), "genes": list(map(str, space.names)), "python": python}
    return Packed(facts, {"points": points})


def pair(site: Site, asked: Asked) -> dict[str, Any]:
    """Return how similar two genes are, and the rank of each among the neighbours of the other."""
    space, key, symbols = space_of(site, asked)
    a, b = (known(asked.text(name), space, site.data) for name in ("a", "b"))
    metric = asked.choice("metric", METRICS)
    call = f"fe.tl.gene_similarity(adata, {a!r}, {b!r}{words(key, symbols, metric)})"
    found = space.similarity(a, b, metric)._asdict()
    return {"a": a, "b": b, **found, "python": [site.data.opening, call]}


def explain(site: Site, asked: Asked) -> dict[str, Any]:
    """Return which samples, or groups of samples, make two genes similar."""
    space, key, symbols = space_of(site, asked)
    data = site.data
    a, b = (known(asked.text(name), space, data) for name in ("a", "b"))
    groupby, layer = asked.optional("groupby"), asked.optional("layer")
    if data.vectors_alone:
        raise ValueError("a file of gene vectors has no samples that could explain it.")
    data.require_unchanged()
    names = (space.names if space.ids is None else space.ids)[space.positions([a, b])]
    of = data.of_genes(names, key, layer)
    table = explain_similarity(
        of, a, b, groupby=groupby, layer=layer if of is data.adata else None, key=key,
        gene_symbols=symbols,
    )  # fmt: skip
    attrs = table.attrs
    share = table["share"] if groupby is None else None
    shown = table[:MOST].rename_axis(groupby or "sample").reset_index(allow_duplicates=True)
    given = "" if groupby is None else f", groupby={groupby!r}"
    given += "" if layer is None else f", layer={layer!r}"
    call = f"fe.tl.explain_similarity(adata, {a!r}, {b!r}{given}{words(key, symbols)})"
    return {"table": table_of(shown), "n": len(table), **attrs,
            "tops": list(map(str, [] if share is None else share.index[:200])),
            "python": [data.opening, call]}  # fmt: skip


def columns_of_var(site: Site, _: Asked) -> dict[str, Any]:
    """Return columns of var with few values, by which answers can be restricted."""
    var = site.data.adata.var
    found = []
    for i, name in enumerate(var.columns):
        values = var.iloc[:, i]
        if values.dtype.kind not in "fc" and values.nunique() <= 30:
            found.append([str(name), sorted(map(str, values.dropna().unique()))])
    return {"columns": found}


def _one_or_all(genes: list[str]) -> str | list[str]:
    return genes[0] if len(genes) == 1 else genes


ROUTES = [
    api("/genes/similar", similar),
    api("/genes/map", gene_map, "POST"),
    api("/genes/all", all_genes),
    api("/genes/pair", pair),
    api("/genes/explain", explain),
    api("/genes/columns", columns_of_var),
]
