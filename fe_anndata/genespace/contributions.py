"""What samples, or groups of them, contribute to the correlation of two genes."""

from __future__ import annotations

import numpy as np
import pandas as pd


def standardised(values: np.ndarray) -> np.ndarray:
    """Return the columns at mean 0 and variance 1 (divided by the number of rows), float64.

    A column whose values are all the same becomes 0.
    """
    if not len(values):
        return values
    moved = values - values.mean(axis=0)
    scale = np.abs(values).max(axis=0, initial=0)
    spread = moved.std(axis=0)
    flat = spread <= 1e-12 * scale
    z: np.ndarray = np.where(flat, 0.0, moved / np.where(flat, 1.0, spread))
    return z


def of_samples(a: np.ndarray, b: np.ndarray) -> pd.DataFrame:
    """Return what each sample adds to the correlation of two standardised genes.

    ``contribution`` is ``a[s] * b[s] / n_samples``; the contributions add up to Pearson's r.
    ``share`` is the contribution divided by r, NaN if r is 0.
    """
    contribution = a * b / len(a)
    return pd.DataFrame(
        {"a": a, "b": b, "contribution": contribution, "share": _shares(contribution)}
    )


def of_groups(a: np.ndarray, b: np.ndarray, codes: np.ndarray, n_groups: int) -> pd.DataFrame:
    """Return what each group of samples adds to the correlation of two standardised genes.

    `codes` is the number of the group of each sample; no group is empty. ``a`` and ``b`` are the
    means of the group. ``within`` is the part of the contribution that comes from deviations from
    these means; it would be left if all groups had the same means.
    """
    size = np.bincount(codes, minlength=n_groups)
    means = [np.bincount(codes, weights=z, minlength=n_groups) / size for z in (a, b)]
    contribution = np.bincount(codes, weights=a * b, minlength=n_groups) / len(a)
    return pd.DataFrame(
        {
            "n_samples": size,
            "a": means[0],
            "b": means[1],
            "contribution": contribution,
            "share": _shares(contribution),
            "within": contribution - size * means[0] * means[1] / len(a),
        }
    )


def _shares(contribution: np.ndarray) -> np.ndarray:
    total = contribution.sum()
    flat = abs(total) <= 1e-12
    return np.full(len(contribution), np.nan) if flat else contribution / total
