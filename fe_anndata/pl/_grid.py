"""A legend of a whole grid of panels, to the right of all of them."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ._axes import MARGIN, figure_of
from ._rows import small
from ._short import shortened
from ._text import AS_TYPED, WIDE

GAP = 0.15  # inches between the grid and its legend
ROW = 1.6  # of the height of letters: a line of a legend
FEW, LETTERS = 12, 36  # more names than these are small, and lose letters beyond these


def grid_legend(axes: Sequence[Axes], entries: Sequence[tuple[str, str]]) -> None:
    """Name colours to the right of a grid, in as many columns as its height requires.

    Parameters
    ----------
    axes
        The panels, where they are to stay.
    entries
        Names and colours.
    """
    figure, few = figure_of(axes[0]), len(entries) <= FEW
    size = float(mpl.rcParams["font.size"]) if few else small()
    names = shortened([name for name, _ in entries], WIDE if few else LETTERS)
    handles = [
        Line2D([], [], ls="", marker="o", ms=0.75 * size, mew=0, color=color, label=name)
        for name, (_, color) in zip(names, entries, strict=True)
    ]
    lines = sum(1 + name.count("\n") for name in names)
    boxes = [ax.get_position() for ax in axes]
    top = max(box.y1 for box in boxes)
    height = (top - min(box.y0 for box in boxes)) * figure.get_figheight() * 72
    legend = figure.legend(
        handles=handles,
        ncols=int(np.ceil(lines * ROW * size / height)),
        loc="upper left",
        bbox_to_anchor=(0, top),
        borderaxespad=0,
        fontsize=size,
        frameon=False,
        handlelength=0.8,
        handletextpad=0.4,
        labelspacing=ROW - 1.2,
        columnspacing=1.5,
    )
    for text in legend.get_texts():
        text.set(**AS_TYPED)
    place = _make_room(axes, legend.get_window_extent().width / figure.dpi)
    legend.set_bbox_to_anchor((place, top))


def _make_room(axes: Sequence[Axes], width: float) -> float:
    """Widen the figure, in which panels keep their sizes; return where the new room begins."""
    figure = figure_of(axes[0])
    before, height = figure.get_size_inches()
    after = before + GAP + width + MARGIN
    places = [ax.get_position().bounds for ax in axes]
    figure.set_size_inches(after, height)
    share = before / after
    for ax, (x, y, w, h) in zip(axes, places, strict=True):
        ax.set_position((x * share, y, w * share, h))
    return float((before + GAP) / after)
