"""How alike one profile is to many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEASURES = {"pearson": "Pearson's r", "mse": "mean squared error"}


def likeness(profile: np.ndarray, others: np.ndarray, metric: str) -> NDArray[np.float64]:
    """Return Pearson's r or the mean squared error between a profile and each of others.

    Parameters
    ----------
    profile
        Of m genes, without missing values.
    others
        Of the same genes, (n, m).
    metric
        ``"pearson"`` (NaN where one of the two does not vary), or ``"mse"``.
    """
    x, y = profile.astype(np.float64), others.astype(np.float64)
    if metric == "mse":
        errors: NDArray[np.float64] = np.square(y - x).mean(axis=1)
        return errors
    x, y = x - x.mean(), y - y.mean(axis=1, keepdims=True)
    norms = np.sqrt((x @ x) * np.square(y).sum(axis=1))
    found = np.full(len(y), np.nan)
    np.divide(y @ x, norms, out=found, where=norms > 0)
    return found
