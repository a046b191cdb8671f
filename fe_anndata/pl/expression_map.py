"""The expression of a gene that a model predicts over the plane, below what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from numpy.typing import NDArray

from .._access.genes import as_list
from .._access.mapped import observed, predicted, trained_among
from .._core.keys import DEFAULT_KEY
from .._core.random import Rng, generator, seed_of
from ._axes import colour_bar, finish, make_room, panels, per_row
from ._colors import numbers_map, require_cmap
from ._maps import CLEAR, Plane, draw_ground, plane_of
from ._points import MANY_POINTS, MISSING, TITLE
from ._text import ink, lines_of, paper

LABEL = "predicted (ground), observed (points)"


def expression_map(
    adata: AnnData,
    genes: str | Sequence[str],
    *,
    key: str = DEFAULT_KEY,
    points: int = 100,
    reach: float = 1.0,
    cmap: str | Colormap | None = None,
    size: float | None = None,
    ncols: int | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    gene_symbols: str | None = None,
    rng: Rng = 0,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw the predicted expression of a gene over the plane, and on it the observed one.

    The ground is what the model predicts at each place of an embedding of two dimensions; points
    are the samples, in the colours of the values that were trained on, which the model has seen.
    Both have one colour scale, so that a point that stands out from its ground is one that the
    model misses. Far from all samples a prediction means little: there the ground fades.

    Parameters
    ----------
    adata
        A trained AnnData with its matrix, which may have lost samples since.
    genes
        A gene that was trained on, or several, a panel each.
    key
        The `key_added` of the training.
    points
        Nodes of the grid along each axis.
    reach
        The ground is full up to `reach` times the distance within which 95 % of the samples have
        their nearest neighbour, and gone at three times that. ``np.inf`` fades nothing.
    cmap
        Colour map; by default ``"viridis"``, on dark paper without its dark end.
    size
        Area of a sample, in points squared, 0 for none; by default the more samples, the smaller.
    ncols
        Panels per row; by default up to three are one row, and more about a square.
    vmin, vmax
        Ends of the colour scale; by default those of all that is drawn.
    gene_symbols
        A column of ``adata.var`` whose names of genes can be used as well as ``adata.var_names``.
    rng
        Seed or numpy Generator of the drawing order of the samples.
    ax
        Where to draw a single panel. It shrinks to make room for the colour bar, unless its figure
        has a layout engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        The Axes, or for several genes an array of them, (n_genes,). Colours are in the units of the
        matrix; counts are those of samples of one total. Nothing is written.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or there is no such gene, or it was not trained on.
    ValueError
        If the embedding is not of two dimensions, the model does not predict expression, or an
        argument is out of range.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.pl.expression_map(adata, "LYZ").get_title()
    'LYZ'
    """
    require_cmap(cmap)
    names = as_list(genes)
    if not names:
        raise ValueError("genes is empty: name one at least.")
    if size is not None and size < 0:
        raise ValueError(f"size must not be negative, got {size}.")
    if vmin is not None and vmax is not None and vmin >= vmax:
        raise ValueError(f"vmin must be less than vmax, got {vmin} and {vmax}.")
    plane = plane_of(adata, key, points, reach)
    chosen = trained_among(adata, plane.decoding, names, gene_symbols)
    grounds = predicted(plane.decoding, plane.nodes, chosen).astype(np.float64)
    values = observed(adata, plane.decoding, chosen)
    order = generator(seed_of(rng), "drawing order").permutation(adata.n_obs)
    ncols = per_row(len(names), ncols)
    axes = panels(len(names), ncols, ax, show, (3.7, 3.7))
    cmap = numbers_map(axes[0], cmap)
    for i, (panel, name) in enumerate(zip(axes, names, strict=True)):
        ground = grounds[:, i].reshape(plane.near.shape)
        norm = _scale(plane, ground, values[:, i], vmin, vmax)
        image = draw_ground(panel, plane, ground, norm, cmap, key)
        _draw_samples(panel, plane, values[:, i], order, norm, cmap, size)
        panel.set_title(lines_of(name, TITLE))
        colour_bar(panel, image, LABEL)
    make_room(axes, ncols, own=ax is None)
    return finish(axes, ax is None, show)


def _scale(
    plane: Plane,
    ground: NDArray[np.float64],
    values: NDArray[np.float64],
    vmin: float | None,
    vmax: float | None,
) -> Normalize:
    """Return one scale for the ground, where a sample is near, and for the samples."""
    seen = np.concatenate([ground[plane.near > CLEAR], values[np.isfinite(values)]])
    low, high = float(seen.min()), float(seen.max())
    return Normalize(low if vmin is None else vmin, high if vmax is None else vmax)


def _draw_samples(
    panel: Axes,
    plane: Plane,
    values: NDArray[np.float64],
    order: NDArray[np.intp],
    norm: Normalize,
    cmap: str | Colormap,
    size: float | None,
) -> None:
    """Draw the samples, each with an edge to be told from its ground; grey has no value."""
    if size == 0:
        return
    area = float(np.clip(12_000 / max(1, len(order)), 1, 16)) if size is None else size
    style: dict[str, Any] = {
        "s": area,
        "edgecolors": paper(panel),
        "linewidths": 0.08 * area**0.5,
        "rasterized": len(order) > MANY_POINTS,
    }
    x, y = plane.decoding.u.T
    missing = ~np.isfinite(values[order])
    unknown, known = order[missing], order[~missing]
    panel.scatter(x[unknown], y[unknown], color=ink(panel, MISSING), **style)
    panel.scatter(x[known], y[known], c=values[known], cmap=cmap, norm=norm, **style)
