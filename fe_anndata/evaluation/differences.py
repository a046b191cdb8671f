"""How sure a difference of two methods is that were judged on the same folds."""

from __future__ import annotations

import numpy as np


def corrected_error(differences: np.ndarray, share: float) -> float:
    """Return the standard error of the mean of differences, one per fold of one or several deals.

    The folds share most of their training samples, so that the plain standard error is too small.
    Nadeau and Bengio (2003, Machine Learning 52, 239-281) take the variance times 1/n + `share`
    for its square, and not times 1/n. It is NaN of fewer than two differences.

    Parameters
    ----------
    differences
        Of the same two methods, (n,).
    share
        The number of test samples divided by that of training samples.
    """
    n = len(differences)
    if n < 2:
        return float("nan")
    return float(np.sqrt((1 / n + share) * np.var(differences, ddof=1)))
