"""The ways of samples through the plane while they were trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap
from numpy.typing import NDArray

from .._core.keys import DEFAULT_KEY
from .._core.random import Rng
from ._axes import finish, make_room, panels
from ._colors import Palette, require_cmap
from ._moving import moving

Floats = NDArray[np.float64]

FAINTEST, FULL = 0.08, 0.6
"""Opacity of the first and of the last piece of a way."""


def trajectories(
    adata: AnnData,
    color: str | None = None,
    *,
    key: str = DEFAULT_KEY,
    dimensions: Sequence[int] = (0, 1),
    layer: str | None = None,
    palette: Palette | None = None,
    cmap: str | Colormap | None = None,
    gene_symbols: str | None = None,
    max_samples: int = 1000,
    rng: Rng = 0,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw where samples went while they were trained with ``record_every``.

    Each way begins faint, at the start of the training, goes on to the step whose model was kept,
    and ends in a point, at the result. All places are in the coordinates of the result: where the
    training ended in a linear change of these (``metric="expression"``), earlier ones are changed
    too. The last piece of a way may be long, where samples are placed again after the last step
    (``place_samples``).

    Parameters
    ----------
    adata
        Trained with ``record_every``; its samples are those of the training.
    color
        A column of ``adata.obs``, or a gene.
    key
        The `key_added` of the training.
    dimensions
        Two columns of the embedding, counted from 0.
    layer
        Where the expression of a gene is read, instead of ``adata.X``.
    palette
        Colours of the categories, as in :func:`fe_anndata.pl.embedding`.
    cmap
        Colour map of numbers; by default ``"viridis"``, on dark paper without its dark end.
    gene_symbols
        A column of ``adata.var`` whose names of genes can be used as well as ``adata.var_names``.
    max_samples
        The most samples to draw; if there are more, they are chosen at random.
    rng
        Seed or numpy Generator of that choice, and of the drawing order.
    ax
        Where to draw. It shrinks to make room for the legend, unless its figure has a layout
        engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        The colours of categories are written to ``adata.uns["<column>_colors"]`` if nothing is
        stored there.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or recorded; or there is no such column or gene.
    ValueError
        If the samples are others than those of the training, or an argument is out of range.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=30, record_every=5, progress=False)
    >>> adata.uns["fe"]["records"]["samples"].shape
    (7, 700, 2)
    >>> fe.pl.trajectories(adata, "bulk_labels").get_title()
    'bulk_labels'
    """
    require_cmap(cmap)
    found = moving(
        adata,
        color,
        key=key,
        dimensions=dimensions,
        layer=layer,
        palette=palette,
        gene_symbols=gene_symbols,
        max_samples=max_samples,
        rng=rng,
    )
    panel = panels(1, 1, ax, show, (4.2, 4.2))[0]
    colors = found.prepare(panel, key, dimensions, cmap)
    _draw_ways(panel, found.places, colors)
    area = float(np.clip(6_000 / max(1, len(colors)), 1, 12))
    x, y = found.places[-1].T
    panel.scatter(x, y, s=area, c=colors, linewidths=0, zorder=3)
    make_room([panel], 1, own=ax is None)
    finish([panel], ax is None, show)
    return panel


def _draw_ways(panel: Axes, places: Floats, colors: Floats) -> None:
    """Draw the pieces between one time and the next, the later the less faint."""
    for i, share in enumerate(np.linspace(FAINTEST, FULL, len(places) - 1)):
        pieces = np.stack([places[i], places[i + 1]], axis=1)
        shades = colors * [1, 1, 1, share]
        lines = LineCollection(list(pieces), colors=list(map(tuple, shades)), linewidths=0.6)
        lines.set_rasterized(True)
        panel.add_collection(lines, autolim=False)
