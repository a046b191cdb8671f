"""One deal of genes to folds that all properties share."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .._core.random import generator

TRIES = 100


def deal(members: sparse.csc_array, order: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Return the fold of each gene, int64 (n_genes,), of sizes that differ by one at most.

    Every property has members and others outside each fold, so that there is something to learn.

    Parameters
    ----------
    members
        Bool (n_genes, n_properties).
    order
        The rank of each gene by name: folds are dealt to names, not to places.
    k
        Number of folds.

    Raises
    ------
    ValueError
        If a property is too small for that, or there are more folds than genes.
    """
    if k > len(order):
        raise ValueError(f"{k} folds are too many for {len(order)} genes to learn from.")
    for attempt in range(TRIES):
        drawn = generator(seed, "folds of genes", attempt).permutation(len(order))
        folds: np.ndarray = (drawn % k)[order]
        if not lopsided(members, folds, k).any():
            return folds
    raise ValueError(
        f"{TRIES} deals of {len(order)} genes to {k} folds each left all members of a property, or "
        "all others, in one fold: take a larger min_genes or more folds."
    )


def lopsided(members: sparse.csc_array, folds: np.ndarray, k: int) -> np.ndarray:
    """Return which properties have all members, or all others, in one fold."""
    in_fold = np.equal.outer(np.arange(k), folds).astype(np.float64)  # (k, n_genes)
    counts = (members.T.astype(np.float64) @ in_fold.T).T  # (k, n_properties)
    others = in_fold.sum(axis=1)[:, None] - counts
    found: np.ndarray = (counts == counts.sum(axis=0)) | (others == others.sum(axis=0))
    return np.asarray(found.any(axis=0))


def permuted(
    members: sparse.csc_array, order: np.ndarray, folds: np.ndarray, k: int, seed: int
) -> sparse.csc_array:
    """Return the members of all properties with genes shuffled once, the folds as they are.

    Raises
    ------
    ValueError
        As :func:`deal`.
    """
    back = np.argsort(order, kind="stable")
    for attempt in range(TRIES):
        drawn = generator(seed, "permuted genes", attempt).permutation(len(order))
        shuffled = sparse.csc_array(members[back[drawn[order]]])
        if not lopsided(shuffled, folds, k).any():
            return shuffled
    raise ValueError(
        "the permutation control found no members of a property to learn from: take a larger "
        "min_genes or more folds."
    )
