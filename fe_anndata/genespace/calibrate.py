"""Scores to probabilities: Platt's logistic curve through the scores of held-out genes."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

STEPS, TOLERANCE = 50, 1e-6
BINS = 2048
"""Bins of equal width, so narrow that every gene in one can be given the mean of their scores."""


def platt(scores: np.ndarray, members: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept of the logistic curve from scores to membership.

    It is found by Newton's method with halved steps. The targets are those of Platt, a little
    inside 0 and 1, so that the curve is finite even if the scores separate members perfectly.

    Parameters
    ----------
    scores
        Scores of one property, (n_genes,).
    members
        Which genes have the property, bool (n_genes,).
    """
    n = int(members.sum())
    n_others = len(members) - n
    x, count, n_in_bin = _binned(scores.astype(np.float64), members)
    targets = n_in_bin * (n + 1) / (n + 2) + (count - n_in_bin) / (n_others + 2)
    curve = np.array([0.0, np.log((n + 1) / (n_others + 1))])
    loss = _loss(curve, x, count, targets)
    for _ in range(STEPS):
        p = expit(curve[0] * x + curve[1])
        excess = count * p - targets
        gradient = np.array([excess @ x, excess.sum()])
        w = count * p * (1 - p)
        wx = w * x
        hessian = np.array([[wx @ x, wx.sum()], [wx.sum(), w.sum()]])
        # Without the small ridge, scores that are all the same have a singular Hessian.
        step = np.linalg.solve(hessian + 1e-10 * np.eye(2), gradient)
        length = 1.0
        while length > 1e-8:
            tried = curve - length * step
            found = _loss(tried, x, count, targets)
            if found <= loss:
                break
            length /= 2
        else:
            break
        done = loss - found <= TOLERANCE * loss
        curve, loss = tried, found
        if done:
            break
    return float(curve[0]), float(curve[1])


def _binned(scores: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean score, number of genes and number of members of each bin that is not empty."""
    low, width = scores.min(), np.ptp(scores) / BINS
    bins = np.minimum((scores - low) / (width or 1), BINS - 1).astype(np.int64)
    count = np.bincount(bins, minlength=BINS)
    filled = count > 0
    mean = np.bincount(bins, scores, BINS)[filled] / count[filled]
    n_members = np.bincount(bins[members], minlength=BINS)[filled]
    return mean, count[filled].astype(np.float64), n_members.astype(np.float64)


def _loss(curve: np.ndarray, x: np.ndarray, count: np.ndarray, targets: np.ndarray) -> float:
    z = curve[0] * x + curve[1]
    return float(count @ np.logaddexp(0, z) - targets @ z)
