"""Who finds whom across two spaces that were brought into one.

Cosines favour hubs, vectors that are near to very many others. CSLS [1]_ takes from the cosine of
a pair how near both are to their surroundings: ``2 cos(x, y) - r(x) - r(y)``, where r is the mean
cosine to the k nearest vectors of the other space.

.. [1] Conneau et al. (2018), Word translation without parallel data.
"""

from __future__ import annotations

import numpy as np

from ._vectors import products


def surroundings(of: np.ndarray, among: np.ndarray, k: int) -> np.ndarray:
    """Return the mean cosine of each row of `of` to its `k` nearest rows of `among`.

    With ``k=0`` zeros, which make CSLS the plain cosine. All rows have unit length.
    """
    found = np.zeros(len(of), dtype=np.float32)
    k = min(k, len(among))
    if k:
        for part, scores in products(of, among):
            found[part] = np.partition(scores, -k, axis=1)[:, -k:].mean(axis=1)
    return found


def ranks(a: np.ndarray, b: np.ndarray, pairs: np.ndarray, k: int) -> np.ndarray:
    """Return the rank, from 1, of the true partner of each pair among all rows of `b`.

    Among rows as near as the partner it stands in the middle, the later one of two: a space in
    which all vectors are the same retrieves nothing.

    Parameters
    ----------
    a, b
        Unit vectors of two species in one space.
    pairs
        Rows of `a` and of `b` that belong together, int (n, 2).
    k
        Of CSLS; 0 for cosines.
    """
    # What CSLS takes off for the row of a is the same for all candidates.
    crowded = surroundings(b, a, k)
    found = np.empty(len(pairs), dtype=np.int64)
    for part, scores in products(a[pairs[:, 0]], b):
        scores = 2 * scores - crowded
        true = scores[np.arange(len(scores)), pairs[part, 1]][:, None]
        # The partner itself is among those that tie, which rounds half of the others up.
        found[part] = 1 + (scores > true).sum(axis=1) + (scores == true).sum(axis=1) // 2
    return found


def mutual(a: np.ndarray, b: np.ndarray, k: int) -> np.ndarray:
    """Return the pairs of rows that are each other's nearest by CSLS, int (n, 2)."""
    around_a, around_b = surroundings(a, b, k), surroundings(b, a, k)
    best_b = np.concatenate([np.argmax(2 * s - around_b, axis=1) for _, s in products(a, b)])
    best_a = np.concatenate([np.argmax(2 * s - around_a, axis=1) for _, s in products(b, a)])
    kept = np.flatnonzero(best_a[best_b] == np.arange(len(a)))
    return np.column_stack([kept, best_b[kept]])
