"""How a gene sets a group of samples apart, by what is observed and by what a model predicts.

Two measures know different things. The area under the curve (AUC) is that of the observed values:
how often a sample of the group has a higher one than a sample of the others. It knows no model and
no unit. The predicted difference is that of the mean predictions, in units of what the model leaves
of the gene; it has little of the noise of single samples. The score is their geometric mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from .group_sums import GroupSums, members

LEAST = 0.1
"""Least noise of a gene, as a share of its standard deviation."""


@dataclass(frozen=True)
class Sums(GroupSums):
    """Sums over the samples of each group.

    Attributes
    ----------
    n
        Samples, (k,).
    predicted
        Of the predictions, (k, m).
    known
        Observed values, which are not missing, (k, m).
    observed, squares
        Of these and of their squares, (k, m).
    left
        Of the squares of what predictions leave of them, (k, m).
    """

    n: np.ndarray
    predicted: np.ndarray
    known: np.ndarray
    observed: np.ndarray
    squares: np.ndarray
    left: np.ndarray

    @property
    def noise(self) -> np.ndarray:
        """What the model leaves of a gene in a sample, root mean square, of one group, (m,)."""
        known = np.maximum(self.known, 1)
        variance = np.maximum(self.squares / known - (self.observed / known) ** 2, 0)
        found: np.ndarray = np.maximum(np.sqrt(self.left / known), LEAST * np.sqrt(variance))
        return found


def sums(X: np.ndarray, predicted: np.ndarray, codes: np.ndarray, k: int) -> Sums:
    """Return the sums of some samples.

    Parameters
    ----------
    X
        Observed values, (n, m); NaN where missing.
    predicted
        Predictions, (n, m).
    codes
        The group of each sample, (n,), of `k`.
    """
    known = np.isfinite(X)
    x, p = np.where(known, X, 0).astype(np.float64), predicted.astype(np.float64)
    of_group = members(codes, k)
    each = (p, known.astype(np.float64), x, x**2, np.where(known, x - p, 0) ** 2)
    return Sums(of_group.sum(1), *(of_group @ values for values in each))


def auc(X: np.ndarray, codes: np.ndarray, k: int, against: int | None = None) -> np.ndarray:
    """Return how often a sample of a group has a higher value than another one, (k, m).

    Ties count half, and values that are missing do not count; NaN where there is nothing to
    compare. It is the statistic of Mann and Whitney's test, divided by the number of pairs.

    Parameters
    ----------
    X
        Values, (n, m); NaN where missing.
    codes
        The group of each sample, (n,), of `k`.
    against
        The group that others are compared with; by default all samples of other groups.
    """
    if against is None:
        return _auc_of_rest(X, codes, k)
    found = np.full((k, X.shape[1]), np.nan)
    for group in np.setdiff1d(codes, [against]):
        rows = (codes == group) | (codes == against)
        found[group] = _auc_of_rest(X[rows], (codes[rows] == group).astype(int), 2)[1]
    return found


def _auc_of_rest(X: np.ndarray, codes: np.ndarray, k: int) -> np.ndarray:
    known, of_group = np.isfinite(X), members(codes, k)
    ranks = np.where(known, rankdata(X, axis=0, nan_policy="omit"), 0)
    n = of_group @ known
    pairs = n * (n.sum(0) - n)
    above = of_group @ ranks - n * (n + 1) / 2
    found = np.full(above.shape, np.nan)
    np.divide(above, pairs, out=found, where=pairs > 0)
    return found


def compared(group: Sums, other: Sums, auc: np.ndarray, noise: np.ndarray) -> pd.DataFrame:
    """Return a table of all genes: score, both differences, AUC and noise.

    Parameters
    ----------
    group, other
        Sums of one group each.
    auc, noise
        Of each gene, (m,).
    """
    predicted = group.predicted / group.n - other.predicted / other.n
    with np.errstate(invalid="ignore"):  # nothing observed
        observed = group.observed / group.known - other.observed / other.known
    effect = np.divide(predicted, noise, out=np.zeros_like(predicted), where=noise > 0)
    excess = 2 * auc - 1
    # Where model and data point to different sides, or nothing was observed, nothing is claimed.
    agree = (predicted * observed > 0) & (predicted * excess > 0)
    score = np.where(agree, np.sign(predicted) * np.sqrt(np.abs(effect * excess)), 0.0)
    return pd.DataFrame(
        {
            "scores": score,
            "difference_predicted": predicted,
            "difference_observed": observed,
            "auc": auc,
            "noise": noise,
        }
    )
