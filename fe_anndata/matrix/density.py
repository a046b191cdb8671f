"""How dense points lie in the plane.

The estimate is the one of `scipy.stats.gaussian_kde` with Scott's bandwidth, which costs O(n^2).
Here it costs O(n): the points are counted on a fine grid, the grid is smoothed, and the value
at a point is read off it. The grid lies in whitened coordinates, where Scott's kernel is round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Floats = NDArray[np.float64]

CELLS_PER_BANDWIDTH = 8  # finer changes the density by less than a percent
ACCURACY = 0.01  # of the grid, relative: smaller differences are none
REACH = 4  # bandwidths after which the kernel is cut off


@dataclass(frozen=True)
class Density:
    """A density estimate, ready to be read anywhere in the plane."""

    mean: Floats  # (2,)
    whiten: Floats  # (2, 2): the points are white, and the kernel round, after (p - mean) @ whiten
    origin: Floats  # (2,) whitened coordinates of the first grid node
    step: float  # between grid nodes
    nodes: Floats  # (nx, ny), probability per unit of area

    def at(self, points: Floats) -> Floats:
        """Return the density at each of `points`, (m, 2) -> (m,)."""
        node = ((points - self.mean) @ self.whiten - self.origin) / self.step
        found: Floats = map_coordinates(self.nodes, node.T, order=1, mode="constant")
        return found


def estimate(points: Floats, bins: int = 1024) -> Density:
    """Return the density of `points`, (n, 2), n at least 1, all finite.

    Parameters
    ----------
    points
        Coordinates.
    bins
        The most grid cells along one axis; it bounds memory when a few points lie far out.
    """
    n = len(points)
    mean = points.mean(axis=0)
    whiten = _whitening(points - mean)
    white = (points - mean) @ whiten
    bandwidth = n ** (-1 / 6)  # Scott's rule in two dimensions
    low, high = white.min(axis=0), white.max(axis=0)
    step = max(bandwidth / CELLS_PER_BANDWIDTH, float((high - low).max()) / bins)
    pad = int(np.ceil(REACH * bandwidth / step)) + 1
    origin = low - pad * step
    nx, ny = ((high - origin) / step).astype(int) + pad + 2
    counts = _counts((white - origin) / step, (nx, ny))
    # Sharing a point among nodes and reading between nodes both blur by 1/6 of a cell squared.
    sigma = np.sqrt(max((bandwidth / step) ** 2 - 1 / 3, 0))
    smooth = gaussian_filter(counts, sigma, mode="constant", truncate=REACH)
    per_area = abs(np.linalg.det(whiten)) / (n * step**2)
    return Density(mean, whiten, origin, step, smooth * per_area)


def _counts(position: Floats, shape: tuple[int, int]) -> Floats:
    """Share each point among the four nodes around it, by nearness; (n, 2) -> `shape`."""
    node = position.astype(np.int64)
    part = position - node
    first = node[:, 0] * shape[1] + node[:, 1]
    counts = np.zeros(shape[0] * shape[1])
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            counts += np.bincount(first + dx * shape[1] + dy, weight, minlength=len(counts))
    return counts.reshape(shape)


def _whitening(centred: Floats) -> Floats:
    """Return the matrix, (2, 2), after which the points have unit covariance.

    A direction in which the points do not spread is given the spread of the other one (or 1).
    """
    spread = np.where(np.ptp(centred, axis=0) > 0, centred.std(axis=0), 0)
    spread[spread == 0] = spread.max() or 1.0
    scaled = centred / spread
    variance, axes = np.linalg.eigh(scaled.T @ scaled / max(len(centred) - 1, 1))
    variance[variance <= 1e-12 * variance.max()] = variance.max() or 1.0
    whitening: Floats = (axes / np.sqrt(variance)) / spread[:, None]
    return whitening


def density(points: Floats, bins: int = 1024) -> Floats:
    """Return the density at each of `points`, (n, 2) -> (n,); NaN where a coordinate is missing."""
    values = np.full(len(points), np.nan)
    finite = np.isfinite(points).all(axis=1)
    if finite.any():
        values[finite] = estimate(points[finite], bins).at(points[finite])
    return values


def density_on_grid(points: Floats, x: Floats, y: Floats, bins: int = 1024) -> Floats:
    """Return the density of finite `points` on a raster, (len(y), len(x))."""
    mesh = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return estimate(points, bins).at(mesh).reshape(len(y), len(x))


def to_unit_range(values: Floats) -> Floats:
    """Return densities from 0, the least, to 1, the greatest; all 1 if they do not differ."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return values.copy()
    low, high = finite.min(), finite.max()
    if high - low <= ACCURACY * high:
        return np.where(np.isfinite(values), 1.0, np.nan)
    scaled: Floats = (values - low) / (high - low)
    return scaled
