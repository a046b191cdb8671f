"""Scores to probabilities: Platt's logistic curve through the scores of held-out genes."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

STEPS, TOLERANCE = 50, 1e-6


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
    targets = np.where(members, (n + 1) / (n + 2), 1 / (others + 2))
    x = scores.astype(np.float64)
    curve = np.array([0.0, np.log((n + 1) / (others + 1))])
    loss = _loss(curve, x, targets)
    for _ in range(STEPS):
        p = expit(curve[0] * x + curve[1])
        gradient = np.array([(p - targets) @ x, (p - targets).sum()])
        w = p * (1 - p)
        wx = w * x
        hessian = np.array([[wx @ x, wx.sum()], [wx.sum(), w.sum()]])
        # The ridge is for scores that are all the same.
        step = np.linalg.solve(hessian + 1e-10 * np.eye(2), gradient)
        length = 1.0
        while length > 1e-8:
            tried = curve - length * step
            found = _loss(tried, x, targets)
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


def _loss(curve: np.ndarray, x: np.ndarray, targets: np.ndarray) -> float:
    z = curve[0] * x + curve[1]
    return float(np.logaddexp(0, z).sum() - targets @ z)
