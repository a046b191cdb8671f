"""How alike the genes of a set are, against random sets of the same size."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .._core.random import generator


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1, float64; a zero vector stays zero, and so alike to none."""
    vectors = vectors.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))


def coherence(units: np.ndarray, members: sparse.csc_array) -> np.ndarray:
    """Return the mean cosine between the genes of each set, float64 (n_sets,).

    The squared length of the sum of unit vectors holds all pairs: no pair is computed.

    Parameters
    ----------
    units
        Of :func:`unit_vectors`, (n_genes, d).
    members
        Bool (n_genes, n_sets), at least two in each.
    """
    within = members.T.astype(np.float64)
    sums = within @ units
    return _mean_cosine((sums**2).sum(axis=1), within @ (units**2).sum(axis=1), within.sum(axis=1))


def random_coherence(
    units: np.ndarray, sizes: np.ndarray, n_random: int, seed: int, order: np.ndarray
) -> np.ndarray:
    """Return the coherence of random sets, float64 (n_random, n_sizes).

    A draw is one random order of the genes; its first n are a random set of n genes, so that one
    running sum serves all sizes.

    Parameters
    ----------
    units
        Genes to draw from, (n_genes, d).
    sizes
        Distinct sizes in rising order, from 2 to n_genes.
    n_random
        Number of draws.
    seed
        Of the draws.
    order
        The rank of each gene by name: draws are of names, not of places.
    """
    of_rank = units[np.argsort(order, kind="stable")]
    squares = (of_rank**2).sum(axis=1)
    starts = np.concatenate([[0], sizes[:-1]])
    found = np.empty((n_random, len(sizes)))
    draws = generator(seed, "random gene sets")
    for i in range(n_random):
        drawn = draws.permutation(len(units))[: sizes[-1]]
        sums = np.cumsum(np.add.reduceat(of_rank[drawn], starts, axis=0), axis=0)
        own = np.cumsum(np.add.reduceat(squares[drawn], starts))
        found[i] = _mean_cosine((sums**2).sum(axis=1), own, sizes)
    return found


def against_random(
    units: np.ndarray, members: sparse.csc_array, n_random: int, seed: int, order: np.ndarray
) -> dict[str, np.ndarray]:
    """Return columns that compare sets with random ones of their size from the same genes.

    The parameters are those of :func:`coherence` and :func:`random_coherence`.
    """
    if not members.shape[1]:
        names = ("coherence", "coherence_random", "z", "p_value")
        return {name: np.empty(0) for name in names}
    sizes, which = np.unique(np.diff(members.indptr), return_inverse=True)
    measured = coherence(units, members)
    random = random_coherence(units, sizes, n_random, seed, order)[:, which]
    mean, deviation = random.mean(axis=0), random.std(axis=0)
    # A set of all genes is the only one of its size: nothing to deviate from but rounding.
    spread = np.where(deviation > 1e-12, deviation, np.nan)
    as_high = (random >= measured - 1e-12).sum(axis=0)
    return {
        "coherence": measured,
        "coherence_random": mean,
        "z": (measured - mean) / spread,
        "p_value": (1 + as_high) / (1 + n_random),
    }


def _mean_cosine(of_sum: np.ndarray, own: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the mean over pairs, given squared lengths of the sum and of each gene (its own)."""
    return np.asarray((of_sum - own) / (n * (n - 1.0)))
