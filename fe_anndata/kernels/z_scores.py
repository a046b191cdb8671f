"""Values as deviations from the mean of their gene in a reference, in standard deviations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Blocks = Callable[[], Iterable[tuple[slice, Any]]]
"""Gives the matrix in blocks of rows, float32 arrays or CSR matrices: which rows, and values."""


@dataclass(frozen=True)
class Scale:
    """What is known of the genes of a reference.

    Attributes
    ----------
    mean
        Of all values of a gene, zeros included, float64 (m,); NaN for a gene that has no value or
        is not in the reference.
    sd
        Standard deviation, the root of the mean squared deviation, float64 (m,).
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]

    def at(self, places: NDArray[np.int64]) -> Scale:
        """Return the scale of genes at these places; those at -1 are not in the reference."""
        mean, sd = self.mean[places], self.sd[places]
        mean[places < 0] = sd[places < 0] = np.nan
        return Scale(mean, sd)


def fit_scale(blocks: Blocks, n_vars: int) -> Scale:
    """Return mean and standard deviation of each gene, in one pass; missing values are left out."""
    number, mean, squares = np.zeros(n_vars), np.zeros(n_vars), np.zeros(n_vars)
    for _, block in blocks():
        n, of_block, deviations = _moments(block)
        # As Chan, Golub and LeVeque add moments, which loses no digits where means are large.
        apart, total = of_block - mean, np.maximum(number + n, 1)
        squares += deviations + apart**2 * (number * n / total)
        mean += apart * (n / total)
        number += n
    known = number > 0
    sd = np.sqrt(squares / np.maximum(number, 1))
    return Scale(np.where(known, mean, np.nan), np.where(known, sd, np.nan))


def apply_z(scale: Scale, rows: Any) -> NDArray[np.float32]:
    """Return the z-score of every value, float32.

    NaN where the value is missing or nothing is known of the gene, and 0 for a gene that does not
    vary in the reference. Zeros have z-scores other than 0, so a CSR matrix gives an array too.
    """
    X = rows.toarray() if sparse.issparse(rows) else rows
    varies = ~(scale.sd == 0)
    # Rounded once: a value alone and in a block, dense or sparse, has the same bits.
    z = np.subtract(X, scale.mean, dtype=np.float64)
    np.divide(z, scale.sd, out=z, where=varies)
    flat = np.flatnonzero(~varies)
    z[:, flat] = np.where(np.isnan(z[:, flat]), np.nan, 0)
    scores: NDArray[np.float32] = z.astype(np.float32)
    return scores


def _moments(
    block: Any,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return number, mean and squared deviations of the observed values of each gene."""
    n_rows, n_vars = block.shape
    if not sparse.issparse(block):
        seen = ~np.isnan(block)
        n = seen.sum(0, dtype=np.float64)
        mean = np.where(seen, block, 0).sum(0, dtype=np.float64) / np.maximum(n, 1)
        apart = np.where(seen, block - mean, 0)
        return n, mean, np.einsum("ij,ij->j", apart, apart)
    stored = np.bincount(block.indices, minlength=n_vars)
    seen = ~np.isnan(block.data)
    columns, values = block.indices[seen], block.data[seen].astype(np.float64)
    n = n_rows - np.bincount(block.indices[~seen], minlength=n_vars).astype(np.float64)
    mean = np.bincount(columns, values, n_vars) / np.maximum(n, 1)
    apart = (values - mean[columns]) ** 2
    return n, mean, np.bincount(columns, apart, n_vars) + (n_rows - stored) * mean**2
