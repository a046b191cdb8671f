"""Gene vectors without what is common to all of them."""

from __future__ import annotations

import numpy as np

FLAT = 1e-10
"""A direction with less than this part of the largest variance has only rounding in it."""


def centred(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors minus their mean, float32."""
    return _minus_mean(vectors).astype(np.float32)


def without_common(vectors: np.ndarray, n_components: int) -> np.ndarray:
    """Return the vectors minus their mean and main directions, float32, of the same shape.

    Raises
    ------
    ValueError
        If `n_components` is negative, or no direction would be left.
    """
    dim = vectors.shape[1]
    if not 0 <= n_components < dim:
        raise ValueError(
            f"n_components must be from 0 to {dim - 1}, below the dimension of the vectors, "
            f"not {n_components}."
        )
    moved = _minus_mean(vectors)
    _, directions = _principal(moved)
    top = directions[:, :n_components]
    rest: np.ndarray = moved - (moved @ top) @ top.T
    return rest.astype(np.float32)


def whitened(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors along their principal directions, each at variance 1, float32.

    Directions without variance are left out: those with less than `FLAT` of the largest, and those
    that vary by no more than the vectors, as float32, are rounded.

    Raises
    ------
    ValueError
        If all vectors are the same.
    """
    moved = _minus_mean(vectors)
    variances, directions = _principal(moved)
    rounding = float(np.finfo(np.float32).eps * np.abs(vectors).max(initial=0.0)) ** 2
    kept = variances > max(FLAT * variances[0], rounding, np.finfo(np.float64).tiny)
    if not kept.any():
        raise ValueError("all gene vectors are the same; there is nothing to whiten.")
    white: np.ndarray = (moved @ directions[:, kept]) / np.sqrt(variances[kept])
    return white.astype(np.float32)


def _minus_mean(vectors: np.ndarray) -> np.ndarray:
    moved = vectors.astype(np.float64)
    moved -= moved.mean(axis=0)
    return moved


def _principal(moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return variances, largest first, and directions, as columns, of centred vectors."""
    variances, directions = np.linalg.eigh(moved.T @ moved / max(len(moved), 1))
    # The sign of a direction is free; it is fixed here, so that results are the same bytes.
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(directions))])
    return variances[::-1], (directions * signs)[:, ::-1]
