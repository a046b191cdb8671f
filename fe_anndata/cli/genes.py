"""Sub-commands that look genes up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import cyclopts

from .app import app
from .arguments import Decimals, integer
from .inputs import read
from .results import Json, print_done, print_table

Answers = Annotated[int, cyclopts.Parameter(name=["--n", "-n"], converter=integer)]
Metric = Literal["cosine", "euclidean", "dot", "whitened"]


@app.command(name=("similar-genes", "similar"))
def similar_genes(
    input: Path,
    genes: list[str],
    /,
    *,
    n: Answers = 10,
    key: str = "fe",
    metric: Metric = "cosine",
    pool: bool = True,
    weights: Decimals = None,
    gene_symbols: str | None = None,
    as_json: Json = False,
) -> None:
    """Print the genes most similar to a gene, or to the centroid of several, as a table.

    Parameters
    ----------
    input
        A trained .h5ad file, or any with gene vectors in varm.
    genes
        One gene or several.
    n
        Number of answers.
    key
        The key of the training.
    metric
        How similarity is measured.
    pool
        Whether several genes are one query; otherwise each is one of its own.
    weights
        Of the genes of a query, in their order; by default all 1.
    gene_symbols
        A column of var with names by which genes go, beside those of the genes themselves.
    """
    from .. import tl

    table = tl.similar_genes(
        read(input), genes, n, key=key, metric=metric, pool=pool, weights=weights,
        gene_symbols=gene_symbols,
    )  # fmt: skip
    print_table(table, as_json)


@app.command(name=("gene-arithmetic", "arithmetic"))
def gene_arithmetic(
    input: Path,
    expression: Annotated[str, cyclopts.Parameter(allow_leading_hyphen=True)],
    /,
    *,
    n: Answers = 10,
    key: str = "fe",
    metric: Metric = "cosine",
    gene_symbols: str | None = None,
    as_json: Json = False,
) -> None:
    """Print the genes nearest to a signed sum of genes, as a table.

    Parameters
    ----------
    input
        A trained .h5ad file, or any with gene vectors in varm.
    expression
        In quotes: a sum such as "APOE - APP + BRCA1" or "0.5*TP53 + MDM2", or an analogy
        "a:b::c:?", which is b - a + c.
    n
        Number of answers.
    key
        The key of the training.
    metric
        How similarity is measured.
    gene_symbols
        A column of var with names by which genes go, beside those of the genes themselves.
    """
    from .. import tl

    table = tl.gene_arithmetic(
        read(input), expression, n, key=key, metric=metric, gene_symbols=gene_symbols
    )
    print_table(table, as_json)


@app.command
def gene_similarity(
    input: Path,
    a: str,
    b: str,
    /,
    *,
    key: str = "fe",
    metric: Metric = "cosine",
    gene_symbols: str | None = None,
    as_json: Json = False,
) -> None:
    """Print how similar two genes are, and the rank of each among the neighbours of the other.

    Parameters
    ----------
    input
        A trained .h5ad file, or any with gene vectors in varm.
    a
        A gene.
    b
        Another one.
    key
        The key of the training.
    metric
        How similarity is measured.
    gene_symbols
        A column of var with names by which genes go, beside those of the genes themselves.
    """
    from .. import tl

    found = tl.gene_similarity(read(input), a, b, key=key, metric=metric, gene_symbols=gene_symbols)
    facts = found._asdict()
    lines = [f"{name}\t{value:.4f}" if isinstance(value, float) else f"{name}\t{value}"
             for name, value in facts.items()]  # fmt: skip
    print_done(as_json, lines=lines, **facts)


@app.command
def explain_similarity(
    input: Path,
    a: str,
    b: str,
    /,
    *,
    groupby: str | None = None,
    layer: str | None = None,
    key: str = "fe",
    gene_symbols: str | None = None,
    as_json: Json = False,
) -> None:
    """Print how much each sample, or group of samples, makes two genes similar, as a table.

    Parameters
    ----------
    input
        A trained .h5ad file, with its matrix.
    a
        A gene.
    b
        Another one.
    groupby
        A column of obs whose groups take the place of single samples.
    layer
        Use these values, not those of X.
    key
        The key of the training.
    gene_symbols
        A column of var with names by which genes go, beside those of the genes themselves.
    """
    from .. import tl

    table = tl.explain_similarity(
        read(input), a, b, groupby=groupby, layer=layer, key=key, gene_symbols=gene_symbols
    )
    named = table.rename_axis("sample" if groupby is None else groupby)
    # A gene may be named like the column.
    print_table(named.reset_index(allow_duplicates=True), as_json)
