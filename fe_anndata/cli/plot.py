"""Draw pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .._core.endings import PICTURE
from .app import NAME, app
from .arguments import Flag, Output, Words
from .outputs import require_outputs


@app.command(usage=f"Usage: {NAME} plot INPUT KIND --out PATH [OPTIONS]")
def plot(
    input: Path,
    kind: Literal[
        "embedding",
        "density",
        "history",
        "reconstruction",
        "similar-genes",
        "gene-arithmetic",
        "gene-lists",
        "gene-similarity-matrix",
    ],
    /,
    *,
    out: Output,
    color: Words = None,
    genes: Words = None,
    groupby: str | None = None,
    query: Path | None = None,
    expression: str | None = None,
    gene_sets: Path | None = None,
    gene_symbols: str | None = None,
    key: str = "fe",
    dpi: int = 150,
    overwrite: Flag = False,
) -> None:
    """Draw a picture of a trained .h5ad file.

    Parameters
    ----------
    input
        A trained .h5ad file.
    kind
        What to draw.
    out
        The picture to write; its ending decides the format.
    color
        Columns of obs, or genes, that colour an embedding.
    genes
        The genes to which similar ones are drawn, or those of a matrix.
    groupby
        The column of obs with one density panel per group.
    query
        New samples, as transform wrote them, to draw in the embedding.
    expression
        The sum of genes to draw, such as "APOE - APP + BRCA1".
    gene_sets
        The lists of genes to draw, a .gmt file.
    gene_symbols
        A column of var with names by which genes go, beside those of the genes themselves.
    key
        The key of the training.
    dpi
        Dots per inch.
    overwrite
        Replace the output if it exists.
    """
    from .. import io
    from .pictures import draw, save

    read = {"the input": input, "the query": query, "the file of gene sets": gene_sets}
    require_outputs([(out, PICTURE)], overwrite=overwrite, inputs=read)
    adata = io.read_h5ad(input)
    axes = draw(
        adata,
        kind,
        color=color,
        genes=genes,
        groupby=groupby,
        query=query,
        expression=expression,
        gene_sets=gene_sets,
        gene_symbols=gene_symbols,
        key=key,
    )
    save(axes, out, overwrite=overwrite, dpi=dpi)
    print(f"wrote {out}")
