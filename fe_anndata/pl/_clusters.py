"""Where the points of each category lie in a panel: their main clusters and the cores of these.

All is counted on a grid of small squares over the panel, because that is what a reader sees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label, maximum

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLUR = 0.025  # of the side of the panel: points this near are of one cluster
VALLEY = 0.2  # of the peak: where fewer points lie, a cluster ends
MAIN = 0.15  # a main cluster has at least this share of the points of its category
APART = 0.14  # of the side of the panel: clusters nearer to each other have one name
CORE = 0.6  # of the peak: where more points lie, is the core of a cluster
WIDTH = 0.05  # of the side of the panel: no core reaches farther from the peak


@dataclass(frozen=True)
class Cluster:
    """One main cluster of a category."""

    code: int  # of the category
    size: int  # points
    peak: tuple[int, int]  # the square of the grid where its points are densest
    core: Mask  # squares of the grid in which no other category is as dense


def clusters_of(squares: NDArray[np.intp], codes: NDArray[np.intp], side: int) -> list[Cluster]:
    """Return the main clusters of all categories: first the largest of each, by size.

    Parameters
    ----------
    squares
        The square that each point lies in, (n, 2), from 0 to ``side - 1``.
    codes
        The category of each point, (n,).
    side
        Squares along either axis.
    """
    first: list[Cluster] = []
    more: list[Cluster] = []
    densest, owner = np.zeros((side, side)), np.full((side, side), -1)
    for code in np.unique(codes):
        counts = counted(squares[codes == code], side)
        dense = gaussian_filter(counts, BLUR * side, mode="constant")
        largest, *others = _main(int(code), counts, dense)
        first.append(largest)
        more += others
        owner = np.where(dense > densest, code, owner)
        densest = np.maximum(dense, densest)
    return [
        replace(cluster, core=cluster.core & (owner == cluster.code))
        for clusters in (first, more)
        for cluster in sorted(clusters, key=lambda cluster: -cluster.size)
    ]


def counted(squares: NDArray[np.intp], side: int) -> Floats:
    """Return how many points lie in each square, (side, side)."""
    flat = np.bincount(squares[:, 0] * side + squares[:, 1], minlength=side * side)
    return flat.reshape(side, side).astype(np.float64)


def _main(code: int, counts: Floats, dense: Floats) -> list[Cluster]:
    """Return the main clusters of one category, of which there is one at least."""
    places = np.argwhere(counts > 0)
    parts, number = label(dense >= VALLEY * dense.max(), np.ones((3, 3)))
    numbers = np.arange(1, number + 1)
    sizes = np.array([counts[parts == part].sum() for part in numbers])
    tops = maximum(dense, parts, numbers)
    found: list[Cluster] = []
    for i in np.lexsort((-tops, -sizes)):
        if found and sizes[i] < MAIN * counts.sum():
            break
        inside = places[parts[tuple(places.T)] == numbers[i]]
        x, y = inside[np.argmax(dense[tuple(inside.T)])]
        far = [np.hypot(x - c.peak[0], y - c.peak[1]) for c in found]
        if found and min(far) < APART * len(counts):
            continue
        grid = np.indices(counts.shape)
        near = np.hypot(grid[0] - x, grid[1] - y) <= WIDTH * len(counts)
        core = near & (parts == numbers[i]) & (dense >= CORE * dense[x, y])
        found.append(Cluster(code, int(sizes[i]), (int(x), int(y)), core))
    return found
