"""Genes as points with names that do not collide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from .._core.log import logger
from ._axes import SMALL
from ._points import APART

Floats = NDArray[np.float64]

SIDE = 4.6  # inches of a panel
NAMED = 60  # more names cannot be told apart
AREA = 42.0  # of a point, in points squared
ROOM = 0.1  # of the greater extent, left free around the points


def pie(ax: Axes, x: float, y: float, colors: Sequence[str], area: float = AREA) -> None:
    """Draw one point in equal parts of all `colors`; nothing is drawn below another."""
    if len(colors) == 1:
        ax.scatter(x, y, s=area, color=colors[0], edgecolors="white", linewidths=0.5, zorder=3)
        return
    ends = 0.25 + np.arange(len(colors) + 1) / len(colors)  # turns, from the top
    for start, end, color in zip(ends[:-1], ends[1:], colors, strict=True):
        turn = 2 * np.pi * np.linspace(start, end, 40)
        wedge = np.vstack([[0, 0], np.column_stack([np.cos(turn), np.sin(turn)])])
        # matplotlib scales a marker by its farthest coordinate
        size = 1.4 * area * np.abs(wedge).max() ** 2
        ax.scatter(x, y, marker=wedge, s=size, color=color, linewidths=0, zorder=4)


def equal_scale(ax: Axes, points: Floats) -> None:
    """Set limits so that all points have room, and a step along x is as long as one along y."""
    ax.figure.draw_without_rendering()  # a layout engine moves the panel only then
    low, high = points.min(axis=0), points.max(axis=0)
    box = ax.get_window_extent()
    extent = high - low
    greatest = float(extent.max()) or 1.0
    per_pixel = max((extent + 2 * ROOM * greatest) / [box.width, box.height])
    half = per_pixel * np.array([box.width, box.height]) / 2
    centre = (low + high) / 2
    ax.set_xlim(centre[0] - half[0], centre[0] + half[0])
    ax.set_ylim(centre[1] - half[1], centre[1] + half[1])


def write_names(ax: Axes, points: Floats, names: Sequence[str], around: Floats) -> list[Text]:
    """Write names beside their points, clear of each other and of all points `around`.

    The first names are the most important: one that finds no room is taken away again, with a
    line in the log, as two names on each other are no names.

    Returns
    -------
    The names that are left.
    """
    outline = [withStroke(linewidth=2, foreground="white")]
    box = ax.get_window_extent()
    gap = 7 * ax.figure.dpi / 72 / box.height * np.diff(ax.get_ylim())[0]
    texts = [
        ax.text(x, y + gap, name, fontsize=SMALL, path_effects=outline, ha="center", va="center")
        for (x, y), name in zip(points, names, strict=True)
    ]
    for text in texts:
        text.set_zorder(5)
    if not texts:
        return texts
    ways = {**APART, "expand": (1.08, 1.25), "force_static": (0.15, 0.3), "min_arrow_len": 8}
    _, lines = adjust_text(
        texts,
        x=around[:, 0],
        y=around[:, 1],
        target_x=points[:, 0],
        target_y=points[:, 1],
        ax=ax,
        **ways,
    )
    return _without_collisions(ax, texts, lines)


def _without_collisions(
    ax: Axes, texts: list[Text], lines: Sequence[FancyArrowPatch]
) -> list[Text]:
    ax.figure.draw_without_rendering()
    kept: list[Text] = []
    boxes: list[Bbox] = []
    for text in texts:
        box = Text.get_window_extent(text)  # of the letters, not of the line to the point
        if any(box.overlaps(other) for other in boxes):
            text.remove()
            for line in lines:
                if line.patchA is text:
                    line.remove()
        else:
            kept.append(text)
            boxes.append(box)
    if len(kept) < len(texts):
        logger.warning(
            f"{len(texts) - len(kept)} of {len(texts)} names had no room and are left out; draw "
            "into a larger ax, or name fewer genes"
        )
    return kept
