"""Genes whose share of the counts differs between groups of samples.

Shares of a group are compared by its totals: under the null hypothesis, the counts of a gene are
shared out between two groups as all counts are. How far they may be from that is told by the
counts themselves, as in quasi-likelihood: by how many times their variance in a group, around its
own share, is that of Poisson, however it comes about (states that a model knows count as noise,
too). It is no less than that of a negative binomial with the dispersion of the other group, or
with that which a model leaves, and no less than 1. All is made of sums over samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import xlogy
from scipy.stats import false_discovery_control
from scipy.stats import t as student

from .group_sums import GroupSums, members

LEAST = 1e-30
HALF = 0.5
"""Counts by which an excess is taken less far than it is, because counts are whole numbers."""


@dataclass(frozen=True)
class Sums(GroupSums):
    """Sums over the samples of each group, whose totals are N, counts x and modelled shares p.

    Attributes
    ----------
    n
        Samples, (k,).
    totals, squared_totals
        Of N and N², (k,).
    counts, squares, products
        Of x, x² and N x, (k, m).
    shares
        Of p, (k, m).
    excess, expected
        Of (x - N p)² - N p and (N p)², by which the dispersion is told, (k, m).
    """

    n: np.ndarray
    totals: np.ndarray
    squared_totals: np.ndarray
    counts: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    shares: np.ndarray
    excess: np.ndarray
    expected: np.ndarray

    @property
    def dispersion(self) -> np.ndarray:
        """What counts vary by around the modelled rates, beyond Poisson, of one group, (m,)."""
        found: np.ndarray = np.maximum(self.excess, 0) / np.maximum(self.expected, 1e-300)
        return found


def are_counts(X: np.ndarray) -> bool:
    """Return whether all values are whole numbers from 0 on."""
    return bool((np.isfinite(X) & (X >= 0) & (np.floor(X) == X)).all())


def sums(X: np.ndarray, shares: np.ndarray, codes: np.ndarray, k: int) -> Sums:
    """Return the sums of some samples.

    Parameters
    ----------
    X
        Counts, (n, m).
    shares
        Modelled shares of the total, (n, m).
    codes
        The group of each sample, (n,), of `k`.
    """
    x, p = X.astype(np.float64), shares.astype(np.float64)
    total = x.sum(1)
    of_group = members(codes, k)
    mean = total[:, None] * p
    each = (total, total**2, x, x**2, total[:, None] * x, p, (x - mean) ** 2 - mean, mean**2)
    return Sums(of_group.sum(1), *(of_group @ values for values in each))


def compared(group: Sums, other: Sums, dispersion: np.ndarray) -> pd.DataFrame:
    """Return a table of all genes: score, log2 fold change with its standard error, p-values.

    Parameters
    ----------
    group, other
        Sums of one group each.
    dispersion
        Of each gene, around the modelled rates, (m,).
    """
    both = group + other
    part = group.totals / both.totals
    pooled = both.counts / both.totals
    seen = [_variance(of) for of in (group, other)]
    ratios = []
    for of, variance, beside, of_beside in ((group, seen[0], other, seen[1]),
                                            (other, seen[1], group, seen[0])):  # fmt: skip
        # What the other group is spread by is the least for this one, whose counts may be few.
        excess = np.maximum(of_beside - beside.counts, 0) * beside.totals**2
        spread = excess / np.maximum(beside.counts**2 * beside.squared_totals, LEAST)
        least = 1 + np.maximum(dispersion, spread) * pooled * of.squared_totals / of.totals
        ratios.append(np.maximum(variance / np.maximum(of.counts, 1), least))
    of_group, of_other = (1 - part) * ratios[0], part * ratios[1]
    inflation = of_group + of_other
    freedom = inflation**2 / (of_group**2 / (group.n - 1) + of_other**2 / (other.n - 1))
    means = [np.maximum(of.shares / of.n, LEAST) for of in (group, other)]
    change = np.log2(means[0] / means[1])
    score = _signed_root(group.counts, both.counts, part) / np.sqrt(inflation)
    # Where counts say the opposite of the model, nothing is claimed.
    score = np.where((score * change > 0) & (both.counts > 0), score, 0.0)
    p = 2 * student.sf(np.abs(score), freedom)
    relative = [
        ratio / np.maximum(of.counts, HALF)
        for ratio, of in zip(ratios, (group, other), strict=True)
    ]
    return pd.DataFrame(
        {
            "scores": score,
            "logfoldchanges": change,
            "standard_errors": np.sqrt(sum(relative)) / np.log(2),
            "pvals": p,
            "pvals_adj": false_discovery_control(p),
        }
    )


def _variance(of: Sums) -> np.ndarray:
    """Return the variance of the counts of a group, around its own share."""
    share = of.counts / of.totals
    seen = of.squares - 2 * share * of.products + share**2 * of.squared_totals
    found: np.ndarray = np.maximum(seen, 0) * of.n / (of.n - 1)
    return found


def _signed_root(counts: np.ndarray, both: np.ndarray, part: float) -> np.ndarray:
    """Return the signed root of the deviance of counts from their part of those of both groups."""
    expected = both * part
    excess = counts - expected
    x = expected + np.sign(excess) * np.maximum(np.abs(excess) - HALF, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviance = xlogy(x, x / expected) + xlogy(both - x, (both - x) / (both - expected))
    found: np.ndarray = np.sign(excess) * np.sqrt(2 * np.maximum(np.nan_to_num(deviance), 0))
    return found
