"""How much of the distances between samples an embedding keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .._core.errors import require_whole

NEIGHBOURS = 15


def distances_kept(expression: np.ndarray, embedding: np.ndarray) -> dict[str, float]:
    """Compare Euclidean distances in expression space and in an embedding.

    Parameters
    ----------
    expression
        Samples x genes, at most some hundred samples, without missing values.
    embedding
        Coordinates of the same samples.

    Returns
    -------
    dict
        Pearson and Spearman correlation over all pairs of samples, and the share of the 15
        nearest neighbours in expression space that are among the 15 nearest in the embedding. A
        number is NaN if there are fewer than three samples, or if all lie at one point.
    """
    from scipy.spatial.distance import pdist, squareform

    if len(expression) < 3:
        return dict.fromkeys(("pearson", "spearman", "neighbours"), float("nan"))
    full, embedded = (
        squareform(pdist(points.astype(np.float64))) for points in (expression, embedding)
    )
    k = min(NEIGHBOURS, len(expression) - 1)
    return {**correlations(full, embedded), "neighbours": neighbours_kept(full, embedded, k)}


def correlations(full: NDArray[np.float64], embedded: NDArray[np.float64]) -> dict[str, float]:
    """Return the correlations of two tables of distances, (n, n), over all pairs of samples."""
    from scipy.stats import rankdata

    pairs = [of_pairs(distances) for distances in (full, embedded)]
    return {
        "pearson": _correlation(*pairs),
        "spearman": _correlation(*(rankdata(d) for d in pairs)),
    }


def neighbours_kept(full: NDArray[np.float64], embedded: NDArray[np.float64], k: int) -> float:
    """Return the share of the `k` nearest neighbours of each sample that are kept."""
    near = [_nearest(distances, k) for distances in (full, embedded)]
    return float((near[0] & near[1]).sum() / (k * len(full)))


def of_pairs(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each pair of samples once, (n (n - 1) / 2,)."""
    found: NDArray[np.float64] = distances[np.triu_indices(len(distances), 1)]
    return found


def _nearest(distances: NDArray[np.float64], k: int) -> NDArray[np.bool_]:
    """Return, for each sample, which others are among its `k` nearest."""
    distances = distances.copy()
    np.fill_diagonal(distances, np.inf)
    near = np.zeros(distances.shape, dtype=bool)
    np.put_along_axis(near, np.argpartition(distances, k - 1, axis=1)[:, :k], True, axis=1)
    return near


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else float("nan")


def euclidean(points: Any, name: str) -> NDArray[np.float64]:
    """Return the distances of all pairs of rows, (n, n); NaN of two that share no column.

    Parameters
    ----------
    points
        A float array, NaN where a value is missing, or a CSR matrix.
    name
        What messages call it.

    Raises
    ------
    ValueError
        If a value is infinite.
    """
    from sklearn.metrics import pairwise_distances
    from sklearn.metrics.pairwise import nan_euclidean_distances

    values = points.data if sparse.issparse(points) else points
    if np.isinf(values).any():
        raise ValueError(f"{name} holds infinite values, between which there is no distance.")
    if not np.isnan(values).any():
        found = pairwise_distances(points)
    else:
        found = nan_euclidean_distances(points.toarray() if sparse.issparse(points) else points)
    distances: NDArray[np.float64] = found.astype(np.float64)
    return distances


def preserved(
    full: NDArray[np.float64], embedded: NDArray[np.float64], places: np.ndarray, k: int
) -> dict[str, float]:
    """Return how well distances are kept in an embedding, by several measures.

    Parameters
    ----------
    full, embedded
        Distances of the profiles and of their places, (n, n).
    places
        The coordinates, (n, d).
    k
        Number of nearest neighbours.
    """
    from sklearn.manifold import trustworthiness

    return {
        **correlations(full, embedded),
        "neighbours_kept": neighbours_kept(full, embedded, k),
        "trustworthiness": float(
            trustworthiness(full, places, n_neighbors=k, metric="precomputed")
        ),
    }


def require_neighbours(k: int, n: int) -> None:
    """Raise an error unless `k` is a number of neighbours that `n` samples can be judged by."""
    require_whole(k, "n_neighbors")
    if not 1 <= k < n / 2:
        raise ValueError(
            f"n_neighbors must be from 1 to less than half of the {n} samples, not {k}."
        )
