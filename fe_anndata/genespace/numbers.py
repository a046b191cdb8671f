"""The numbers that look-ups take and return: numbers of answers, weights, ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .._core.errors import require_whole


class Similarity(NamedTuple):
    """How similar two genes are, and how each ranks among the neighbours of the other.

    Attributes
    ----------
    similarity
        Cosine or dot product, or minus the Euclidean distance.
    rank_of_b
        Rank of `b` among all genes but `a` by similarity to `a`: 1 if `b` is the most similar.
        Genes that tie all have the best of their ranks.
    rank_of_a
        Rank of `a` among all genes but `b` by similarity to `b`.
    n_genes
        The number of genes ranked: all but the gene itself and, for the cosine, zero vectors.
    percentile_of_b
        Per cent of the genes other than `a` and `b` that are less similar to `a` than `b` is,
        from 0 to 100; a gene that ties with `b` counts half. 100 if there is no other gene.
    percentile_of_a
        The same for `a`, by similarity to `b`.
    """

    similarity: float
    rank_of_b: int
    rank_of_a: int
    n_genes: int
    percentile_of_b: float
    percentile_of_a: float


def require_number(n: int) -> None:
    """Raise TypeError if `n` is not a whole number, ValueError if it is less than 1."""
    require_whole(n, "n")
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}.")


def require_direction(vector: np.ndarray, shortest: float) -> None:
    """Raise ValueError if a vector is not longer than `shortest`, so has no direction."""
    if not np.linalg.norm(vector) > shortest:
        raise ValueError(
            "the vectors add up to zero, which has no direction to compare by cosine; change the "
            "genes or use metric='euclidean'."
        )


def checked_weights(weights: Sequence[float] | None, n_genes: int) -> np.ndarray | None:
    """Return the weights of a mean, float64 (n_genes,), or None if all are equal."""
    if weights is None:
        return None
    checked = np.asarray(weights, dtype=np.float64)
    if checked.shape != (n_genes,) or not np.isfinite(checked).all():
        raise ValueError(f"weights must be {n_genes} finite numbers, one per gene.")
    if (checked < 0).any() or not checked.any():
        raise ValueError(
            "weights must not be negative, and not all may be 0; for signed sums use "
            "fe.tl.gene_arithmetic."
        )
    return checked


def percentile(closer: int, tied: int, farther: int) -> float:
    """Return the per cent of genes that are farther, ties counted half; 100 if there is no gene."""
    n_genes = closer + tied + farther
    return 100 * (farther + tied / 2) / n_genes if n_genes else 100.0
