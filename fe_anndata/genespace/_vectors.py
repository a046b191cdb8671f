"""What the comparisons of two spaces share: lengths, and means over nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CELLS = 2**24
"""So many similarities are held at a time, 64 MiB of float32."""


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors at length one; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: np.ndarray = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled.astype(np.float32)


def products(rows: np.ndarray, columns: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield parts of ``rows @ columns.T`` with the rows that they are of; no part is large."""
    step = max(1, CELLS // max(len(columns), 1))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        yield part, rows[part] @ columns.T


def nearest(vectors: np.ndarray, k: int) -> np.ndarray:
    """Return the `k` nearest rows of each row by cosine, itself excluded, int (n, k), unordered."""
    vectors = unit(vectors)
    found = np.empty((len(vectors), k), dtype=np.int64)
    for part, scores in products(vectors, vectors):
        rows = np.arange(len(scores))
        scores[rows, rows + part.start] = -np.inf
        found[part] = np.argpartition(scores, -k, axis=1)[:, -k:]
    return found
