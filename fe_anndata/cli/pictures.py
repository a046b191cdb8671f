"""Pictures, drawn and saved without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.animation import FuncAnimation, writers
from matplotlib.axes import Axes

from .. import io, pl, tl
from .._core.whole import whole
from ..pl.markers import MOST as MOST_GENES
from .places import named, stop

MOST_PIXELS = 2e8
"""Of a picture; matplotlib holds each in memory several times."""
MOST_DPI = 600
"""Of an animation, whose pictures are all in memory."""

OF_A_GROUP = 4
"""Genes in a picture of markers."""


def draw(
    adata: AnnData,
    kind: str,
    *,
    color: list[str] | None,
    genes: list[str] | None,
    groupby: str | None,
    query: Path | None,
    expression: str | None,
    gene_sets: Path | None,
    gene_symbols: str | None,
    profile: str | None,
    stops: list[str] | None,
    key: str,
) -> Axes | np.ndarray | FuncAnimation:
    """Return the axes of a picture, or a moving one.

    Raises
    ------
    ValueError
        If an option does not belong to the kind of picture, or one is missing.
    """
    given: dict[str, object] = {"color": color, "genes": genes, "groupby": groupby, "query": query}
    given |= {"expression": expression, "gene-sets": gene_sets, "gene-symbols": gene_symbols}
    given |= {"profile": profile, "stops": stops}
    takes = {
        "embedding": ("color", "query", "gene-symbols"),
        "density": ("groupby",),
        "similar-genes": ("genes", "gene-symbols"),
        "gene-similarity-matrix": ("genes", "gene-symbols"),
        "gene-arithmetic": ("expression", "gene-symbols"),
        "gene-lists": ("gene-sets", "gene-symbols"),
        "expression-map": ("genes", "gene-symbols"),
        "similarity-map": ("profile",),
        "path": ("stops", "genes", "gene-symbols"),
        "trajectories": ("color", "gene-symbols"),
        "animation": ("color", "gene-symbols"),
    }
    for name, value in given.items():
        if value is not None and name not in takes.get(kind, ()):
            raise ValueError(f"--{name} does not apply to {kind}; leave it out.")
    if kind == "embedding":
        new = None if query is None else io.read_h5ad(query)
        return pl.embedding(
            adata, color, query=new, basis=key, gene_symbols=gene_symbols, show=False
        )
    if kind == "density":
        return pl.density(adata, basis=key, groupby=groupby, show=False)
    if kind == "history":
        return pl.history(adata, key=key, show=False)
    if kind == "reconstruction":
        return pl.reconstruction(adata, key=key, show=False)
    if kind == "similarity-map":
        if profile is None:
            raise ValueError("similarity-map needs --profile, a sample or a group column=value.")
        return pl.similarity_map(adata, named(adata, profile), key=key, show=False)
    of_genes: dict[str, Any] = {"key": key, "gene_symbols": gene_symbols, "show": False}
    if kind == "gene-arithmetic":
        if expression is None:
            raise ValueError('gene-arithmetic needs --expression, such as "APOE - APP + BRCA1".')
        return pl.gene_arithmetic(adata, expression, **of_genes)
    if kind == "gene-lists":
        if gene_sets is None:
            raise ValueError("gene-lists needs --gene-sets, a .gmt file.")
        return pl.gene_lists(adata, io.read_gmt(gene_sets), **of_genes)
    if kind == "path":
        if stops is None:
            raise ValueError("path needs --stops, two or more samples or groups column=value.")
        return pl.path(adata, [stop(adata, word) for word in stops], genes, **of_genes)
    if kind in ("trajectories", "animation"):
        if color is not None and len(color) > 1:
            raise ValueError(f"{kind} takes one --color.")
        moving = pl.trajectories if kind == "trajectories" else pl.animate
        return moving(adata, None if color is None else color[0], **of_genes)
    if genes is None:
        raise ValueError(f"{kind} needs --genes, for example --genes LYZ.")
    if kind == "gene-similarity-matrix":
        return pl.gene_similarity_matrix(adata, genes, **of_genes)
    if kind == "expression-map":
        return pl.expression_map(adata, genes, **of_genes)
    return pl.similar_genes(adata, genes, **of_genes)


def save_evaluation(table: pd.DataFrame, path: Path, *, overwrite: bool) -> None:
    """Draw accuracies, or for numbers the R2, and write the picture."""
    metric = "accuracy_new" if "accuracy_new" in table else "label_r2_new"
    save(pl.evaluate(table, metric=metric, show=False), path, overwrite=overwrite)


def save_sweep(
    found: tl.Sweep,
    density: Path | None,
    scatter: Path | None,
    color: str | None,
    *,
    overwrite: bool,
) -> None:
    """Draw the embeddings of a sweep, and write the pictures that have a path."""
    if density is not None:
        save(pl.sweep(found, "density", show=False), density, overwrite=overwrite)
    if scatter is not None:
        save(pl.sweep(found, "scatter", color=color, show=False), scatter, overwrite=overwrite)


def draw_markers(table: pd.DataFrame) -> Axes:
    """Return a picture of the first genes of each group: of fewer genes if there are many groups.

    Raises
    ------
    ValueError
        If not even one gene of each group can be drawn.
    """
    number = table["group"].nunique()
    if number > MOST_GENES:
        raise ValueError(
            f"there are {number} groups, and a picture has {MOST_GENES} genes at most: choose some "
            "groups by --groups, or leave out --plot."
        )
    return pl.markers(table, n_genes=min(OF_A_GROUP, MOST_GENES // number), show=False)


def save(axes: Axes | np.ndarray, path: Path, *, overwrite: bool, dpi: int = 150) -> None:
    """Write the figure of `axes` to a file, whose ending is its format."""
    first = axes if isinstance(axes, Axes) else axes.flat[0]
    figure = first.get_figure(root=True)
    assert figure is not None
    pixels = float(np.prod(figure.get_size_inches() * dpi))
    if dpi < 1 or pixels > MOST_PIXELS:
        raise ValueError(
            f"--dpi {dpi} makes a picture of {pixels:.3g} pixels; give a number from 1 to "
            f"{dpi * (MOST_PIXELS / max(pixels, 1)) ** 0.5:.0f}."
        )
    with whole(path, overwrite=overwrite) as made:
        figure.savefig(made, dpi=dpi, format=path.suffix[1:].lower() or "png")


def require_animated(path: Path, dpi: int) -> None:
    """Raise ValueError if no moving picture of this name, or with so many dots, can be made."""
    if not 1 <= dpi <= MOST_DPI:
        raise ValueError(f"--dpi {dpi}: give a number from 1 to {MOST_DPI} for an animation.")
    if path.suffix.lower() == ".mp4" and not writers.is_available("ffmpeg"):
        raise ValueError(
            f"{path}: ffmpeg, which makes an .mp4, is not installed; install it, or name a .gif."
        )


def save_animation(animation: FuncAnimation, path: Path, *, overwrite: bool, dpi: int) -> None:
    """Write a moving picture, an .mp4 if the name says so, else a .gif."""
    ending = ".mp4" if path.suffix.lower() == ".mp4" else ".gif"
    with whole(path, overwrite=overwrite) as made:
        moving = made.with_suffix(ending)
        animation.save(moving, writer="ffmpeg" if ending == ".mp4" else "pillow", dpi=dpi)
        moving.replace(made)
