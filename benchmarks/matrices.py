"""Matrices that are made without a peak of their own in memory."""

from __future__ import annotations

import numpy as np
from scipy import sparse

FACTORS = 8
ROWS = 100
NOISE = 0.3


def dense(samples: int, genes: int, seed: int = 0) -> np.ndarray:
    """Return float32 values of low rank, plus noise."""
    rng = np.random.default_rng(seed)
    programmes = rng.standard_normal((FACTORS, genes), dtype=np.float32)
    X = np.empty((samples, genes), dtype=np.float32)
    for first in range(0, samples, ROWS):
        rows = X[first : first + ROWS]
        rng.standard_normal(out=rows, dtype=np.float32)
        rows *= NOISE
        rows += rng.standard_normal((len(rows), FACTORS), dtype=np.float32) @ programmes
    return X


def csr(samples: int, genes: int, every: int = 20, seed: int = 0) -> sparse.csr_matrix:
    """Return a CSR matrix with one value in every stretch of `every` genes: 5 % of the cells."""
    rng = np.random.default_rng(seed)
    stretches = genes // every
    columns = rng.integers(every, size=(samples, stretches), dtype=np.int32)
    columns += every * np.arange(stretches, dtype=np.int32)
    values = rng.random(columns.size, dtype=np.float32)
    starts = np.arange(0, columns.size + 1, stretches, dtype=np.int32)
    return sparse.csr_matrix((values, columns.ravel(), starts), shape=(samples, genes))
