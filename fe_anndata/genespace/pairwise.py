"""Similarities of all pairs of genes, and an order that puts similar genes side by side."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import cdist, squareform


def pairwise(vectors: np.ndarray, metric: str) -> np.ndarray:
    """Return similarities of all pairs, float64 (n, n); for ``"euclidean"`` minus the distance.

    The vectors are used as they are: for the cosine they must have length 1.
    """
    if metric == "euclidean":
        distances: np.ndarray = cdist(vectors, vectors)
        return -distances
    products = vectors @ vectors.T
    symmetric: np.ndarray = (products + products.T) / 2  # exactly
    return symmetric


def by_likeness(similarities: np.ndarray) -> np.ndarray:
    """Return an order that puts similar genes side by side, int (n,): leaves by average linkage."""
    if len(similarities) < 3:
        return np.arange(len(similarities))
    distances = similarities.max() - similarities
    np.fill_diagonal(distances, 0)
    pairs = squareform(distances, checks=False)
    order: np.ndarray = leaves_list(linkage(pairs, "average", optimal_ordering=True))
    return order
