"""Area under the ROC curve and average precision of many properties, ties included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import ndtr


class Quality(NamedTuple):
    """How well scores tell members from others; one value per property, float64.

    Attributes
    ----------
    auroc
        Chance that a member scores above another gene; a tie counts half.
    auprc
        Average precision: the mean, over members, of the share of members among all genes that
        score at least as high.
    """

    auroc: np.ndarray
    auprc: np.ndarray


def quality(scores: np.ndarray, members: sparse.csc_array) -> Quality:
    """Return how well the rows of `scores` tell members from all other genes.

    One sort per property; the rest is a look-up of its members alone, of which there are few.

    Parameters
    ----------
    scores
        (n_properties, n_genes).
    members
        Bool (n_genes, n_properties); each has members and others.
    """
    n_genes = scores.shape[1]
    auroc, auprc = np.empty(len(scores)), np.empty(len(scores))
    everyone = np.sort(scores, axis=1)
    for i, (mine, sorted_) in enumerate(zip(scores, everyone, strict=True)):
        own = np.sort(mine[members.indices[members.indptr[i] : members.indptr[i + 1]]])
        below = np.searchsorted(sorted_, own, "left")
        not_above = np.searchsorted(sorted_, own, "right")
        n, others = len(own), n_genes - len(own)
        midranks = (below + not_above + 1) / 2
        auroc[i] = (midranks.sum() - n * (n + 1) / 2) / (n * others)
        as_high = n - np.searchsorted(own, own, "left")
        auprc[i] = np.mean(as_high / (n_genes - below))
    return Quality(auroc, auprc)


def standard_error(auroc: np.ndarray, n: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the standard errors of Hanley and McNeil (1982)."""
    two_members, two_others = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    variance = (
        auroc * (1 - auroc)
        + (n - 1) * (two_members - auroc**2)
        + (others - 1) * (two_others - auroc**2)
    ) / (n * others)
    error: np.ndarray = np.sqrt(np.maximum(variance, 0))
    return error


def p_value(auroc: np.ndarray, n: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the chance of an AUROC this high by luck: Mann and Whitney's test, one-sided."""
    spread = np.sqrt((n + others + 1) / (12 * n * others))
    chance: np.ndarray = ndtr((0.5 - auroc) / spread)
    return chance
