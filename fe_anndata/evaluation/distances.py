"""How much of the distances between samples an embedding keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    from scipy.stats import rankdata

    if len(expression) < 3:
        return dict.fromkeys(("pearson", "spearman", "neighbours"), float("nan"))
    pairs = [pdist(points.astype(np.float64)) for points in (expression, embedding)]
    k = min(NEIGHBOURS, len(expression) - 1)
    near = [_nearest(squareform(d), k) for d in pairs]
    return {
        "pearson": _correlation(*pairs),
        "spearman": _correlation(*(rankdata(d) for d in pairs)),
        "neighbours": float((near[0] & near[1]).sum() / (k * len(expression))),
    }


def _nearest(distances: NDArray[np.float64], k: int) -> NDArray[np.bool_]:
    """Return, for each sample, which others are among its `k` nearest."""
    np.fill_diagonal(distances, np.inf)
    near = np.zeros(distances.shape, dtype=bool)
    np.put_along_axis(near, np.argpartition(distances, k - 1, axis=1)[:, :k], True, axis=1)
    return near


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else float("nan")
