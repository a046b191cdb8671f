"""Genes whose share of the counts differs between groups of samples.

Shares of a group are compared by its totals: under the null hypothesis, the counts of a gene are
shared out between two groups as all counts are. How far they may be from that is told by the
counts themselves. Their variance in a group is that around its own share, however it comes about
(states that a model knows count as noise, too), and at least that of a negative binomial with the
dispersion that a model leaves; Poisson is the least of all. All is made of sums over samples.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from scipy.special import xlogy
from scipy.stats import false_discovery_control
from scipy.stats import t as student

LEAST = 1e-30
HALF = 0.5
"""Counts by which an excess is taken less far than it is, because counts are whole numbers."""


@dataclass(frozen=True)
class Sums:
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

    def __add__(self, other: Sums) -> Sums:
        """Return the sums over the samples of both."""
        return Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def of(self, groups: np.ndarray) -> Sums:
        """Return the sums over some groups together."""
        return Sums(*(getattr(self, f.name)[groups].sum(0) for f in fields(self)))

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
    of_group = np.zeros((k, len(codes)))
    of_group[codes, np.arange(len(codes))] = 1
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
    spread = [_variance(of, pooled, dispersion) for of in (group, other)]
    of_group, of_other = (1 - part) ** 2 * spread[0], part**2 * spread[1]
    variance = of_group + of_other
    poisson = both.counts * part * (1 - part)
    with np.errstate(divide="ignore", invalid="ignore"):
        inflation = np.maximum(variance / poisson, 1)
        freedom = variance**2 / (of_group**2 / (group.n - 1) + of_other**2 / (other.n - 1))
    means = [np.maximum(of.shares / of.n, LEAST) for of in (group, other)]
    change = np.log2(means[0] / means[1])
    score = _signed_root(group.counts, both.counts, part) / np.sqrt(inflation)
    # Where counts say the opposite of the model, nothing is claimed.
    score = np.where((score * change > 0) & (both.counts > 0), score, 0.0)
    p = 2 * student.sf(np.abs(score), np.nan_to_num(freedom, nan=1.0))
    parts = zip(spread, (group, other), strict=True)
    relative = [of / np.maximum(sums.counts, HALF) ** 2 for of, sums in parts]
    return pd.DataFrame(
        {
            "scores": score,
            "logfoldchanges": change,
            "standard_errors": np.sqrt(sum(relative)) / np.log(2),
            "pvals": p,
            "pvals_adj": false_discovery_control(p),
        }
    )


def _variance(of: Sums, pooled: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Return the variance of the counts of a group, around its own share."""
    share = of.counts / of.totals
    seen = of.squares - 2 * share * of.products + share**2 * of.squared_totals
    least = pooled * of.totals + dispersion * pooled**2 * of.squared_totals
    found: np.ndarray = np.maximum(seen * of.n / (of.n - 1), least)
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
