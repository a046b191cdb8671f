"""Ridge regression on labels for all properties at once: a regularised linear discriminant.

Least squares on labels 0 and 1 gives the direction of Fisher's discriminant, whatever the share
of members, so that one Gram matrix serves all properties. Weights that balance the classes would
need a Gram matrix per property.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

STRENGTHS = np.logspace(-3, 3, 7)
"""Penalties in units of the number of genes, the mean eigenvalue of the Gram matrix."""


class Ridge:
    """The classifier of one fold; everything that does not depend on labels is computed once.

    The seed is not used, because nothing is random.
    """

    def __init__(self, train: np.ndarray, test: np.ndarray, seed: int = 0) -> None:
        mean, deviation = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
        deviation[deviation == 0] = 1
        self.train = (train - mean) / deviation
        self.test = (test - mean) / deviation
        n = len(train)
        eigenvalues, self.axes = np.linalg.eigh(self.train.T @ self.train)
        self.eigenvalues = np.maximum(eigenvalues, 0)
        self.train = self.train @ self.axes  # now along the axes of the Gram matrix
        self.penalties = n * STRENGTHS
        # Times 1 / (1 - leverage)^2, a squared residual is that of a fit without the gene.
        self.weights = np.empty((n, len(STRENGTHS)))
        for k, penalty in enumerate(self.penalties):
            leverage = 1 / n + self.train**2 @ (1 / (self.eigenvalues + penalty))
            self.weights[:, k] = 1 / np.maximum(1 - leverage, 1e-12) ** 2
        design = np.column_stack([np.ones(n), self.train])
        self.grams = [(design * w[:, None]).T @ design for w in self.weights.T]

    def scores(self, labels: sparse.csc_array) -> np.ndarray:
        """Return how much each test gene looks like a member, float32 (n_properties, n_test).

        The scores of the training genes have unit variance and there is no intercept, so that the
        scores of different folds can be pooled. (An intercept would depend on the number of
        members in the fold: the more of them are held out, the lower all genes would score.)
        """
        members = sparse.csr_array(labels.T, dtype=np.float64)  # (n_properties, n_train)
        products = members @ self.train
        coefficients = self._coefficients(products, self._best(members, products))
        spread = np.sqrt(coefficients**2 @ self.eigenvalues / len(self.train))
        coefficients /= np.where(spread > 0, spread, 1)[:, None]
        found: np.ndarray = ((coefficients @ self.axes.T) @ self.test.T).astype(np.float32)
        return found

    def strengths(self, labels: sparse.csc_array) -> np.ndarray:
        """Return the one of `STRENGTHS` that is chosen for each property, (n_properties,)."""
        members = sparse.csr_array(labels.T, dtype=np.float64)
        return np.asarray(STRENGTHS[self._best(members, members @ self.train)])

    def _coefficients(self, products: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return coefficients (n_properties, d), given the number of each chosen penalty."""
        return np.asarray(products / (self.eigenvalues + self.penalties[chosen, None]))

    def _best(self, members: sparse.csr_array, products: np.ndarray) -> np.ndarray:
        """Return the number of the penalty with the least leave-one-out error, (n_properties,).

        The error is the sum over genes of w (y - f)^2. As f is linear in the coefficients, it is a
        quadratic form of them, and y is zero except for members; so nothing of size properties x
        genes is needed.
        """
        rates = members.sum(axis=1) / members.shape[1]
        errors = np.empty((len(STRENGTHS), len(products)))
        squares = members @ self.weights  # the sum of w y^2, for each penalty
        weighted = members.copy()
        for k, gram in enumerate(self.grams):
            fitted = np.column_stack(
                [rates, self._coefficients(products, np.full(len(products), k))]
            )
            weighted.data[:] = self.weights[members.indices, k]
            across = weighted @ self.train  # the sum of w y x
            crossed = squares[:, k] * rates + (across * fitted[:, 1:]).sum(axis=1)
            errors[k] = squares[:, k] - 2 * crossed + ((fitted @ gram) * fitted).sum(axis=1)
        return np.asarray(errors.argmin(axis=0))
