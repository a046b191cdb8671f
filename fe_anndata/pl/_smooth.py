"""A density for the eye: fine where points lie dense, and smooth where they are few.

Each point is a round kernel as wide as the distance to its neighbours. One width for all, such as
Scott's for a single normal distribution, would make one blob of an embedding with many clusters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]

NARROWEST, WIDEST = 0.008, 0.045  # widths of kernels, as shares of the side of the panel
LEVELS = 12  # widths that are drawn: those of two levels differ by a sixth


def smooth(points: Floats, extent: tuple[float, float, float, float], pixels: int) -> Floats:
    """Return the density of finite points on a raster, (pixels, pixels), the second axis first.

    Parameters
    ----------
    points
        Coordinates, (n, 2).
    extent
        Left, right, lower and upper edge of the raster.
    pixels
        Along either axis.
    """
    low, high = np.array(extent).reshape(2, 2).T
    places = (points - low) / (high - low)
    squares = np.clip((places * pixels).astype(np.intp), 0, pixels - 1)
    flat = squares[:, 1] * pixels + squares[:, 0]
    level = _levels(places)
    found = np.zeros((pixels, pixels))
    for i, width in enumerate(np.geomspace(NARROWEST, WIDEST, LEVELS)):
        if not (level == i).any():
            continue
        counts = np.bincount(flat[level == i], minlength=pixels**2).reshape(pixels, pixels)
        found += gaussian_filter(counts.astype(np.float64), width * pixels, mode="constant")
    return found


def _levels(places: Floats) -> NDArray[np.intp]:
    """Return the level of the width of each point's kernel, (n,)."""
    number = min(len(places), 5 + int(np.sqrt(len(places)) / 2))
    distance = cKDTree(places).query(places, number)[0].reshape(len(places), -1)[:, -1]
    wide = np.clip(distance / 2.5, NARROWEST, WIDEST) / NARROWEST
    steps = np.log(wide) / np.log(WIDEST / NARROWEST) * (LEVELS - 1)
    levels: NDArray[np.intp] = np.round(steps).astype(np.intp)
    return levels
