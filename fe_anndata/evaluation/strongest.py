"""Which rows of some tables hold the greatest values, and an order in which that is seen."""

from __future__ import annotations

import numpy as np


def strongest(tables: np.ndarray, n: int) -> np.ndarray:
    """Return the `n` rows of tables (k, rows, columns) with the greatest values, rising."""
    greatest = tables.max(axis=(0, 2))
    return np.sort(np.argsort(-greatest, kind="stable")[:n])


def by_column(tables: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return rows by the column that is greatest in each, on average, and then by its value."""
    means = tables[:, rows].mean(axis=0)
    best = means.argmax(axis=1)
    return rows[np.lexsort((-means.max(axis=1), best))]
