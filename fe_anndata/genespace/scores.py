"""Area under the ROC curve and average precision of many properties, ties included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import ndtr


class Quality(NamedTuple):
    """How well scores tell members from non-members; one value per property, float64.

    Attributes
    ----------
    auroc
        Chance that a random member scores above a random non-member; a tie counts half.
    auprc
        Average precision: the mean, over members, of the share of members among all genes that
        score at least as high.
    """

    auroc: np.ndarray
    auprc: np.ndarray


def quality(scores: np.ndarray, members: sparse.csc_array) -> Quality:
    """Return how well the rows of `scores` tell members from all other genes.

    Each row is sorted once, and then only its members, which are few, are looked up in it.

    Parameters
    ----------
    scores
        (n_properties, n_genes).
    members
        Bool (n_genes, n_properties); each property has members and non-members.
    """
    n_genes = scores.shape[1]
    auroc, auprc = np.empty(len(scores)), np.empty(len(scores))
    all_sorted = np.sort(scores, axis=1)
    for i, (row, sorted_row) in enumerate(zip(scores, all_sorted, strict=True)):
        of_members = np.sort(row[members.indices[members.indptr[i] : members.indptr[i + 1]]])
        n_below = np.searchsorted(sorted_row, of_members, "left")
        n_not_above = np.searchsorted(sorted_row, of_members, "right")
        n, n_others = len(of_members), n_genes - len(of_members)
        midranks = (n_below + n_not_above + 1) / 2
        auroc[i] = (midranks.sum() - n * (n + 1) / 2) / (n * n_others)
        n_as_high = n - np.searchsorted(of_members, of_members, "left")
        auprc[i] = np.mean(n_as_high / (n_genes - n_below))
    return Quality(auroc, auprc)


def standard_error(auroc: np.ndarray, n: np.ndarray, n_others: np.ndarray) -> np.ndarray:
    """Return the standard errors of Hanley and McNeil (1982), given the sizes of both classes."""
    two_members, two_others = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    variance = (
        auroc * (1 - auroc)
        + (n - 1) * (two_members - auroc**2)
        + (n_others - 1) * (two_others - auroc**2)
    ) / (n * n_others)
    error: np.ndarray = np.sqrt(np.maximum(variance, 0))
    return error


def p_value(auroc: np.ndarray, n: np.ndarray, n_others: np.ndarray) -> np.ndarray:
    """Return the chance of an AUROC at least as high: the test of Mann and Whitney, one-sided."""
    spread = np.sqrt((n + n_others + 1) / (12 * n * n_others))
    chance: np.ndarray = ndtr((0.5 - auroc) / spread)
    return chance
