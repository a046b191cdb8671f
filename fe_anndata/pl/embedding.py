"""Samples at their coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from numpy.typing import NDArray

from .._access.results import normalize_of
from .._access.samples import coordinates
from .._core.errors import require_choice
from .._core.keys import Keys
from .._core.random import Rng, generator, seed_of
from . import _colors
from ._axes import bare, finish, make_room, panels, per_row
from ._points import (
    draw_classes,
    draw_numbers,
    draw_plain,
    layers,
    layers_with_new,
    name_markers,
    name_on_data,
)
from ._text import ink
from ._values import Classes, Numbers, Source, read, read_both, require_few_names


def embedding(
    adata: AnnData,
    color: str | Sequence[str] | None = None,
    *,
    query: AnnData | None = None,
    basis: str = "fe",
    dimensions: Sequence[int] = (0, 1),
    layer: str | None = None,
    palette: _colors.Palette | None = None,
    cmap: str | Colormap | None = None,
    legend: Literal["right", "on data"] | None = "right",
    size: float | None = None,
    alpha: float | None = None,
    ncols: int | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    gene_symbols: str | None = None,
    rng: Rng = 0,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw the samples at their coordinates, coloured by labels, measurements or genes.

    Points are drawn in random order, so that no class hides another. Samples without a value are
    light grey and lie below the others. A legend stands beside the points and never covers them.

    Parameters
    ----------
    adata
        Samples by genes; ``obsm["X_" + basis]`` (or ``obsm[basis]``) is read.
    color
        A column of ``adata.obs`` or a gene, or a list of them, which gives one panel each. A gene
        that is in ``adata.raw`` alone is read from there, and its colour bar says so; if the model
        was trained on logarithms of the matrix, so are the values that are drawn. Values of
        mixed types are categories by their text, so that 1 and ``"1"`` are one.
    query
        New samples that :func:`fe_anndata.tl.transform` has placed in the embedding of `adata`.
        They are drawn as triangles with an edge, in the same colours, above the samples of
        `adata`, which are then smaller and fainter circles. Samples of an AnnData that lacks the
        column or gene are grey.
    basis
        Name of the embedding.
    dimensions
        Two columns of the embedding, counted from 0.
    layer
        Where the expression of a gene is read, instead of ``adata.X``.
    palette
        Colours of the categories in any form that matplotlib or Scanpy takes: a list, an array of
        RGB or RGBA rows, a mapping from category to colour, a colour map or its name, a cycler, or
        one colour for all. By default they are those of ``adata.uns["<column>_colors"]``. A
        category that has none there gets one that differs from all others.
    cmap
        Colour map of numbers; by default ``"viridis"``, on dark paper without its dark end.
    legend
        ``"right"`` of the points; ``"on data"``, each name where the points of its main clusters
        are densest, or near there with a line; or None. Long names lose letters, so that the
        legend is no wider than the points.
    size
        Area of a point, in points squared; by default the more points, the smaller.
    alpha
        Opacity of the points, from 0 to 1; by default very many points let each other through.
    ncols
        Panels per row; by default up to three are one row, and more about a square.
    vmin, vmax
        Ends of the colour scale of numbers, in their units.
    gene_symbols
        A column of ``adata.var`` whose names of genes can be used as well as ``adata.var_names``.
    rng
        Seed or numpy Generator of the drawing order.
    ax
        Where to draw a single panel. It shrinks to make room for the legend, unless its figure
        has a layout engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        The Axes, or for several panels an array of them, (n_panels,). The colours of categories
        are written to ``adata.uns["<column>_colors"]`` if nothing is stored there, so that Scanpy
        draws the same ones. What is stored is never changed, not by `palette` either.

    Raises
    ------
    KeyError
        If the embedding, a column, a gene or the layer does not exist.
    ValueError
        If an argument is out of range, several columns or genes have a name, there is nothing to
        draw, or `query` does not fit `adata`.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> axes = fe.pl.embedding(adata, ["bulk_labels", "LYZ"], basis="umap")
    >>> [ax.get_title() for ax in axes]
    ['bulk_labels', 'LYZ']
    """
    points = coordinates(adata, basis, dimensions)
    keys = Keys(basis.removeprefix("X_"))
    names = [color] if color is None or isinstance(color, str) else list(color)
    for name in names:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"color must name columns of adata.obs or genes, not {name!r}.")
    source = Source(layer, gene_symbols, normalize_of(adata, keys.key, layer))
    if query is None:
        looks = [None if n is None else read(adata, n, source, palette) for n in names]
    else:
        points = np.concatenate([points, _of_query(query, adata, basis, dimensions)])
        placed_by = query.uns.get(keys.placed_by) or None
        looks = [
            None if n is None else read_both(adata, query, n, source, palette, placed_by)
            for n in names
        ]
    _colors.require_cmap(cmap)
    _check(points, looks, legend, size, alpha, vmin, vmax)
    order = generator(seed_of(rng), "drawing order").permutation(len(points))
    order = order[np.isfinite(points[order]).all(axis=1)]
    ncols = per_row(len(looks), ncols)
    axes = panels(len(looks), ncols, ax, show, (3.7, 3.7))
    if query is None:
        drawn = layers(order, size, alpha)
    else:
        drawn = layers_with_new(order, adata.n_obs, size, alpha, ink(axes[0]))

    for panel, look in zip(axes, looks, strict=True):
        bare(panel, basis, dimensions)
        if isinstance(look, Classes):
            draw_classes(panel, points, drawn, look, legend == "right")
            _colors.store(adata, look.name, look.colors[: look.own])
        elif isinstance(look, Numbers):
            draw_numbers(panel, points, drawn, look, cmap, vmin, vmax)
        else:
            draw_plain(panel, points, drawn)
        if query is not None and legend is not None:
            name_markers(panel, drawn, plain=look is None)
    make_room(axes, ncols, own=ax is None)
    if legend == "on data":  # the panels have their final size only now
        for panel, look in zip(axes, looks, strict=True):
            if isinstance(look, Classes):
                name_on_data(panel, points, look)
    return finish(axes, ax is None, show)


def _of_query(
    query: AnnData, adata: AnnData, basis: str, dimensions: Sequence[int]
) -> NDArray[np.float64]:
    """Return the coordinates of new samples in the embedding of `adata`."""
    if not isinstance(query, AnnData):
        raise TypeError(f"query must be an AnnData, not {type(query).__name__}.")
    key = Keys(basis).obsm if Keys(basis).obsm in adata.obsm else basis
    if key not in query.obsm:
        raise KeyError(
            f"no query.obsm[{key!r}]: place the new samples first, fe.tl.transform(query, adata)."
        )
    widths = query.obsm[key].shape[1], adata.obsm[key].shape[1]
    if widths[0] != widths[1]:
        raise ValueError(
            f"query.obsm[{key!r}] has {widths[0]} columns, but that of adata {widths[1]}: these "
            "are two embeddings. Call fe.tl.transform(query, adata)."
        )
    return coordinates(query, key, dimensions)


def _check(
    points: NDArray[np.float64],
    looks: list[Classes | Numbers | None],
    legend: str | None,
    size: float | None,
    alpha: float | None,
    vmin: float | None,
    vmax: float | None,
) -> None:
    """Raise ValueError before anything is drawn."""
    if legend is not None:
        require_choice(legend, ["right", "on data"], "legend")
    if not looks:
        raise ValueError("color is an empty list: name a column or a gene, or leave it out.")
    if not np.isfinite(points).all(axis=1).any():
        raise ValueError("no sample has coordinates, so there is nothing to draw.")
    if size is not None and size <= 0:
        raise ValueError(f"size must be positive, got {size}.")
    if alpha is not None and not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}.")
    if vmin is not None and vmax is not None and vmin >= vmax:
        raise ValueError(f"vmin must be less than vmax, got {vmin} and {vmax}.")
    for look in looks:
        if legend:
            require_few_names(look, "legend=None draws them without names")
