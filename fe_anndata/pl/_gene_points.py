"""Genes as points, in a panel as wide and high as they need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from numpy.typing import NDArray

from ._axes import figure_of
from ._names import AREA
from ._text import paper

Floats = NDArray[np.float64]

SIDE = 4.6  # inches of a panel
FLATTEST = 0.45  # the shorter side of a panel, as a share of the longer, is at least this
ROOM = 0.1  # left free around the points, as a share of their greater extent


def pie(ax: Axes, x: float, y: float, colors: Sequence[str], area: float = AREA) -> None:
    """Draw one point as a pie of all `colors`, in equal parts that lie side by side."""
    if len(colors) == 1:
        ax.scatter(x, y, s=area, color=colors[0], edgecolors=paper(ax), linewidths=0.5, zorder=3)
        return
    ends = 0.25 + np.arange(len(colors) + 1) / len(colors)  # turns, from the top
    for start, end, color in zip(ends[:-1], ends[1:], colors, strict=True):
        turn = 2 * np.pi * np.linspace(start, end, 40)
        wedge = np.vstack([[0, 0], np.column_stack([np.cos(turn), np.sin(turn)])])
        # matplotlib scales a marker by its farthest coordinate
        size = 1.4 * area * np.abs(wedge).max() ** 2
        ax.scatter(x, y, marker=Path(wedge), s=size, color=color, linewidths=0, zorder=4)


def side_lengths(points: Floats) -> tuple[float, float]:
    """Return width and height of a panel in inches, as wide or flat as the points are."""
    extent = np.ptp(points, axis=0)
    extent = extent + 2 * ROOM * (extent.max() or 1.0)
    width, height = SIDE * np.clip(extent / extent.max(), FLATTEST, 1)
    return float(width), float(height)


def equal_scale(ax: Axes, points: Floats) -> None:
    """Set limits so that all points have room, and a step along x is as long as one along y."""
    figure_of(ax).draw_without_rendering()  # a layout engine moves the panel only then
    low, high = points.min(axis=0), points.max(axis=0)
    box = ax.get_window_extent()
    extent = high - low
    greatest = float(extent.max()) or 1.0
    per_pixel = max((extent + 2 * ROOM * greatest) / [box.width, box.height])
    half = per_pixel * np.array([box.width, box.height]) / 2
    centre = (low + high) / 2
    ax.set_xlim(centre[0] - half[0], centre[0] + half[0])
    ax.set_ylim(centre[1] - half[1], centre[1] + half[1])
