"""Which vectors find each other across two spaces that were brought into one.

Cosines favour hubs, vectors that are near very many vectors of the other space. CSLS [1]_
subtracts from the cosine of a pair how near both vectors are to their surroundings:
``2 cos(x, y) - r(x) - r(y)``, where r is the mean cosine to the k nearest vectors of the other
space.

.. [1] Conneau et al. (2018), Word translation without parallel data.
"""

from __future__ import annotations

import numpy as np

from ._vectors import products


def surroundings(a: np.ndarray, b: np.ndarray, k: int) -> np.ndarray:
    """Return the mean cosine of each row of `a` to its `k` nearest rows of `b`, float32 (n_a,).

    All rows have unit length. For ``k=0`` the mean is zero, and CSLS the plain cosine.
    """
    means = np.zeros(len(a), dtype=np.float32)
    k = min(k, len(b))
    if k:
        for part, scores in products(a, b):
            means[part] = np.partition(scores, -k, axis=1)[:, -k:].mean(axis=1)
    return means


def ranks(a: np.ndarray, b: np.ndarray, pairs: np.ndarray, k: int) -> np.ndarray:
    """Return the rank, from 1, of the true partner of each pair among all rows of `b`.

    If other rows are as near as the partner, it gets the middle one of their ranks, rounded up,
    so that a space in which all vectors are the same retrieves nothing.

    Parameters
    ----------
    a, b
        Unit vectors of two species in one space.
    pairs
        Rows of `a` and of `b` that belong together, int (n, 2).
    k
        Number of neighbours of CSLS; 0 for cosines.
    """
    # What CSLS subtracts for the row of a is the same for all candidates, so it is left out.
    around_b = surroundings(b, a, k)
    found = np.empty(len(pairs), dtype=np.int64)
    for part, scores in products(a[pairs[:, 0]], b):
        scores = 2 * scores - around_b
        true = scores[np.arange(len(scores)), pairs[part, 1]][:, None]
        # The partner is one of the rows that tie, so that half of the others is rounded up.
        found[part] = 1 + (scores > true).sum(axis=1) + (scores == true).sum(axis=1) // 2
    return found


def mutual(a: np.ndarray, b: np.ndarray, k: int) -> np.ndarray:
    """Return the pairs of rows that are each other's nearest by CSLS, int (n, 2)."""
    around_a, around_b = surroundings(a, b, k), surroundings(b, a, k)
    best_b = np.concatenate([np.argmax(2 * s - around_b, axis=1) for _, s in products(a, b)])
    best_a = np.concatenate([np.argmax(2 * s - around_a, axis=1) for _, s in products(b, a)])
    kept = np.flatnonzero(best_a[best_b] == np.arange(len(a)))
    return np.column_stack([kept, best_b[kept]])
