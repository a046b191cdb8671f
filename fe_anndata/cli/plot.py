"""Draw pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .._core.endings import ANIMATION, PICTURE
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
        "expression-map",
        "similarity-map",
        "path",
        "trajectories",
        "animation",
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
    profile: str | None = None,
    stops: Words = None,
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
        The picture to write; its ending decides the format. An animation is a .gif, or an .mp4
        where ffmpeg is installed.
    color
        Columns of obs, or genes, that colour an embedding, or one that colours trajectories.
    genes
        The genes to which similar ones are drawn, or those of a matrix, a map or a path.
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
    profile
        What a similarity map compares with: a sample by name, or a group as "column=value".
    stops
        The stops of a path, each a sample by name, a group as "column=value", or coordinates
        such as "0.5,-1".
    key
        The key of the training.
    dpi
        Dots per inch.
    overwrite
        Replace the output if it exists.
    """
    from matplotlib.animation import FuncAnimation

    from .. import io
    from .pictures import draw, require_animated, save, save_animation

    read = {"the input": input, "the query": query, "the file of gene sets": gene_sets}
    require_outputs(
        [(out, ANIMATION if kind == "animation" else PICTURE)], overwrite=overwrite, inputs=read
    )
    if kind == "animation":
        require_animated(out, dpi)
    adata = io.read_h5ad(input)
    drawn = draw(
        adata,
        kind,
        color=color,
        genes=genes,
        groupby=groupby,
        query=query,
        expression=expression,
        gene_sets=gene_sets,
        gene_symbols=gene_symbols,
        profile=profile,
        stops=stops,
        key=key,
    )
    if isinstance(drawn, FuncAnimation):
        save_animation(drawn, out, overwrite=overwrite, dpi=dpi)
    else:
        save(drawn, out, overwrite=overwrite, dpi=dpi)
    print(f"wrote {out}")
