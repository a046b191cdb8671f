"""Names of categories on their points: each where it covers nothing that matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from numpy.typing import NDArray

from .._core.log import logger
from ._axes import figure_of
from ._clusters import Cluster, clusters_of, counted
from ._short import shortened
from ._text import AS_TYPED, ink, paper

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SQUARE = 2.0  # points, the grain in which places are looked for
FORMS = ((0.83, 16, 3), (0.75, 14, 2), (0.7, 14, 2), (0.6, 14, 2), (0.6, 10, 2), (0.6, 10, 1))
"""Of a name: height of its letters as a share of the default, letters in a line, and lines."""
TALLEST = 12.0  # points: taller letters are for slides, whose maps are no larger
CROWDED = 0.24  # of the panel: where names would cover more, all begin with a smaller form
EDGE = 2  # squares between a name and the edge of the panel
FOREIGN = 1.5  # how much a name avoids the points of others,
MOVED = 0.35  # how much it avoids to need a line,
TRIED = 60  # and how many places are tried, the best first
MEETING = 5  # squares from the end of a line, within which others may end
FARTHEST = 0.32  # of the side of the panel: no line is longer


def write_on(
    ax: Axes, points: Floats, codes: NDArray[np.intp], labels: Sequence[str]
) -> list[Text]:
    """Write the name of each category at the densest place of each of its main clusters.

    A name that finds no room there, clear of other names and of the cores of other clusters,
    stands at the best place near it, with a line to it. Where there is none either, its letters
    are smaller and fewer, and at last it is left out, with a line in the log.

    Parameters
    ----------
    ax
        The panel, in its final size.
    points
        Coordinates, (n, 2).
    codes
        The place of each point's category among `labels`, (n,).

    Returns
    -------
    The names that are written.
    """
    figure_of(ax).draw_without_rendering()  # limits and size of the panel are final only then
    page = _Page(ax, points, codes)
    shown = [labels[cluster.code] for cluster in page.clusters]
    forms = [(size, shortened(labels, width, lines)) for size, width, lines in FORMS]
    first = _first_form(page, forms)
    written = []
    for cluster in page.clusters:
        for size, names in forms[first:]:
            text = page.write(cluster, names[cluster.code], size)
            if text is not None:
                written.append(text)
                break
    if len(written) < len(shown):
        logger.warning(
            f"{len(shown) - len(written)} of {len(shown)} names had no room on the data and are "
            'left out; draw into a larger ax, or take legend="right"'
        )
    return written


class _Page:
    """A panel with its points, and what is written on it so far."""

    def __init__(self, ax: Axes, points: Floats, codes: NDArray[np.intp]):
        self.ax = ax
        self.scale = SQUARE * figure_of(ax).dpi / 72  # pixels along a square
        panel = ax.get_window_extent()
        self.corner = np.array([panel.x0, panel.y0])
        self.side = int(max(panel.width, panel.height) / self.scale) + 1
        self.ends = np.array([panel.width, panel.height]) / self.scale
        places = (ax.transData.transform(points) - self.corner) / self.scale
        within = ((places >= 0) & (places < self.ends)).all(axis=1)
        squares, self.codes = places[within].astype(np.intp), codes[within]
        self.clusters = clusters_of(squares, self.codes, self.side)
        self.filled = {
            code: counted(squares[self.codes == code], self.side) > 0
            for code in np.unique(self.codes)
        }
        self.all = sum(self.filled.values(), np.zeros((self.side, self.side)))
        self.cores = sum((c.core for c in self.clusters), np.zeros((self.side, self.side)))
        self.names = np.zeros((self.side, self.side), dtype=bool)
        self.lines = np.zeros((self.side, self.side), dtype=bool)

    def draw(self, name: str, size: float) -> tuple[Text, Floats]:
        """Write a name anywhere; return it and its width and height in squares."""
        points = size * min(mpl.rcParams["font.size"], TALLEST)
        text = self.ax.text(0, 0, name, fontsize=points, ha="center", va="center", **AS_TYPED)
        text.set(color=ink(self.ax), fontweight="bold", linespacing=1.0, zorder=4)
        text.set_path_effects([withStroke(linewidth=0.25 * points, foreground=paper(self.ax))])
        box = text.get_window_extent()
        return text, np.array([box.width, box.height]) / self.scale

    def write(self, cluster: Cluster, name: str, size: float) -> Text | None:
        """Write a name at the best free place; return it, or None if there is none."""
        text, extent = self.draw(name, size)
        found = self._place(cluster, extent)
        if found is None:
            text.remove()
            return None
        low, way = found
        high = low + extent
        a, b = np.floor(low).astype(int), np.ceil(high).astype(int)
        self.names[a[0] : b[0], a[1] : b[1]] = True
        if way is not None:
            self.lines[tuple(way.astype(int).T)] = True
            self._line(way)
        text.set_position(self._to_data((low + high) / 2))
        return text

    def _place(self, cluster: Cluster, extent: Floats) -> tuple[Floats, Floats | None] | None:
        """Return the lower left corner of a name, and the way of its line if it needs one."""
        number = np.ceil(extent).astype(int)
        room = np.floor(self.ends - EDGE).astype(int) - number
        if (room < EDGE).any():
            return None
        corners = np.stack(
            np.meshgrid(np.arange(EDGE, room[0] + 1), np.arange(EDGE, room[1] + 1), indexing="ij"),
            axis=-1,
        ).reshape(-1, 2)
        free = _within(self.names | self.lines, corners, number) == 0
        free &= _within(self.cores - cluster.core, corners, number) == 0
        corners = corners[free]
        if not len(corners):
            return None
        peak = np.array(cluster.peak) + 0.5
        gap = np.linalg.norm(np.clip(peak, corners, corners + number) - peak, axis=1)
        off = np.linalg.norm((corners + number / 2 - peak) / number, axis=1)
        others = self.all - self.filled[cluster.code]
        cost = _within(others > 0, corners, number) / number.prod() * FOREIGN
        cost += gap / (0.15 * self.side) + MOVED * (gap > 0) + 0.3 * np.minimum(off, 1)
        cost[gap > FARTHEST * self.side] = np.inf
        for i in np.argsort(cost, kind="stable")[:TRIED]:
            if not np.isfinite(cost[i]):
                break
            low = corners[i].astype(np.float64)
            if gap[i] == 0:
                return low, None
            edge = np.clip(peak, low, low + number)
            way = edge + np.linspace(0, 1, 2 * int(gap[i]) + 3)[:, None] * (peak - edge)
            way = np.clip(way, 0, self.side - 1)
            if not self._crosses(way):
                return low, way
        return None

    def _crosses(self, way: Floats) -> bool:
        """Return whether a line would cross a name, or another line other than where both end."""
        squares = tuple(way.astype(int).T)
        apart = np.linalg.norm(way - way[-1], axis=1) > MEETING
        return bool(self.names[squares].any() or self.lines[squares][apart].any())

    def _line(self, way: Floats) -> None:
        """Draw a thin line, which ends in a dot at the peak."""
        ends = np.array([self._to_data(way[0]), self._to_data(way[-1])])
        (line,) = self.ax.plot(
            *ends.T, color=ink(self.ax), linewidth=0.7, zorder=3.5, label="_line",
            marker="o", markersize=2.2, markevery=[1], scalex=False, scaley=False,
        )  # fmt: skip
        line.set_path_effects([withStroke(linewidth=2.2, foreground=paper(self.ax))])

    def _to_data(self, place: Floats) -> tuple[float, float]:
        pixels = self.corner + place * self.scale
        x, y = self.ax.transData.inverted().transform(pixels)
        return float(x), float(y)


def _first_form(page: _Page, forms: Sequence[tuple[float, list[str]]]) -> int:
    """Return the first form in which the names would not crowd the panel."""
    for i, (size, names) in enumerate(forms):
        covered = 0.0
        for cluster in page.clusters:
            text, extent = page.draw(names[cluster.code], size)
            text.remove()
            covered += float(extent.prod())
        if covered <= CROWDED * page.ends.prod():
            return i
    return len(forms) - 1


def _within(squares: NDArray[Any], corners: NDArray[np.intp], extent: NDArray[np.intp]) -> Floats:
    """Return the sum over the squares of boxes of one extent, by their lower left corners."""
    sums = np.zeros(np.array(squares.shape) + 1)
    sums[1:, 1:] = squares.cumsum(axis=0).cumsum(axis=1)
    (x0, y0), (x1, y1) = corners.T, (corners + extent).T
    found: Floats = sums[x1, y1] - sums[x0, y1] - sums[x1, y0] + sums[x0, y0]
    return found
