"""Vectors in a plane: principal components, t-SNE or UMAP."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    share: float  # of the variance of their directions that the plane shows


def around(vectors: Floats, centre: Floats) -> Around:
    """Return places of the vectors in a plane, each as far from the centre as it is in truth.

    Its direction from the centre is that in the plane in which the directions of all vectors are
    seen best, by principal components that are not centred. So vectors in one plane with the
    centre are drawn without any loss.
    """
    apart = vectors - centre
    lengths = np.linalg.norm(apart, axis=1)
    there = lengths > 1e-6 * max(1.0, np.abs(vectors).max())
    points = np.zeros((len(vectors), 2))
    if not there.any():
        return Around(points, 1.0)
    directions = apart[there] / lengths[there, None]
    _, found, rows = np.linalg.svd(directions, full_matrices=False)
    axes = np.zeros((vectors.shape[1], 2))
    for i, row in enumerate(rows[:2]):
        axes[:, i] = row * np.sign(row[np.argmax(np.abs(row))])
    seen = directions @ axes
    # A vector at a right angle to the plane has no direction in it, and goes along the first axis.
    seen[np.abs(seen).max(axis=1) < 1e-9] = [1.0, 0.0]
    points[there] = lengths[there, None] * seen / np.linalg.norm(seen, axis=1, keepdims=True)
    return Around(points, float((found[:2] ** 2).sum() / (found**2).sum()))


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
