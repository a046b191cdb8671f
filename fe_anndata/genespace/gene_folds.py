"""One assignment of genes to folds that serves all properties."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .._core.random import generator

TRIES = 100


def deal(members: sparse.csc_array, order: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Return the fold of each gene, int64 (n_genes,); sizes of folds differ by one at most.

    Outside each fold, every property has members and non-members to learn from.

    Parameters
    ----------
    members
        Bool (n_genes, n_properties).
    order
        The rank of each gene by name, int64 (n_genes,), so that the folds do not depend on the
        order of the genes.
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
        f"in each of {TRIES} random assignments of {len(order)} genes to {k} folds, all members or "
        "all non-members of a property were in one fold: take a larger min_genes or more folds."
    )


def lopsided(members: sparse.csc_array, folds: np.ndarray, k: int) -> np.ndarray:
    """Return which properties have all members, or all non-members, in one fold, bool."""
    in_fold = np.equal.outer(np.arange(k), folds).astype(np.float64)  # (k, n_genes)
    counts = (members.T.astype(np.float64) @ in_fold.T).T  # (k, n_properties)
    rest = in_fold.sum(axis=1)[:, None] - counts
    lopsided_in: np.ndarray = (counts == counts.sum(axis=0)) | (rest == rest.sum(axis=0))
    return np.asarray(lopsided_in.any(axis=0))


def permuted(
    members: sparse.csc_array, order: np.ndarray, folds: np.ndarray, k: int, seed: int
) -> sparse.csc_array:
    """Return the members of all properties after the genes were shuffled; the folds stay.

    Raises
    ------
    ValueError
        As :func:`deal`.
    """
    gene_of_rank = np.argsort(order, kind="stable")
    for attempt in range(TRIES):
        drawn = generator(seed, "permuted genes", attempt).permutation(len(order))
        shuffled = sparse.csc_array(members[gene_of_rank[drawn[order]]])
        if not lopsided(shuffled, folds, k).any():
            return shuffled
    raise ValueError(
        "the permutation control found no members of a property to learn from: take a larger "
        "min_genes or more folds."
    )
