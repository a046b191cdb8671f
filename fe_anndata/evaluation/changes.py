"""Which genes change most along a path."""

from __future__ import annotations

import numpy as np


def most_changed(profiles: np.ndarray, n: int) -> np.ndarray:
    """Return the `n` genes whose values have the greatest range, the greatest first.

    Parameters
    ----------
    profiles
        Along the path, (points, genes).
    n
        How many.
    """
    ranges = np.ptp(profiles, axis=0)
    return np.argsort(-ranges, kind="stable")[:n]


def by_turn(changes: np.ndarray) -> np.ndarray:
    """Return the order of genes that shows when they change: those that rise, then those that fall.

    Within both, a gene stands by when it has done half of its greatest change.

    Parameters
    ----------
    changes
        Since the start of the path, (points, genes).
    """
    sizes = np.abs(changes)
    greatest = sizes.argmax(axis=0)
    falls = np.take_along_axis(changes, greatest[None], axis=0)[0] < 0
    half = (sizes >= 0.5 * sizes.max(axis=0)).argmax(axis=0)
    return np.lexsort((half, falls))
