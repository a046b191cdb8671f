"""Scores to probabilities: Platt's logistic curve through the scores of held-out genes."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

STEPS, TOLERANCE = 50, 1e-6
BINS = 2048
"""Of equal width: so narrow that genes of one bin can share the mean of their scores."""


def platt(scores: np.ndarray, members: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept of the logistic curve of members on scores.

    Newton's method with halved steps. The targets are those of Platt, a little inside 0 and 1, so
    that the curve is finite where scores tell members from others without error.

    Parameters
    ----------
    scores
        Of one property, (n_genes,).
    members
        Bool (n_genes,).
    """
    n = int(members.sum())
    others = len(members) - n
    x, count, own = _binned(scores.astype(np.float64), members)
    targets = own * (n + 1) / (n + 2) + (count - own) / (others + 2)
    curve = np.array([0.0, np.log((n + 1) / (others + 1))])
    loss = _loss(curve, x, count, targets)
    for _ in range(STEPS):
        p = expit(curve[0] * x + curve[1])
        excess = count * p - targets
        gradient = np.array([excess @ x, excess.sum()])
        w = count * p * (1 - p)
        wx = w * x
        hessian = np.array([[wx @ x, wx.sum()], [wx.sum(), w.sum()]])
        # The ridge is for scores that are all the same.
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
    """Return mean score, genes and members of each bin that is not empty."""
    low, width = scores.min(), np.ptp(scores) / BINS
    which = np.minimum((scores - low) / (width or 1), BINS - 1).astype(np.int64)
    count = np.bincount(which, minlength=BINS)
    full = count > 0
    mean = np.bincount(which, scores, BINS)[full] / count[full]
    own = np.bincount(which[members], minlength=BINS)[full]
    return mean, count[full].astype(np.float64), own.astype(np.float64)


def _loss(curve: np.ndarray, x: np.ndarray, count: np.ndarray, targets: np.ndarray) -> float:
    z = curve[0] * x + curve[1]
    return float(count @ np.logaddexp(0, z) - targets @ z)
