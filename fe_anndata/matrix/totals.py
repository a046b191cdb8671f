"""Expected counts of samples of one total, brought to the totals that samples have."""

from __future__ import annotations

import numpy as np


def to_totals(expected: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return expected values in the units of each row: as many as it has where both are known.

    Parameters
    ----------
    expected
        Of samples of one total, (n, m); NaN where nothing is expected.
    values
        Of the samples, (n, m); NaN where missing.
    """
    known = np.isfinite(expected) & np.isfinite(values)
    here = np.where(known, values, 0).sum(axis=1, dtype=np.float64)
    there = np.where(known, expected, 0).sum(axis=1, dtype=np.float64)
    factor = np.full(len(here), np.nan)
    np.divide(here, there, out=factor, where=there > 0)
    found: np.ndarray = (expected * factor[:, None]).astype(expected.dtype)
    return found
