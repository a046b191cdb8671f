"""How well two spaces of the same genes agree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .._core.errors import require_whole
from ._vectors import nearest, unit

LEAST = 3
"""The fewest genes that can be compared."""


def agreement(
    a: np.ndarray, b: np.ndarray, *, k: int, n_pairs: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return one row per measure: how well the rows of two matrices agree, and how well by chance.

    Chance is exact for neighbours, k / (m - 1). For the other measures it is the agreement after
    one random pairing of the rows.

    Parameters
    ----------
    a, b
        Vectors of the same m genes, (m, dim_a) and (m, dim_b).
    k
        Number of neighbours of a gene.
    n_pairs
        Number of pairs of genes drawn for the correlation of similarities.
    rng
        Draws the pairs and the random pairing.

    Raises
    ------
    ValueError
        If there are too few genes, `k` or `n_pairs` is out of range, or a space is constant.
    """
    require_whole(k, "k")
    require_whole(n_pairs, "n_pairs")
    m = len(a)
    if m < LEAST:
        raise ValueError(f"{m} common genes are too few to compare; {LEAST} are needed.")
    if not 1 <= k < m:
        raise ValueError(f"k must be from 1 to {m - 1}, the other common genes; not {k}.")
    if n_pairs < 2:
        raise ValueError(f"n_pairs must be at least 2, not {n_pairs}.")
    for name, vectors in (("first", a), ("second", b)):
        if np.ptp(vectors, axis=0).max(initial=0) == 0:
            raise ValueError(f"all vectors of the {name} space are the same.")
    pairs = _pairs(m, n_pairs, rng)
    shuffled = b[rng.permutation(m)]
    rows = [
        ("neighbours", neighbours(a, b, k), k / (m - 1)),
        ("procrustes", procrustes(a, b), procrustes(a, shuffled)),
        ("cca", cca(a, b), cca(a, shuffled)),
        ("similarities", similarities(a, b, pairs), similarities(a, shuffled, pairs)),
    ]
    table = pd.DataFrame(rows, columns=["measure", "agreement", "chance"])
    return table.assign(n_genes=m)


def neighbours(a: np.ndarray, b: np.ndarray, k: int) -> float:
    """Return the mean share of the `k` nearest genes by cosine that both spaces have in common."""
    together = np.sort(np.concatenate([nearest(a, k), nearest(b, k)], axis=1), axis=1)
    return float((np.diff(together, axis=1) == 0).sum() / (len(a) * k))


def procrustes(a: np.ndarray, b: np.ndarray) -> float:
    """Return one minus the disparity of :func:`scipy.spatial.procrustes`.

    That is the share of squared length that the best rotation and scale of the centred spaces
    explains. The space of fewer dimensions is padded with zeros.
    """
    a, b = (_centred(v) / np.linalg.norm(_centred(v)) for v in (a, b))
    return float(np.linalg.svd(a.T @ b, compute_uv=False).sum() ** 2)


def cca(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean canonical correlation; there are as many as the smaller rank."""
    found = np.linalg.svd(_basis(a).T @ _basis(b), compute_uv=False)
    return float(np.clip(found, 0, 1).mean())


def similarities(a: np.ndarray, b: np.ndarray, pairs: np.ndarray) -> float:
    """Return Pearson's correlation of the cosines of pairs of genes, int (n_pairs, 2)."""
    a, b = (unit(v) for v in (a, b))
    i, j = pairs.T
    first, second = (np.einsum("ij,ij->i", v[i], v[j], dtype=np.float64) for v in (a, b))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def _pairs(m: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return `n` random pairs of different genes, or all pairs if there are no more."""
    if m * (m - 1) // 2 <= n:
        return np.column_stack(np.triu_indices(m, 1))
    first = rng.integers(m, size=n)
    return np.column_stack([first, (first + rng.integers(1, m, size=n)) % m])


def _centred(vectors: np.ndarray) -> np.ndarray:
    vectors = vectors.astype(np.float64)
    centred: np.ndarray = vectors - vectors.mean(axis=0)
    return centred


def _basis(vectors: np.ndarray) -> np.ndarray:
    """Return orthonormal columns that span the centred columns."""
    left, sizes, _ = np.linalg.svd(_centred(vectors), full_matrices=False)
    # Float32 vectors are exact to 1e-7 of their size; what is smaller is rounding.
    basis: np.ndarray = left[:, sizes > sizes[0] * 1e-6]
    return basis
