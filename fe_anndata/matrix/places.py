"""Places among samples: grids over their coordinates, paths from one place to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MARGIN = 0.05  # around the samples, as a share of their range


def grid_axes(table: Floats, points: int) -> list[Floats]:
    """Return evenly spaced coordinates along each axis of some samples, a little beyond them.

    Parameters
    ----------
    table
        The samples, (n, d), all finite.
    points
        How many along each axis.
    """
    low, high = table.min(axis=0), table.max(axis=0)
    pad = MARGIN * (high - low)
    pad[pad == 0] = pad.max() or 1.0
    return [np.linspace(*ends, points) for ends in zip(low - pad, high + pad, strict=True)]


def nodes(axes: Sequence[Floats]) -> Floats:
    """Return the nodes of a grid, (points**d, d); the last coordinate runs first."""
    mesh: Floats = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    return mesh


def along(stops: Floats, points: int) -> tuple[Floats, Floats]:
    """Return evenly spaced places on the straight lines from stop to stop, both ends included.

    Parameters
    ----------
    stops
        Where the lines begin and end, (k, d).
    points
        How many places.

    Returns
    -------
    places, at
        The places, (points, d), and which share of the way each stop lies at, (k,).

    Raises
    ------
    ValueError
        If all stops lie at one place.
    """
    lengths = np.linalg.norm(np.diff(stops, axis=0), axis=1)
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    if not at[-1] > 0:
        raise ValueError("all stops of the path lie at one place; name others.")
    at /= at[-1]
    shares = np.linspace(0, 1, points)
    return np.stack([np.interp(shares, at, axis) for axis in stops.T], axis=1), at
