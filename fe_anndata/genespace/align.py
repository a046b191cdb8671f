"""Two spaces of different genes, brought into one by pairs that are known or found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._vectors import products, unit
from .retrieval import mutual

METHODS = ("cca", "procrustes")
RIDGE = 1e-3
"""Added to each variance before it divides, as a part of the largest variance."""
QUANTILES = 100
"""Length of the signature of a gene."""
PROBES = 4000
"""The most genes whose similarity to a gene enters its signature."""


@dataclass(frozen=True)
class Map:
    """The map from the vectors of one species to the common space; it can be called.

    Attributes
    ----------
    mean
        The mean over all genes of the species, (dim,), which is subtracted first.
    matrix
        (dim, common dim); the centred vectors, brought to unit length, are multiplied by it.
    """

    mean: np.ndarray
    matrix: np.ndarray

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Return the vectors in the common space, float32 of unit length."""
        return unit(unit(vectors - self.mean) @ self.matrix)


def align(
    a: np.ndarray,
    b: np.ndarray,
    pairs: np.ndarray,
    *,
    method: str,
    refine: int,
    k: int,
    start: np.ndarray | None = None,
) -> tuple[Map, Map]:
    """Return the maps of two spaces into a common one in which the `pairs` are near each other.

    Vectors are centred, by the mean of all genes of their species, and brought to unit length.
    The common space has as many dimensions as the smaller one.

    Parameters
    ----------
    a, b
        Vectors (n_a, dim_a) and (n_b, dim_b).
    pairs
        Rows of `a` and of `b` that are known to belong together, int (n, 2); no row twice.
    method
        ``"procrustes"``: the orthogonal maps that make the sum of the inner products of pairs
        largest. ``"cca"``: the spaces are whitened by the pairs first, and each canonical
        direction is weighted by its correlation.
    refine
        How many times the maps are refined: genes that are in no pair and are each other's
        nearest by CSLS join the pairs, and the maps are found again.
    k
        Number of neighbours of CSLS.
    start
        Pairs for the first maps, used in place of `pairs`; they may be wrong.
    """
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    from_a, from_b = unit(a - mean_a), unit(b - mean_b)
    solve = _cca if method == "cca" else _procrustes
    free_a, free_b = _unpaired(len(a), pairs[:, 0]), _unpaired(len(b), pairs[:, 1])
    current = pairs if start is None else start
    for turn in range(refine + 1):
        map_a, map_b = solve(from_a[current[:, 0]], from_b[current[:, 1]])
        if turn < refine and len(free_a) and len(free_b):
            near = mutual(unit(from_a[free_a] @ map_a), unit(from_b[free_b] @ map_b), k)
            joined = np.column_stack([free_a[near[:, 0]], free_b[near[:, 1]]])
            current = np.concatenate([pairs, joined])
    return Map(mean_a, map_a), Map(mean_b, map_b)


def guess(a: np.ndarray, b: np.ndarray, *, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return pairs of genes with similar surroundings, int (n, 2), found without any ortholog.

    The signature of a gene is the distribution of its similarities to the genes of its own
    species [1]_. Genes whose signatures are each other's nearest by CSLS make a pair.

    .. [1] Artetxe et al. (2018), A robust self-learning method for fully unsupervised
       cross-lingual mappings of word embeddings.
    """
    signatures = [_signature(vectors, rng) for vectors in (a, b)]
    return mutual(signatures[0], signatures[1], k)


def _signature(vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    vectors = unit(vectors - vectors.mean(axis=0))
    probes = vectors[rng.permutation(len(vectors))[:PROBES]]
    quantiles = np.linspace(0, len(probes) - 1, min(QUANTILES, len(probes))).round().astype(int)
    parts = [np.sort(scores, axis=1)[:, quantiles] for _, scores in products(vectors, probes)]
    signatures = np.concatenate(parts)
    signatures = (signatures - signatures.mean(axis=0)) / (signatures.std(axis=0) + 1e-6)
    return unit(signatures)


def _procrustes(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left, _, right = np.linalg.svd(a.T.astype(np.float64) @ b, full_matrices=False)
    return left, right.T


def _cca(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    white_a, white_b = _whitening(a), _whitening(b)
    cross = white_a.T @ (a.T.astype(np.float64) @ b) @ white_b / len(a)
    left, correlations, right = np.linalg.svd(cross, full_matrices=False)
    return white_a @ left * correlations, white_b @ right.T * correlations


def _whitening(vectors: np.ndarray) -> np.ndarray:
    second = vectors.T.astype(np.float64) @ vectors / len(vectors)
    sizes, directions = np.linalg.eigh(second)
    whitening: np.ndarray = directions / np.sqrt(np.maximum(sizes, 0) + RIDGE * sizes[-1])
    return whitening


def _unpaired(n: int, rows: np.ndarray) -> np.ndarray:
    """Return all of `n` rows but the given ones, int."""
    free = np.ones(n, dtype=bool)
    free[rows] = False
    return np.flatnonzero(free)
