"""Matrices of simulated low rank, made row by row: without a peak of their own in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

FACTORS = 8
ROWS = 100
NOISE = 0.3
SHARE = 0.05
"""Of the entries of a sparse matrix that are not zero."""
TOTAL = 1e4
"""Counts of a sample before the logarithm."""


def dense_blocks(samples: int, genes: int, rows: int = ROWS, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield float32 values of low rank, plus noise, some rows at a time."""
    rng = np.random.default_rng(seed)
    programmes = rng.standard_normal((FACTORS, genes), dtype=np.float32)
    for first in range(0, samples, rows):
        block = rng.standard_normal((min(rows, samples - first), genes), dtype=np.float32)
        block *= NOISE
        block += rng.standard_normal((len(block), FACTORS), dtype=np.float32) @ programmes
        yield block


def dense(samples: int, genes: int, seed: int = 0) -> np.ndarray:
    """Return the same in one array."""
    X = np.empty((samples, genes), dtype=np.float32)
    for i, block in enumerate(dense_blocks(samples, genes, seed=seed)):
        X[i * ROWS : i * ROWS + len(block)] = block
    return X


def count_blocks(
    samples: int, genes: int, rows: int = ROWS, seed: int = 0
) -> Iterator[sparse.csr_matrix]:
    """Yield log(x + 1) of normalised Poisson counts, whose rates are exp(low rank), as CSR."""
    rng = np.random.default_rng(seed)
    programmes = rng.standard_normal((FACTORS, genes), dtype=np.float32) / 2
    for first in range(0, samples, rows):
        n = min(rows, samples - first)
        rates = np.exp(rng.standard_normal((n, FACTORS), dtype=np.float32) @ programmes)
        rates *= SHARE / np.minimum(rates, 1 / SHARE).mean()
        block = sparse.csr_matrix(rng.poisson(rates), dtype=np.float32)
        block.data *= np.repeat(TOTAL / np.maximum(block.sum(1).A1, 1), np.diff(block.indptr))
        np.log1p(block.data, out=block.data)
        yield block


def csr(samples: int, genes: int, every: int = 20, seed: int = 0) -> sparse.csr_matrix:
    """Return a CSR matrix with one value in every stretch of `every` genes: 5 % of the entries."""
    rng = np.random.default_rng(seed)
    stretches = genes // every
    columns = rng.integers(every, size=(samples, stretches), dtype=np.int32)
    columns += every * np.arange(stretches, dtype=np.int32)
    values = rng.random(columns.size, dtype=np.float32)
    starts = np.arange(0, columns.size + 1, stretches, dtype=np.int32)
    return sparse.csr_matrix((values, columns.ravel(), starts), shape=(samples, genes))
