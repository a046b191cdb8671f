"""Vectors in a plane: principal components, t-SNE or UMAP."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.distance import pdist

from .._core.errors import require_choice
from .._core.extras import extra
from .._core.warn import warn_user

Floats = NDArray[np.float64]

METHODS = {"pca": "PC", "tsne": "t-SNE", "umap": "UMAP"}
FEWEST = 5  # t-SNE and UMAP of fewer points show nothing
PERPLEXITY = 30.0
NEIGHBOURS = 15


class Components(NamedTuple):
    """The two main directions of some vectors."""

    centre: Floats  # (dim,)
    axes: Floats  # (dim, 2)
    shares: Floats  # (2,), of the variance; 0 for a direction without variance

    def place(self, vectors: Floats) -> Floats:
        """Return coordinates, (n, 2), of vectors, also of those the directions do not come from."""
        coordinates: Floats = (vectors - self.centre) @ self.axes
        return coordinates

    @property
    def names(self) -> tuple[str, str]:
        """The labels of the axes."""
        first, second = (f"PC{i + 1} ({share:.0%})" for i, share in enumerate(self.shares))
        return first, second


def components(vectors: Floats) -> Components:
    """Return the two main directions of the vectors; a direction without variance is zero.

    The sign of a direction is free; it is chosen so that the greatest loading is positive.
    """
    centre = vectors.mean(axis=0)
    _, lengths, rows = np.linalg.svd(vectors - centre, full_matrices=False)
    total = (lengths**2).sum()
    axes, shares = np.zeros((vectors.shape[1], 2)), np.zeros(2)
    for i, (length, row) in enumerate(zip(lengths[:2], rows[:2], strict=True)):
        if length > 1e-6 * max(1.0, np.abs(vectors).max()):
            axes[:, i] = row * np.sign(row[np.argmax(np.abs(row))])
            shares[i] = length**2 / total
    return Components(centre, axes, shares)


class Around(NamedTuple):
    """Points around a centre, each at its true distance from it."""

    points: Floats  # (n, 2); the centre is at (0, 0)
    kept: float  # of the squared distances between the points: 1 less what they are wrong by


def around(vectors: Floats, centre: Floats) -> Around:
    """Return places of the vectors in a plane, each as far from the centre as it is in truth.

    The directions from the centre are those by which the distances between the vectors are kept
    best, found from two starts. Vectors in one plane with the centre are drawn without any loss.
    """
    apart = vectors - centre
    lengths = np.linalg.norm(apart, axis=1)
    main = components(vectors)
    starts = [apart @ _directions(apart), main.place(vectors) - main.place(centre)]
    between = pdist(vectors)
    found = min(
        (
            minimize(
                _misfit,
                np.arctan2(start[:, 1], start[:, 0]),
                (lengths, between),
                method="L-BFGS-B",
                jac=True,
            )
            for start in starts
        ),
        key=lambda result: float(result.fun),
    )
    total = (between**2).sum()
    kept = 1 - found.fun / total if total else 1.0
    return Around(lengths[:, None] * np.column_stack([np.cos(found.x), np.sin(found.x)]), kept)


def _directions(apart: Floats) -> Floats:
    """Return two main directions of vectors from a centre that is not their mean, (dim, 2)."""
    _, _, rows = np.linalg.svd(apart, full_matrices=False)
    axes = np.zeros((apart.shape[1], 2))
    for i, row in enumerate(rows[:2]):
        axes[:, i] = row * np.sign(row[np.argmax(np.abs(row))])
    return axes


def _misfit(angles: Floats, lengths: Floats, between: Floats) -> tuple[float, Floats]:
    """Return by how much distances in the plane are wrong, squared, and its gradient."""
    x = lengths[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    i, j = np.triu_indices(len(x), 1)
    apart = x[i] - x[j]
    drawn = np.maximum(np.linalg.norm(apart, axis=1), 1e-12)
    wrong = drawn - between
    pull = (2 * wrong / drawn)[:, None] * apart
    gradient = np.zeros_like(x)
    np.add.at(gradient, i, pull)
    np.subtract.at(gradient, j, pull)
    turned = np.column_stack([-x[:, 1], x[:, 0]])
    return float((wrong**2).sum()), (gradient * turned).sum(axis=1)


def flat(vectors: Floats, method: str, seed: int) -> tuple[Floats, tuple[str, str]]:
    """Return coordinates in a plane, (n, 2), and the names of its axes.

    t-SNE and UMAP start from principal components, and their perplexity and number of neighbours
    are lowered for few points. Fewer than `FEWEST` points are drawn by principal components, with
    a warning.

    Raises
    ------
    ValueError
        If `method` is unknown.
    ImportError
        If `method` is ``"umap"`` and umap-learn is not installed.
    """
    require_choice(method, METHODS, "method")
    n = len(vectors)
    if method != "pca" and n < FEWEST:
        warn_user(
            f"{METHODS[method]} needs at least {FEWEST} genes, and there are {n}: they are drawn "
            "by principal components (method='pca')."
        )
        method = "pca"
    found = components(vectors)
    start = found.place(vectors)
    if method == "pca":
        return start, found.names
    start /= start[:, 0].std() or 1.0
    make = _tsne if method == "tsne" else _umap
    name = METHODS[method]
    return make(vectors, start, seed), (f"{name}1", f"{name}2")


def _tsne(vectors: Floats, start: Floats, seed: int) -> Floats:
    from sklearn.manifold import TSNE

    search = TSNE(
        init=1e-4 * start, perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3), random_state=seed
    )
    return np.asarray(search.fit_transform(vectors), dtype=np.float64)


def _umap(vectors: Floats, start: Floats, seed: int) -> Floats:
    umap = extra("umap", "umap", "method='umap'")
    search = umap.UMAP(
        init=10 * start / max(np.abs(start).max(), 1e-12),
        n_neighbors=min(NEIGHBOURS, len(vectors) - 1),
        random_state=seed,
        n_jobs=1,  # more jobs would ignore the seed
    )
    return np.asarray(search.fit_transform(vectors), dtype=np.float64)
