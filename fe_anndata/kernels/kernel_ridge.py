"""Kernel ridge regression from some genes to others, whose penalty leaves each sample out once.

The kernel is ``exp(-d² / (2 s²))`` of distances d, and s² the median of their squares. All
penalties share one eigendecomposition, and what is predicted of a sample by the others follows from
it without another fit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Floats = NDArray[np.float64]

PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
"""That are tried; of a kernel whose diagonal is 1."""
JUDGED = 256
"""Targets that choose among them, at most; of more, an evenly spaced choice."""


class KernelRidge:
    """A regression that is fitted.

    Parameters
    ----------
    A
        What is known of each sample, (n, s).
    Y
        What is to be predicted, (n, h).
    """

    def __init__(self, A: np.ndarray, Y: np.ndarray) -> None:
        self.centre, self.mean = A.mean(0, dtype=np.float64), Y.mean(0, dtype=np.float64)
        self.A, deviations = A - self.centre, Y - self.mean
        squares = _squared_distances(self.A, self.A)
        apart = squares[np.triu_indices(len(A), 1)]
        self.width = 2 * max(float(np.median(apart)), np.finfo(float).tiny) if len(apart) else 1.0
        values, vectors = eigh(np.exp(-squares / self.width))
        turned = vectors.T @ deviations
        every = -(-Y.shape[1] // JUDGED)
        self.penalty = min(
            PENALTIES, key=lambda p: _left_out(values, vectors, turned[:, ::every], p)
        )
        self.coefficients: Floats = vectors @ (turned / (values + self.penalty)[:, None])

    def __call__(self, A: np.ndarray) -> np.ndarray:
        """Return what is predicted of new samples, float32 (n, h)."""
        kernel = np.exp(-_squared_distances(A - self.centre, self.A) / self.width)
        predicted: np.ndarray = kernel @ self.coefficients + self.mean
        return predicted.astype(np.float32)


def _squared_distances(A: Floats, B: Floats) -> Floats:
    found: Floats = np.square(A).sum(1)[:, None] + np.square(B).sum(1) - 2 * A @ B.T
    return np.maximum(found, 0)


def _left_out(values: Floats, vectors: Floats, turned: Floats, penalty: float) -> float:
    """Return the mean square of what the other samples leave of each."""
    inverse = 1 / (values + penalty)
    left = vectors @ (turned * inverse[:, None]) / (np.square(vectors) @ inverse)[:, None]
    return float(np.square(left).mean())
