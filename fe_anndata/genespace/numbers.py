"""What goes into look-ups and comes out of them: numbers of answers, weights, ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .._core.errors import require_whole


class Similarity(NamedTuple):
    """How alike two genes are, and how they rank among each other's neighbours.

    Attributes
    ----------
    similarity
        Cosine or dot product, or minus the Euclidean distance.
    rank_of_b, rank_of_a
        1 if `b` is the gene most similar to `a`, and the other way round; the gene itself is no
        rival, and ties share the better rank.
    n_genes
        The number of genes ranked, itself excluded (and zero vectors, for the cosine).
    percentile_of_b, percentile_of_a
        Of the genes other than `a` and `b`, how many per cent are less similar to `a` than `b`
        is, those that are tied with `b` counted half; and the other way round. 100 if there are
        no others.
    """

    similarity: float
    rank_of_b: int
    rank_of_a: int
    n_genes: int
    percentile_of_b: float
    percentile_of_a: float


def require_number(n: int) -> None:
    """Raise TypeError if `n` is no whole number, ValueError if there are no so many answers."""
    require_whole(n, "n")
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}.")


def require_direction(vector: np.ndarray, shortest: float) -> None:
    """Raise ValueError if a vector is zero, or no longer than `shortest`."""
    if not np.linalg.norm(vector) > shortest:
        raise ValueError(
            "the vectors add up to zero, which has no direction to compare by cosine; change the "
            "genes or use metric='euclidean'."
        )


def checked_weights(weights: Sequence[float] | None, n_genes: int) -> np.ndarray | None:
    """Return weights of a mean, float64 (n_genes,); None for equal ones."""
    if weights is None:
        return None
    checked = np.asarray(weights, dtype=np.float64)
    if checked.shape != (n_genes,) or not np.isfinite(checked).all():
        raise ValueError(f"weights must be {n_genes} finite numbers, one per gene.")
    if (checked < 0).any() or not checked.any():
        raise ValueError(
            "weights must not be negative, and not all be 0; for signed sums there is arithmetic."
        )
    return checked


def percentile(closer: int, tied: int, farther: int) -> float:
    """Return how many per cent of the others are farther, ties counted half; 100 without any."""
    others = closer + tied + farther
    return 100 * (farther + tied / 2) / others if others else 100.0
