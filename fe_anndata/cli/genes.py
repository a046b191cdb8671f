"""Sub-commands that look genes up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .app import app
from .arguments import integer

if TYPE_CHECKING:
    import pandas as pd

Answers = Annotated[int, Parameter(name=["--n", "-n"], converter=integer)]


@app.command
def similar(
    input: Path,
    genes: list[str],
    /,
    *,
    n: Answers = 10,
    key: str = "fe",
    metric: str = "cosine",
    pool: bool = True,
    gene_symbols: str | None = None,
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
        cosine, euclidean or dot.
    pool
        Whether several genes are one query; otherwise each is one of its own.
    gene_symbols
        A column of var with names by which genes go, beside those of the genes themselves.
    """
    from .. import io, tl

    adata = io.read_h5ad(input)
    _print(
        tl.similar_genes(
            adata, genes, n, key=key, metric=metric, pool=pool, gene_symbols=gene_symbols
        )
    )


@app.command
def arithmetic(
    input: Path,
    expression: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    n: Answers = 10,
    key: str = "fe",
    metric: str = "cosine",
    gene_symbols: str | None = None,
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
        cosine, euclidean or dot.
    gene_symbols
        A column of var with names by which genes go, beside those of the genes themselves.
    """
    from .. import io, tl

    adata = io.read_h5ad(input)
    _print(
        tl.gene_arithmetic(adata, expression, n, key=key, metric=metric, gene_symbols=gene_symbols)
    )


def _print(table: pd.DataFrame) -> None:
    print(table.to_csv(sep="\t", index=False, float_format="%.4f"), end="")
