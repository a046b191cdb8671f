"""Samples counted in hexagons."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from numpy.typing import NDArray

Extent = tuple[float, float, float, float]  # left, right, bottom, top


def require_bins(bins: object) -> None:
    """Raise ValueError unless `bins` is a positive whole number."""
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ValueError(f"bins must be a positive integer, got {bins!r}.")


def extent_of(points: NDArray[np.float64], share: float) -> Extent:
    """Return the range of points, (n, 2), with a margin of this share of it on every side."""
    low, high = points.min(axis=0), points.max(axis=0)
    pad = share * (high - low)
    pad[pad == 0] = pad.max() or 1.0
    (left, bottom), (right, top) = low - pad, high + pad
    return float(left), float(right), float(bottom), float(top)


def hexagons(
    ax: Axes, points: NDArray[np.float64], bins: int, extent: Extent, **style: Any
) -> ScalarMappable:
    """Draw how many points are in each hexagon, of which `bins` lie along the first axis."""
    return ax.hexbin(*points.T, gridsize=bins, extent=extent, mincnt=1, linewidths=0.2, **style)
