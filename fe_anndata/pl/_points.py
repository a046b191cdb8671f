"""Points and their names: what :func:`fe_anndata.pl.embedding` puts into one panel."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba_array
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from ..matrix.density import density
from ._axes import SMALL, colour_bar, legend_beside
from ._colors import MISSING, PLAIN
from ._values import Classes, Numbers

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# With adjustText's defaults 3 pairs of the 10 cell types of pbmc68k still overlapped; with these,
# none did there or in 6 random maps of 33 long names. Iterations are counted, as a limit in
# seconds, its default, gives another picture on another machine.
APART: dict[str, Any] = {
    "avoid_self": False,
    "prevent_crossings": False,
    "force_explode": (0, 0),
    "force_text": (0.2, 0.4),
    "force_pull": (0.003, 0.003),
    "max_move": None,
    "iter_lim": 500,
    "arrowprops": {"arrowstyle": "-", "color": "0.2", "linewidth": 0.6},
}


def draw_plain(ax: Axes, points: Floats, order: Indices, style: dict[str, Any]) -> None:
    """Draw the points `order` names, one after the other, in one colour."""
    _scatter(ax, points, order, style, color=PLAIN)


def draw_classes(
    ax: Axes, points: Floats, order: Indices, look: Classes, style: dict[str, Any], legend: bool
) -> None:
    """Draw the points coloured by class, and beside them the legend."""
    missing = look.codes[order] < 0
    _scatter(ax, points, order[missing], style, color=MISSING)
    known = order[~missing]
    _scatter(ax, points, known, style, c=to_rgba_array(look.colors)[look.codes[known]])
    ax.set_title(look.name)
    if legend:
        some = int(missing.any())
        legend_beside(ax, look.labels + ["missing"] * some, look.colors + [MISSING] * some)


def draw_numbers(
    ax: Axes,
    points: Floats,
    order: Indices,
    look: Numbers,
    style: dict[str, Any],
    **scale: Any,
) -> None:
    """Draw the points coloured by number, and beside them the colour bar."""
    missing = ~np.isfinite(look.values[order])
    _scatter(ax, points, order[missing], style, color=MISSING)
    known = order[~missing]
    drawn = _scatter(ax, points, known, style, c=look.values[known], **scale)
    ax.set_title(look.name)
    if len(known):
        colour_bar(ax, drawn, look.name)


def name_on_data(ax: Axes, points: Floats, look: Classes) -> None:
    """Write each name where its points are densest, and move names apart that overlap.

    The median of a class in several clusters would lie on another class.
    """
    finite = np.isfinite(points).all(axis=1)
    outline = [withStroke(linewidth=2.5, foreground="white")]
    texts = []
    for code, label in enumerate(look.labels):
        member = finite & (look.codes == code)
        if member.any():
            x, y = points[member][np.argmax(density(points[member]))]
            text = ax.text(
                x, y, fill(label, 20), fontsize=SMALL, fontweight="bold", path_effects=outline
            )
            text.set(ha="center", va="center")
            texts.append(text)
    if len(texts) > 1:
        adjust_text(texts, ax=ax, **APART)


def _scatter(
    ax: Axes, points: Floats, which: Indices, style: dict[str, Any], **colour: Any
) -> PathCollection:
    return ax.scatter(points[which, 0], points[which, 1], linewidths=0, **style, **colour)
