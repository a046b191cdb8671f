"""How similar the genes of a set are, compared with random sets of its size."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .._core.random import generator


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1, float64; a zero vector stays zero and is similar to none."""
    vectors = vectors.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))


def coherence(units: np.ndarray, members: sparse.csc_array) -> np.ndarray:
    """Return the mean cosine between the genes of each set, float64 (n_sets,).

    It follows from the squared length of the sum of the unit vectors, without computing any pair.

    Parameters
    ----------
    units
        Unit vectors as :func:`unit_vectors` returns them, (n_genes, d).
    members
        Bool (n_genes, n_sets), with at least two genes in each set.
    """
    within = members.T.astype(np.float64)
    sums = within @ units
    return _mean_cosine((sums**2).sum(axis=1), within @ (units**2).sum(axis=1), within.sum(axis=1))


def random_coherence(
    units: np.ndarray, sizes: np.ndarray, n_random: int, seed: int, order: np.ndarray
) -> np.ndarray:
    """Return the coherence of random sets, float64 (n_random, n_sizes).

    A draw is one random order of the genes. Its first n genes are a random set of size n, so one
    running sum gives the coherence of all sizes.

    Parameters
    ----------
    units
        Unit vectors of the genes to draw from, (n_genes, d).
    sizes
        Distinct sizes in rising order, from 2 to n_genes.
    n_random
        Number of draws.
    seed
        Seed of the draws.
    order
        The rank of each gene by name, int64 (n_genes,), so that the draws do not depend on the
        order of the genes.
    """
    by_name = units[np.argsort(order, kind="stable")]
    squares = (by_name**2).sum(axis=1)
    starts = np.concatenate([[0], sizes[:-1]])
    found = np.empty((n_random, len(sizes)))
    draws = generator(seed, "random gene sets")
    for i in range(n_random):
        drawn = draws.permutation(len(units))[: sizes[-1]]
        sums = np.cumsum(np.add.reduceat(by_name[drawn], starts, axis=0), axis=0)
        of_genes = np.cumsum(np.add.reduceat(squares[drawn], starts))
        found[i] = _mean_cosine((sums**2).sum(axis=1), of_genes, sizes)
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
    sizes, size_of_set = np.unique(np.diff(members.indptr), return_inverse=True)
    measured = coherence(units, members)
    random = random_coherence(units, sizes, n_random, seed, order)[:, size_of_set]
    mean, deviation = random.mean(axis=0), random.std(axis=0)
    # A set of all genes is the only one of its size: random sets deviate by rounding alone.
    spread = np.where(deviation > 1e-12, deviation, np.nan)
    n_as_high = (random >= measured - 1e-12).sum(axis=0)
    return {
        "coherence": measured,
        "coherence_random": mean,
        "z": (measured - mean) / spread,
        "p_value": (1 + n_as_high) / (1 + n_random),
    }


def _mean_cosine(of_sum: np.ndarray, of_genes: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the mean over pairs of `n` genes.

    `of_sum` is the squared length of the sum of their vectors, `of_genes` the sum of the squared
    lengths of the vectors.
    """
    return np.asarray((of_sum - of_genes) / (n * (n - 1.0)))
