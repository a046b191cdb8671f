"""What every comparison of two spaces needs: unit vectors, products by parts, neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

ENTRIES = 2**24
"""The most similarities that are held at a time: 64 MiB of float32."""


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors at unit length, float32; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: np.ndarray = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled.astype(np.float32)


def products(rows: np.ndarray, columns: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield ``rows @ columns.T`` in small parts, each with the slice of the rows it belongs to."""
    step = max(1, ENTRIES // max(len(columns), 1))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        yield part, rows[part] @ columns.T


def nearest(vectors: np.ndarray, k: int) -> np.ndarray:
    """Return the `k` nearest other rows of each row by cosine, int (n, k), in no order."""
    vectors = unit(vectors)
    found = np.empty((len(vectors), k), dtype=np.int64)
    for part, scores in products(vectors, vectors):
        rows = np.arange(len(scores))
        scores[rows, rows + part.start] = -np.inf
        found[part] = np.argpartition(scores, -k, axis=1)[:, -k:]
    return found
