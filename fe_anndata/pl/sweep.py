"""The embeddings of a sweep, in a grid of small pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from numpy.typing import NDArray

from .._access.samples import coordinates
from .._core.errors import require_choice
from .._core.random import Rng, generator, seed_of
from . import _colors
from ._axes import (
    SMALL,
    colour_bar,
    finish,
    legend_beside,
    make_room,
    most,
    panels,
    shared_colour_bar,
)
from ._grid import grid_legend
from ._hexagons import hexagons, require_bins
from ._points import MISSING, Shades, layers, shades
from ._text import ink, lines_of
from ._values import Classes, Numbers, Source, read, require_few_names

if TYPE_CHECKING:
    from ..tl import Sweep

Floats = NDArray[np.float64]

SIDES = {"density": 1.15, "scatter": 1.5}  # inches of a panel in a grid
ALONE = 3.7  # of a single one
PAD = 0.05  # around all points, as a share of their range
ROUND = 1, 2, 5  # and their tens: where common axes have ticks
FRAME = 0.25  # of ink: the edges of panels
WORDS = 22  # letters in a line of a title


def sweep(
    result: Sweep,
    kind: Literal["density", "scatter"] = "density",
    *,
    color: str | None = None,
    bins: int = 30,
    dimensions: Sequence[int] = (0, 1),
    palette: _colors.Palette | None = None,
    cmap: str | Colormap | None = None,
    size: float | None = None,
    rng: Rng = 0,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw the embeddings of a sweep in a grid: columns are values of its last option.

    Rows are the values of the option before it, or the combinations of all others. Samples that
    were kept aside are drawn where they were placed.

    Parameters
    ----------
    result
        What :func:`fe_anndata.tl.sweep` returns.
    kind
        ``"density"`` counts samples in hexagons; all panels have the same axes and the same colour
        scale, which is logarithmic. ``"scatter"`` draws the samples, each panel with axes of its
        own.
    color
        For ``"scatter"``, a column of ``adata.obs`` as it was at the sweep. The grid has one legend
        or colour bar.
    bins
        For ``"density"``, hexagons along the first axis.
    dimensions
        Two columns of the embeddings, counted from 0.
    palette
        Colours of the categories, as in :func:`fe_anndata.pl.embedding`; by default those of
        ``adata.uns["<column>_colors"]`` as they were at the sweep.
    cmap
        Colour map of densities, and of numbers; by default ``"viridis"``, on dark paper without its
        dark end.
    size
        Area of a point, in points squared; by default the more points, the smaller.
    rng
        Seed or numpy Generator of the drawing order.
    ax
        Where to draw a sweep of a single combination. It shrinks to make room for what stands
        beside it.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        An array of Axes, (rows, columns); of a single combination its Axes. Colours of categories
        are written to ``result.samples.uns["<column>_colors"]`` if nothing is stored there.

    Raises
    ------
    TypeError
        If `result` is something else.
    KeyError
        If there is no such column.
    ValueError
        If an argument is out of range or does not apply, or no sample has coordinates.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> grid = {"gene_dim": [4, 8], "l2": [0, 1e-6, 1e-5]}
    >>> found = fe.tl.sweep(adata, grid, epochs=5, progress=False)
    >>> fe.pl.sweep(found).shape
    (2, 3)
    >>> axes = fe.pl.sweep(found, "scatter", color="group")
    >>> axes[0, 1].get_title(), axes[1, 0].get_ylabel()
    ('l2 = 1e-6', 'gene_dim = 8')
    """
    require_choice(kind, list(SIDES), "kind")
    require_bins(bins)
    _colors.require_cmap(cmap)
    if kind == "density" and color is not None:
        raise ValueError("color applies to kind='scatter'; leave it out.")
    if size is not None and size <= 0:
        raise ValueError(f"size must be positive, got {size}.")
    points = _points_of(result, dimensions)
    look = None if color is None else read(result.samples, color, Source(None, None), palette)
    require_few_names(look, "color by a column with fewer")
    rows, columns = _titles(result)
    n = len(columns)
    side = ALONE if len(points) == 1 else SIDES[kind]
    axes = panels(len(points), n, ax, show, (side, side))
    for i, panel in enumerate(axes):
        _bare(panel, columns[i % n] if i < n else "", rows[i // n] if i % n == 0 else "")
    colours = _colors.numbers_map(axes[0], cmap)
    if kind == "density":
        _density(axes, points, n, bins, colours)
        make_room(axes, n, own=ax is None)
    else:
        found = _scatter(axes, points, look, colours, size, seed_of(rng))
        if isinstance(look, Numbers) and found.scale is not None:
            colour_bar(axes[n - 1], found.scale, look.name)
        if found.entries and len(axes) == 1:
            legend_beside(axes[0], *zip(*found.entries, strict=True))
        make_room(axes, n, own=ax is None)
        if found.entries and len(axes) > 1:
            grid_legend(axes, found.entries)
        if isinstance(look, Classes):
            _colors.store(result.samples, look.name, look.colors)
    drawn = finish(axes, ax is None, show)
    return drawn if isinstance(drawn, Axes) else drawn.reshape(len(rows), n)


def _points_of(result: Sweep, dimensions: Sequence[int]) -> list[Floats | None]:
    """Return the coordinates of each combination, (n_obs, 2); None for one without a result."""
    try:
        samples, options = result.samples, result.options
    except AttributeError:
        raise TypeError(
            f"result must be what fe.tl.sweep returns, not {type(result).__name__}."
        ) from None
    found: list[Floats | None] = []
    for i in range(math.prod(map(len, options.values()))):
        points = coordinates(samples, str(i), dimensions) if f"X_{i}" in samples.obsm else None
        is_there = points is not None and np.isfinite(points).all(axis=1).any()
        found.append(points if is_there else None)
    if all(points is None for points in found):
        raise ValueError("no combination has a result, so there is nothing to draw.")
    return found


def _titles(result: Sweep) -> tuple[list[str], list[str]]:
    """Return the titles of rows and columns; a single panel has one, that of its column."""
    *others, last = result.options
    columns = [f"{last} = {_in_words(value)}" for value in result.options[last]]
    rows = [
        "\n".join(f"{name} = {_in_words(v)}" for name, v in zip(others, values, strict=True))
        for values in product(*(result.options[name] for name in others))
    ]
    if len(rows) * len(columns) == 1:
        return [""], ["\n".join([*filter(None, rows), *columns])]
    return rows, columns


def _in_words(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_in_words, value)) or "()"
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:g}") if isinstance(value, float) else str(value)


def _bare(panel: Axes, title: str, label: str) -> None:
    """Make a panel a square map, which is named if it is the first of its column or row."""
    panel.set(xticks=[], yticks=[])
    panel.set_box_aspect(1)
    panel.grid(False)
    panel.set_title(lines_of(title, WORDS), fontsize=SMALL)
    panel.set_ylabel(lines_of(label, WORDS), fontsize=SMALL)


def _density(
    axes: Sequence[Axes], points: Sequence[Floats | None], n: int, bins: int, cmap: Colormap
) -> None:
    """Count samples in hexagons of common axes, whose ticks stand at the edges of the grid."""
    known = np.concatenate([found for found in points if found is not None])
    reach = np.nanmax(np.abs(known)) * (1 + PAD)
    extent = (-reach, reach, -reach, reach)
    tick = _below(0.9 * reach)
    drawn = []
    for i, (panel, found) in enumerate(zip(axes, points, strict=True)):
        panel.spines[:].set_color(ink(panel, FRAME))
        panel.set(xlim=extent[:2], ylim=extent[2:])
        panel.tick_params(labelsize=SMALL, length=2, pad=2, color=ink(panel, FRAME))
        if i + n >= len(axes):
            panel.set_xticks([-tick, 0, tick])
        if i % n == 0:
            panel.set_yticks([-tick, 0, tick])
        if found is None:
            _say_nothing(panel)
            continue
        placed = found[np.isfinite(found).all(axis=1)]
        drawn.append(hexagons(panel, placed, bins, extent, cmap=cmap))
    shared_colour_bar(axes[n - 1], drawn, "samples\nper hexagon", (1.0, most(drawn)), log=True)


def _below(reach: float) -> float:
    """Return the greatest round number that is not more than `reach`."""
    ten = 10.0 ** math.floor(math.log10(reach)) if reach > 0 else 1.0
    return max((ten * step for step in ROUND if ten * step <= reach), default=ten)


def _scatter(
    axes: Sequence[Axes],
    points: Sequence[Floats | None],
    look: Classes | Numbers | None,
    cmap: Colormap,
    size: float | None,
    seed: int,
) -> Shades:
    """Draw the samples, each panel with its own axes; return what their colours mean."""
    n_obs = next(len(found) for found in points if found is not None)
    order = generator(seed, "drawing order").permutation(n_obs)
    found = shades(look, order, ink(axes[0], MISSING), cmap)
    (layer,) = layers(order, size, None)
    if size is None:
        layer.style["s"] *= (axes[0].get_window_extent().width / axes[0].figure.dpi / ALONE) ** 2
    for panel, places in zip(axes, points, strict=True):
        panel.spines[:].set_color(ink(panel, FRAME))
        if places is None:
            _say_nothing(panel)
            continue
        panel.scatter(places[order, 0], places[order, 1], c=found.colors, **layer.style)
    return found


def _say_nothing(panel: Axes) -> None:
    grey = ink(panel, 0.6)
    panel.text(0.5, 0.5, "no result", transform=panel.transAxes, ha="center", va="center",
               color=grey, fontsize=SMALL)  # fmt: skip
