"""Kernel ridge regression from some genes to others, whose penalty leaves each sample out once.

The kernel is ``exp(-d² / (2 s²))`` of distances d, and s² the median of their squares. Penalties
are tried on some of the samples, with one eigendecomposition for all of them: what is predicted of
a sample by the others follows from it without another fit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh

Floats = NDArray[np.float64]

PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
"""That are tried; of a kernel whose diagonal is 1."""
JUDGED = 256
"""Targets that choose among them, at most; of more, an evenly spaced choice."""
TRIED_ON = 1000
"""Samples that choose among them, at most, likewise."""


class KernelRidge:
    """A regression that is fitted.

    Parameters
    ----------
    A
        What is known of each sample, (n, s); at least two.
    Y
        What is to be predicted, (n, h).
    """

    def __init__(self, A: np.ndarray, Y: np.ndarray) -> None:
        self.centre, self.mean = A.mean(0, dtype=np.float64), Y.mean(0, dtype=np.float64)
        self.A, deviations = A - self.centre, Y - self.mean
        squares = _squared_distances(self.A, self.A)
        every = -(-len(A) // TRIED_ON)
        some = squares[::every, ::every]
        apart = some[np.triu_indices(len(some), 1)]
        self.width = 2 * max(float(np.median(apart)), np.finfo(float).tiny)
        targets = deviations[::every, :: -(-Y.shape[1] // JUDGED)]
        self.penalty = _penalty(np.exp(-some / self.width), targets - targets.mean(0))
        kernel = np.exp(-squares / self.width)
        kernel.flat[:: len(A) + 1] += self.penalty
        self.coefficients: Floats = cho_solve(cho_factor(kernel, lower=True), deviations)

    def __call__(self, A: np.ndarray) -> np.ndarray:
        """Return what is predicted of new samples, float32 (n, h)."""
        kernel = np.exp(-_squared_distances(A - self.centre, self.A) / self.width)
        predicted: np.ndarray = kernel @ self.coefficients + self.mean
        return predicted.astype(np.float32)


def _squared_distances(A: Floats, B: Floats) -> Floats:
    found: Floats = np.square(A).sum(1)[:, None] + np.square(B).sum(1) - 2 * A @ B.T
    return np.maximum(found, 0)


def _penalty(kernel: Floats, targets: Floats) -> float:
    """Return the penalty with which each sample is predicted best by the others."""
    values, vectors = eigh(kernel)
    turned = vectors.T @ targets

    def left(penalty: float) -> float:
        inverse = 1 / (values + penalty)
        errors = vectors @ (turned * inverse[:, None]) / (np.square(vectors) @ inverse)[:, None]
        return float(np.square(errors).mean())

    return min(PENALTIES, key=left)
