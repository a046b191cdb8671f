"""What models of all families do that go on with other samples: genes that are known stay."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .._core.log import logger
from .trained import Trained

PREFIX = "origin_"
"""Of what a run has to know of the model that it began with, among its facts."""


def mark(model: Trained) -> float:
    """Return what tells a model from others."""
    return float(zlib.crc32(np.ascontiguousarray(model.genes()).tobytes()))


def require_same(model: Trained, facts: Mapping[str, float]) -> None:
    """Raise ValueError if a run that goes on began with another model."""
    if facts.get(f"{PREFIX}mark") != mark(model):
        raise ValueError(
            "the model that is given as start is not the one that the run was begun with; give "
            "that one."
        )


def starting_vectors(
    table: np.ndarray,
    theirs: NDArray[np.int64],
    ours: NDArray[np.int64],
    loadings: np.ndarray,
    drawn: np.ndarray,
) -> tuple[np.ndarray, dict[str, float]]:
    """Return where the vectors of genes start, and log and return what became of them.

    Those of shared genes are kept. A new gene starts where its loadings lie, mapped into the space
    of the model by least squares over the shared ones, or at random if these are too few.

    Parameters
    ----------
    table
        Vectors of the genes of the model.
    theirs, ours
        Numbers of the shared genes among its own, and among those of the new samples.
    loadings
        Of the genes of the new samples, (m, k).
    drawn
        Where genes start of which nothing else is known, of standard deviation 1, (m, width).
    """
    vectors = (drawn * np.sqrt(np.square(table).mean())).astype(np.float32)
    vectors[ours] = table[theirs]
    X = np.column_stack([loadings, np.ones(len(vectors))]).astype(np.float64)
    new = np.setdiff1d(np.arange(len(vectors)), ours)
    is_mapped, r2 = len(ours) > X.shape[1], 0.0
    if len(new) and is_mapped:
        of_shared = vectors[ours].astype(np.float64)
        weights, *_ = np.linalg.lstsq(X[ours], of_shared)
        left = np.square(of_shared - X[ours] @ weights).sum()
        r2 = float(1 - left / np.square(of_shared - of_shared.mean(0)).sum())
        vectors[new] = X[new] @ weights
    _tell(len(ours), len(table), len(new), is_mapped, r2)
    mapped = len(new) if is_mapped else 0
    facts = {"shared": len(ours), "new": len(new), "mapped": mapped, "r2": r2}
    return vectors, {f"{PREFIX}{name}": float(value) for name, value in facts.items()}


def _tell(shared: int, of_model: int, new: int, mapped: bool, r2: float) -> None:
    start = "they start at random vectors, too few genes being shared"
    if mapped:
        start = (
            "they start at their loadings, mapped by least squares over the shared genes (which "
            f"tells {r2:.0%} of the variance of theirs)"
        )
    logger.info(
        "continued a model: %d of its %d genes are shared and keep vectors and levels; %d genes "
        "are new%s",
        shared, of_model, new, f": {start}" if new else "",
    )  # fmt: skip
