"""Names in a picture, none on another: each takes the nearest place that is free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from numpy.typing import NDArray

from .._core.log import logger
from ._axes import SMALL, figure_of
from ._text import AS_TYPED, ink, lines_of, paper

Floats = NDArray[np.float64]

AREA = 42.0  # of a point that has its name beside it, in points squared
RADIUS = 0.65 * AREA**0.5  # of that point, in points, with its edge
RINGS = (0, 3, 7, 12, 18, 26, 36, 48, 64, 84, 110, 140, 180)  # points from a point to its name
NEAR = 26  # farther off than this many points, a line to a name may cross another point
TURNS = np.pi / 180 * np.r_[90, 270, 0, 180, 45:360:90, 15:360:30, 30:360:60, 60:360:60]
DIRECTIONS = np.column_stack([np.cos(TURNS), np.sin(TURNS)])  # in the order tried


def write_beside(
    ax: Axes, points: Floats, names: Sequence[str], around: Floats, lines: Floats | None = None
) -> list[Text]:
    """Write names beside their points, clear of each other, of points `around` and of `lines`.

    The free places are looked for in rings around each point; a name that does not touch its
    point gets a line to it. The first names are the most important: a name that finds no place is
    left out, with a line in the log.

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
        text, half = _write(ax, point, name, stroke=2, zorder=5)
        place = _free_place(ax, centre, half, np.vstack(taken), np.vstack(boxes), scale)
        if place is None:
            text.remove()
            continue
        boxes.append(_around(place[None], half))
        taken.append(boxes[-1])
        edge = np.clip(centre, place - half, place + half)  # where a line meets the name
        if np.linalg.norm(edge - centre) > 2 * RADIUS * scale:
            taken.append(_squares(_between(centre, edge), scale))
            _line(ax, centre, edge, zorder=2.5)
        _move(ax, text, place)
        written.append(text)
    if len(written) < len(names):
        logger.warning(
            f"{len(names) - len(written)} of {len(names)} names had no room and are left out; "
            "draw into a larger ax, or name fewer genes"
        )
    return written


def _write(
    ax: Axes, point: Floats, name: str, *, stroke: float, **style: Any
) -> tuple[Text, Floats]:
    """Write a name centred on its point; return it and half its width and height in pixels."""
    style |= {"fontsize": SMALL, "ha": "center", "va": "center"}
    text = ax.text(point[0], point[1], lines_of(name), color=ink(ax), **style, **AS_TYPED)
    text.set_path_effects([withStroke(linewidth=stroke, foreground=paper(ax))])
    box = text.get_window_extent()
    return text, np.array([box.width, box.height]) / 2


def _move(ax: Axes, text: Text, place: Floats) -> None:
    x, y = ax.transData.inverted().transform(place)
    text.set_position((x, y))


def _line(ax: Axes, start: Floats, end: Floats, zorder: float) -> None:
    """Draw a thin line between two places in pixels."""
    ends = ax.transData.inverted().transform([start, end])
    ax.plot(*ends.T, color=ink(ax, 0.8), linewidth=0.6, zorder=zorder, label="_line")


def _free_place(
    ax: Axes, centre: Floats, half: Floats, taken: Floats, names: Floats, scale: float
) -> Floats | None:
    """Return the centre of a name in pixels: the nearest free place of those tried, or None.

    The line to it crosses nothing or, if there is no such place near, at least no other name.
    """
    panel = _inside(ax, scale)
    itself = _overlap(_squares(centre[None], 0.0), taken)[0]
    hurdles, second = taken[~itself], None
    for gap in RINGS:
        if second is not None and gap > NEAR:
            break
        places = centre + DIRECTIONS * (half + (RADIUS + gap) * scale)
        boxes = _around(places, half)
        within = (boxes[:, :2] >= panel[:2]).all(axis=1) & (boxes[:, 2:] <= panel[2:]).all(axis=1)
        free = np.logical_not(_overlap(boxes, taken).any(axis=1))
        for place in places[within & free]:
            way = _squares(_between(centre, np.clip(centre, place - half, place + half)), 0.0)
            if not _overlap(way, hurdles).any():
                found: Floats = place
                return found
            if second is None and not _overlap(way, names).any():
                second = place
    return second


def _inside(ax: Axes, scale: float) -> Floats:
    """Return the box of the panel, (4,) in pixels, two points within its edges."""
    panel = ax.get_window_extent()
    return np.array([panel.x0, panel.y0, panel.x1, panel.y1]) + scale * np.array([2, 2, -2, -2])


def _around(places: Floats, half: Floats) -> Floats:
    """Return boxes (n, 4): left, lower, right and upper edge."""
    return np.column_stack([places - half, places + half])


def _squares(places: Floats, half: float) -> Floats:
    return _around(places, np.array([half, half]))


def _overlap(boxes: Floats, hurdles: Floats) -> NDArray[np.bool_]:
    """Return which boxes lie on which hurdles, bool (n_boxes, n_hurdles)."""
    a, b = boxes[:, None], hurdles[None]
    apart = (a[..., :2] >= b[..., 2:]) | (a[..., 2:] <= b[..., :2])
    covers: NDArray[np.bool_] = np.invert(apart.any(axis=-1))
    return covers


def _between(start: Floats, end: Floats, steps: int = 12) -> Floats:
    """Return places on the way, without its ends."""
    fractions = np.linspace(0, 1, steps + 2)[1:-1, None]
    way: Floats = start + fractions * (end - start)
    return way
