"""Counts of samples, packed: of each the genes that were counted and how often, and no zeros.

Genes are numbered in the order of their names, and stand in that order: so nothing that is computed
depends on the order of the columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from ...kernels.table_attention import Tokens
from ...matrix.values import Values
from ..trained import UnfitValueError

MOST = 1 << 24
"""Whole numbers up to this one have a float32."""
MANY = 1 << 16
"""Counts above which the distinct ones are found by sorting, not by marks up to the greatest."""
FEW = 50
"""Counted genes below which a sample is placed, and flagged."""


@dataclass(frozen=True)
class Counts:
    """Samples, one after the other.

    Attributes
    ----------
    starts
        Where each begins, and the end, int64 (n + 1,).
    genes
        Numbers of genes, rising in each sample.
    counts
        Of these genes, from 1 on.
    covariates
        What is known of the batch of each sample, float32 (n, q), if anything.
    """

    starts: np.ndarray
    genes: np.ndarray
    counts: np.ndarray
    covariates: np.ndarray | None = None

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.starts) - 1

    @property
    def sample(self) -> np.ndarray:
        """The sample of each gene."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @property
    def totals(self) -> np.ndarray:
        """The total of each sample, float64 (n,)."""
        return np.bincount(self.sample, self.counts, len(self))

    def take(self, samples: np.ndarray) -> Counts:
        """Return some samples, in any order."""
        lengths = np.diff(self.starts)[samples]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        at = np.arange(starts[-1]) + np.repeat(self.starts[samples] - starts[:-1], lengths)
        covariates = None if self.covariates is None else self.covariates[samples]
        return Counts(starts, self.genes[at], self.counts[at], covariates)

    def where(self, kept: np.ndarray) -> Counts:
        """Return the samples with some of their genes, bool (genes of all,)."""
        ends = np.concatenate([[0], np.cumsum(kept)])
        return replace(
            self, starts=ends[self.starts], genes=self.genes[kept], counts=self.counts[kept]
        )

    def tokens(self) -> tuple[Tokens, np.ndarray]:
        """Return the samples as tokens, and the counts that their values are rows of."""
        top = int(self.counts.max(initial=0))
        if top > MANY:
            distinct, values = np.unique(self.counts, return_inverse=True)
            return Tokens(
                self.starts, self.genes.astype(np.int32), values.astype(np.int32)
            ), distinct.astype(np.int64)
        there = np.zeros(top + 1, dtype=bool)
        there[self.counts] = True
        distinct = np.flatnonzero(there)
        number = np.cumsum(there, dtype=np.int32) - 1
        values = number[self.counts].astype(np.int32)
        return Tokens(self.starts, self.genes.astype(np.int32), values), distinct


def packed(blocks: Iterable[tuple[slice, Values]], rank: np.ndarray) -> Counts:
    """Return the counts of a matrix.

    Parameters
    ----------
    blocks
        Its rows.
    rank
        The number of each column.

    Raises
    ------
    UnfitValueError
        If a value is no count.
    """
    lengths, genes, counts = [np.zeros(1, np.int64)], [], []
    kind = np.uint16 if len(rank) <= 1 << 16 else np.int32
    for part, block in blocks:
        found = of_block(block, rank, part.start)
        lengths.append(np.diff(found.starts))
        genes.append(found.genes.astype(kind))
        top = found.counts.max(initial=0)
        counts.append(found.counts.astype(np.uint16) if top < 1 << 16 else found.counts)
    return Counts(np.cumsum(np.concatenate(lengths)), _joined(genes), _joined(counts))


def of_block(block: Values, rank: np.ndarray, first: int = 0) -> Counts:
    """Return the counts of rows from the `first` on; missing values count as nothing."""
    rows = block if sparse.issparse(block) else sparse.csr_matrix(block)
    _require_counts(rows, first)
    shape = rows.shape[0], int(rank.max(initial=0)) + 1
    # Values are sorted in place below, and those of a block may be those of the user.
    found = sparse.csr_matrix((rows.data.copy(), rank[rows.indices], rows.indptr), shape=shape)
    kept = (found.data != 0) & ~np.isnan(found.data)
    if not kept.all():
        found.data = np.nan_to_num(found.data)
        found.eliminate_zeros()
    found.sort_indices()
    return Counts(
        found.indptr.astype(np.int64), found.indices.astype(np.int32), found.data.astype(np.int32)
    )


def _require_counts(rows: sparse.csr_matrix, first: int) -> None:
    with np.errstate(invalid="ignore"):
        wrong = (rows.data < 0) | (rows.data != np.floor(rows.data)) | (rows.data > MOST)
    wrong &= ~np.isnan(rows.data)
    if not wrong.any():
        return
    at = int(np.argmax(wrong))
    row = int(np.searchsorted(rows.indptr, at, side="right")) - 1
    place, value = (first + row, int(rows.indices[at])), rows.data[at]
    if value > MOST:
        raise UnfitValueError(
            *place,
            f"the count of {{where}} is {value:g}, more than {MOST}: no cell has so many; is it a "
            "sum of samples, or another unit?",
        )
    raise UnfitValueError(
        *place,
        f"the value of {{where}} is {value:g}, and no count. This family is trained on raw counts, "
        "whole numbers from 0: name the layer that holds them, for example layer='counts'. Those "
        "in adata.raw become one by adata.layers['counts'] = adata.raw[:, adata.var_names].X.",
    )


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if len(parts) > 1 else parts[0]
