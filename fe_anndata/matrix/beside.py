"""Matrices of the same samples side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from .values import Values


def deviation(X: Values) -> float:
    """Return the standard deviation of all observed values around the means of their columns."""
    if sparse.issparse(X):
        mean = np.asarray(X.mean(axis=0, dtype=np.float64)).ravel()
        squares = float(np.square(X.data, dtype=np.float64).sum()) - X.shape[0] * float(mean @ mean)
        return float(np.sqrt(max(squares, 0.0) / max(X.shape[0] * X.shape[1], 1)))
    observed = np.isfinite(X)
    n = np.maximum(observed.sum(axis=0), 1)
    mean = np.where(observed, X, 0).sum(axis=0, dtype=np.float64) / n
    left = np.where(observed, X - mean, 0)
    return float(np.sqrt(np.square(left).sum() / max(int(observed.sum()), 1)))


def beside(parts: Sequence[tuple[Values, np.ndarray, float]], n_obs: int) -> Values:
    """Return matrices side by side, each multiplied by a number; NaN where one has no sample.

    Parameters
    ----------
    parts
        Matrix, the place of each of its rows among the samples, and the number.
    n_obs
        Samples in all.
    """
    whole = all(len(rows) == n_obs for _, rows, _ in parts)
    if whole and all(sparse.issparse(X) for X, _, _ in parts):
        ordered = [X[np.argsort(rows)].astype(np.float32) * np.float32(s) for X, rows, s in parts]
        return sparse.hstack(ordered, format="csr", dtype=np.float32)
    widths = np.cumsum([0, *(X.shape[1] for X, _, _ in parts)])
    joined = np.full((n_obs, int(widths[-1])), np.nan, dtype=np.float32)
    for (X, rows, scale), first, last in zip(parts, widths, widths[1:], strict=False):
        dense = X.toarray() if sparse.issparse(X) else X
        joined[rows, first:last] = dense * np.float32(scale)
    return joined
