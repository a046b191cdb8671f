"""Genes as points with names that do not collide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from numpy.typing import NDArray

from .._core.log import logger
from ._axes import SMALL, figure_of

Floats = NDArray[np.float64]

SIDE = 4.6  # inches of a panel
NAMED = 60  # more names cannot be told apart
AREA = 42.0  # of a point, in points squared
FLATTEST = 0.45  # the shorter side of a panel to the longer, at least
RADIUS = 0.65 * AREA**0.5  # of a point, in points, with its edge
RINGS = (0, 3, 7, 12, 18, 26, 36, 48, 64, 84, 110, 140, 180)  # points from a point to its name
NEAR = 26  # no line that crosses something is avoided by a name farther off
TURNS = np.pi / 180 * np.r_[90, 270, 0, 180, 45:360:90, 15:360:30, 30:360:60, 60:360:60]
DIRECTIONS = np.column_stack([np.cos(TURNS), np.sin(TURNS)])  # in the order tried
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


def write_names(
    ax: Axes, points: Floats, names: Sequence[str], around: Floats, lines: Floats | None = None
) -> list[Text]:
    """Write names beside their points, clear of each other, of points `around` and of `lines`.

    Each name takes the first free place, looked for in rings around its point; one that is not
    beside it gets a line to it. The first names are the most important: one that finds no place
    is left out, with a line in the log, as two names on each other are no names. (adjustText
    pushes names apart, but to it points have no size: names lay on points, and with the rims of
    48 points as obstacles it took 38 s.)

    Returns
    -------
    The names that are written.
    """
    scale = figure_of(ax).dpi / 72
    centres = ax.transData.transform(points)
    taken = [_squares(ax.transData.transform(around), RADIUS * scale)]
    if lines is not None:
        taken.append(_squares(ax.transData.transform(lines), scale))
    boxes, written = [np.empty((0, 4))], []
    for point, centre, name in zip(points, centres, names, strict=True):
        text = ax.text(point[0], point[1], name, fontsize=SMALL, ha="center", va="center", zorder=5)
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])
        box = text.get_window_extent()
        half = np.array([box.width, box.height]) / 2
        place = _free_place(ax, centre, half, np.vstack(taken), np.vstack(boxes), scale)
        if place is None:
            text.remove()
            continue
        boxes.append(_around(place[None], half))
        taken.append(boxes[-1])
        edge = np.clip(centre, place - half, place + half)  # where a line meets the name
        far = np.linalg.norm(edge - centre) > 2 * RADIUS * scale
        if far:
            taken.append(_squares(_between(centre, edge), scale))
            ends = ax.transData.inverted().transform([centre, edge])
            ax.plot(*ends.T, color="0.2", linewidth=0.6, zorder=2.5, label="_line")
        x, y = ax.transData.inverted().transform(place)
        text.set_position((x, y))
        written.append(text)
    if len(written) < len(names):
        logger.warning(
            f"{len(names) - len(written)} of {len(names)} names had no room and are left out; "
            "draw into a larger ax, or name fewer genes"
        )
    return written


def _free_place(
    ax: Axes, centre: Floats, half: Floats, taken: Floats, names: Floats, scale: float
) -> Floats | None:
    """Return the centre of a name in pixels, the nearest of those tried that is free.

    The line to it crosses nothing, or if there is no such place near, no other name.
    """
    panel = ax.get_window_extent()
    inside = np.array([panel.x0, panel.y0, panel.x1, panel.y1]) + scale * np.array([2, 2, -2, -2])
    itself = _overlap(_squares(centre[None], 0.0), taken)[0]
    hurdles, second = taken[~itself], None
    for gap in RINGS:
        if second is not None and gap > NEAR:
            break
        places = centre + DIRECTIONS * (half + (RADIUS + gap) * scale)
        boxes = _around(places, half)
        within = (boxes[:, :2] >= inside[:2]).all(axis=1) & (boxes[:, 2:] <= inside[2:]).all(axis=1)
        free = np.logical_not(_overlap(boxes, taken).any(axis=1))
        for place in places[within & free]:
            way = _squares(_between(centre, np.clip(centre, place - half, place + half)), 0.0)
            if not _overlap(way, hurdles).any():
                found: Floats = place
                return found
            if second is None and not _overlap(way, names).any():
                second = place
    return second


def _around(places: Floats, half: Floats) -> Floats:
    """Return boxes (n, 4): left, lower, right and upper edge."""
    return np.column_stack([places - half, places + half])


def _squares(places: Floats, half: float) -> Floats:
    return _around(places, np.array([half, half]))


def _overlap(boxes: Floats, others: Floats) -> NDArray[np.bool_]:
    """Return which boxes lie on which others, bool (n_boxes, n_others)."""
    a, b = boxes[:, None], others[None]
    apart = (a[..., :2] >= b[..., 2:]) | (a[..., 2:] <= b[..., :2])
    covers: NDArray[np.bool_] = np.invert(apart.any(axis=-1))
    return covers


def _between(start: Floats, end: Floats, steps: int = 12) -> Floats:
    """Return places on the way, without its ends."""
    shares = np.linspace(0, 1, steps + 2)[1:-1, None]
    way: Floats = start + shares * (end - start)
    return way
