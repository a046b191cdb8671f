"""Plain ways to predict genes of new samples from others of their genes. Arrays alone.

Each is fitted to complete training samples, and predicts profiles from some of their columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ..kernels.kernel_ridge import KernelRidge

NEIGHBOURS = 15
MOST = 4000
"""Training samples of kernel ridge regression; of more, an evenly spaced choice."""

Imputer: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From values (n, s) of the columns (s,) to all columns, (n, m)."""


class Means:
    """The mean of each gene."""

    def __init__(self, train: np.ndarray) -> None:
        self.means = train.mean(0)

    def __call__(self, seen: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the means, whatever is seen."""
        return np.broadcast_to(self.means, (len(seen), len(self.means)))


class Components:
    """Principal components with missing values: scores that are likely given what is seen.

    That is the posterior mean of probabilistic PCA (Tipping and Bishop 1999).
    """

    def __init__(self, train: np.ndarray, dim: int) -> None:
        n, m = train.shape
        self.centre = train.mean(0)
        # The smaller Gram matrix has the same eigenvalues.
        X = (train - self.centre).astype(np.float64)
        values, vectors = np.linalg.eigh(X @ X.T if n < m else X.T @ X)
        values, vectors = values[::-1][:dim].clip(1e-12), vectors[:, ::-1][:, :dim]
        self.loadings = X.T @ vectors / np.sqrt(values) if n < m else vectors
        noise = max(float(np.square(X).sum() - values.sum()) / n / max(1, m - dim), 1e-12)
        self.prior = noise / np.maximum(values / n - noise, 1e-12)

    def __call__(self, seen: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the profiles of the scores."""
        W = self.loadings[columns]
        gram = W.T @ W + np.diag(self.prior)
        scores = np.linalg.solve(gram, W.T @ (seen - self.centre[columns]).T).T
        predicted: np.ndarray = self.centre + scores @ self.loadings.T
        return predicted


class Neighbours:
    """The mean of the training samples that are nearest by what is seen."""

    def __init__(self, train: np.ndarray) -> None:
        self.train = train

    def __call__(self, seen: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the means of the nearest."""
        theirs = self.train[:, columns].astype(np.float64)
        centre = theirs.mean(0)
        theirs, ours = theirs - centre, seen - centre
        distance = np.square(theirs).sum(1) - 2 * ours @ theirs.T
        number = min(NEIGHBOURS, len(theirs))
        nearest = np.argpartition(distance, number - 1, axis=1)[:, :number]
        return np.stack([self.train[rows].mean(0) for rows in nearest])


class Regression:
    """Kernel ridge regression from the genes that are seen to the others."""

    def __init__(self, train: np.ndarray) -> None:
        self.train = train[:: -(-len(train) // MOST)]

    def __call__(self, seen: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the predictions, and what is seen.

        What is seen is no target: to predict it would ask for another penalty.
        """
        hidden = np.setdiff1d(np.arange(self.train.shape[1]), columns)
        predicted = np.empty((len(seen), self.train.shape[1]), dtype=np.float32)
        predicted[:, columns] = seen
        if len(hidden):
            fitted = KernelRidge(self.train[:, columns], self.train[:, hidden])
            predicted[:, hidden] = fitted(seen)
        return predicted


def named(name: str, train: np.ndarray, dim: int) -> Imputer:
    """Return a rival by its name, fitted to complete training samples."""
    if name == "pca":
        return Components(train, dim)
    rivals: dict[str, Callable[[np.ndarray], Imputer]] = {
        "means": Means,
        "knn": Neighbours,
        "ridge": Regression,
    }
    return rivals[name](train)
