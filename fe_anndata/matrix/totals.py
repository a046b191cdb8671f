"""Expected counts of samples of one total, brought to the totals that samples have."""

from __future__ import annotations

import numpy as np


def factors(expected: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return by what each row is to be multiplied to have the total of another, float64 (n,).

    Parameters
    ----------
    expected
        Rows to be multiplied, (n, m); NaN where nothing is known.
    values
        Rows that have the totals, (n, m); NaN where missing.

    Returns
    -------
    ndarray
        Ratios of the totals where both are known; NaN for a row whose total is 0.
    """
    known = np.isfinite(expected) & np.isfinite(values)
    here = np.where(known, values, 0).sum(axis=1, dtype=np.float64)
    there = np.where(known, expected, 0).sum(axis=1, dtype=np.float64)
    factor = np.full(len(here), np.nan)
    np.divide(here, there, out=factor, where=there > 0)
    return factor


def to_totals(expected: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return expected values in the units of each row: as many as it has where both are known.

    Parameters are those of :func:`factors`.
    """
    found: np.ndarray = (expected * factors(expected, values)[:, None]).astype(expected.dtype)
    return found
