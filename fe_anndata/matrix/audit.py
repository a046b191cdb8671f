"""One pass over a matrix: all that anyone needs to know of it before it is trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from .._core.random import generator
from .._core.warn import warn_user
from .rows import Rows
from .values import Values, parts, without_missing

COUNTS_REACH = 50
"""Integers that go no further may be ranks, categories or the like."""


@dataclass(frozen=True)
class Audit:
    """What one pass over the matrix has found.

    Attributes
    ----------
    shape
        Number of samples and of genes.
    sums
        Sum of the observed values of each gene, float64 (n_vars,).
    observed
        Number of the observed values of each gene, float64 (n_vars,).
    squares
        Sum of the squares of all observed values.
    least, greatest
        Of the observed values; NaN if there is none.
    infinite
        Whether a value is infinite.
    whole_numbers
        Whether all observed values are whole numbers that are not negative.
    empty_rows
        Samples without an observed value.
    mark
        Sum of the observed values, each times a number of its row and one of its column. These are
        drawn from a standard normal distribution, so `mark` is about as large as the square root
        of `squares`, and changes as much if rows or columns change their places.
    """

    shape: tuple[int, int]
    sums: np.ndarray
    observed: np.ndarray
    squares: float
    least: float
    greatest: float
    infinite: bool
    whole_numbers: bool
    empty_rows: np.ndarray
    mark: float

    @property
    def total(self) -> float:
        """Sum of all observed values: it tells later whether the matrix has changed."""
        return float(self.sums.sum())

    @property
    def n_missing(self) -> int:
        """Number of missing entries."""
        return int(self.shape[0] * self.shape[1] - self.observed.sum())

    @property
    def counts(self) -> bool:
        """Whether the matrix looks like raw counts."""
        return self.whole_numbers and self.greatest > COUNTS_REACH

    def of_genes(self, kept: np.ndarray) -> Audit:
        """Return the audit of the genes that are kept, if no other has an observed value."""
        shape = (self.shape[0], int(kept.sum()))
        return Audit(
            shape, self.sums[kept], self.observed[kept], self.squares, self.least, self.greatest,
            self.infinite, self.whole_numbers, self.empty_rows, self.mark,
        )  # fmt: skip


def audit(rows: Rows) -> Audit:
    """Pass over the rows once."""
    n_obs, n_vars = rows.shape
    sums, observed = np.zeros(n_vars), np.zeros(n_vars)
    found, mark = _Extremes(), _Mark(rows.shape)
    empty: list[np.ndarray] = []
    for part, block in rows.blocks():
        if sparse.issparse(block):
            empty.append(part.start + _add_sparse(block, sums, observed, found))
            mark.add(part.start, block)
        else:
            for first, piece in parts(block):
                empty.append(part.start + first + _add_dense(piece, sums, observed, found))
                mark.add(part.start + first, piece)
    return Audit(
        (n_obs, n_vars),
        sums,
        observed,
        found.squares,
        found.least,
        found.greatest,
        found.infinite,
        found.whole_numbers,
        np.concatenate([np.zeros(0, np.int64), *empty]),
        mark.sum,
    )


class _Mark:
    """The sum that tells where values stand, of rows that come in any pieces."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.of_rows, self.of_columns = (
            generator(0, "mark", axis).standard_normal(n, dtype=np.float32)
            for axis, n in enumerate(shape)
        )
        self.sum = 0.0

    def add(self, first: int, rows: Values) -> None:
        """Add some rows, the first of which has this number."""
        with np.errstate(invalid="ignore", over="ignore"):  # infinite values
            products = _times(rows, self.of_columns)
            if np.isnan(products).any():
                products = _times(without_missing(rows), self.of_columns)
            of_rows = self.of_rows[first : first + len(products)]
            self.sum += float(np.einsum("i,i->", products, of_rows, dtype=np.float64))


def _times(rows: Values, vector: np.ndarray) -> np.ndarray:
    """Return a product, not by BLAS, whose threads would wait for each other in a busy loop."""
    is_sparse = sparse.issparse(rows)
    product: np.ndarray = rows @ vector if is_sparse else np.einsum("ij,j->i", rows, vector)
    return product


class _Extremes:
    """What is found of the values wherever they stand."""

    def __init__(self) -> None:
        self.squares = 0.0
        self.least = self.greatest = np.nan
        self.infinite = False
        self.whole_numbers = True

    def add(self, values: np.ndarray) -> None:
        """Take note of finite values, of any shape."""
        if not values.size:
            return
        least, greatest = float(values.min()), float(values.max())
        self.least = float(np.fmin(self.least, least))
        self.greatest = float(np.fmax(self.greatest, greatest))
        if self.whole_numbers:
            # A look at some before all: most matrices hold no whole numbers.
            few = values.ravel()[:: max(1, values.size // 1000)]
            self.whole_numbers = (
                least >= 0
                and np.array_equal(few, np.rint(few))
                and np.array_equal(values, np.rint(values))
            )
        plain = values.ravel()  # not by BLAS: see _times
        self.squares += float(np.einsum("i,i->", plain, plain, dtype=np.float64))


def _add_dense(
    block: np.ndarray, sums: np.ndarray, observed: np.ndarray, found: _Extremes
) -> np.ndarray:
    """Add some dense rows; return those without an observed value."""
    with np.errstate(invalid="ignore"):  # infinite values of both signs
        of_block = block.sum(axis=0, dtype=np.float64)
    if np.isfinite(of_block).all():
        sums += of_block
        observed += len(block)
        found.add(block)
        return np.zeros(0, np.int64)
    seen = ~np.isnan(block)
    found.infinite = found.infinite or bool(np.isinf(block).any())
    if not found.infinite:
        sums += np.nansum(block, axis=0, dtype=np.float64)
        found.add(block[seen])
    observed += np.count_nonzero(seen, axis=0)
    return np.flatnonzero(~seen.any(axis=1))


def _add_sparse(
    block: Values, sums: np.ndarray, observed: np.ndarray, found: _Extremes
) -> np.ndarray:
    """Add some rows of a CSR matrix; return those without an observed value."""
    n_rows, n_vars = block.shape
    observed += n_rows
    lost = np.zeros(n_rows, np.int64)
    for columns, rows, data in _stored(block):
        missing = np.isnan(data)
        found.infinite = found.infinite or bool(np.isinf(data).any())
        if missing.any():
            lost += np.bincount(rows()[missing], minlength=n_rows)
            observed -= np.bincount(columns[missing], minlength=n_vars)
            columns, data = columns[~missing], data[~missing]
        if not found.infinite:
            sums += np.bincount(columns, weights=data, minlength=n_vars)
            found.add(data)
    if block.nnz < n_rows * n_vars:  # what is not stored is zero
        found.least, found.greatest = (
            float(np.fmin(found.least, 0)), float(np.fmax(found.greatest, 0))
        )  # fmt: skip
    return np.flatnonzero(lost == n_vars)


def _stored(block: Values) -> Iterator[tuple[np.ndarray, Callable[[], np.ndarray], np.ndarray]]:
    for first, data in parts(block):
        columns = block.indices[first : first + len(data)]

        def rows(first: int = first, n: int = len(data)) -> np.ndarray:
            place = np.arange(first, first + n)
            found: np.ndarray = np.searchsorted(block.indptr, place, side="right") - 1
            return found

        yield columns, rows, data


def require_trainable(
    found: Audit, genes: pd.Index, samples: pd.Index, *, any_unit: bool = False
) -> None:
    """Raise ValueError if what was found cannot be trained on; warn of raw counts.

    Parameters
    ----------
    found
        The audit.
    genes, samples
        Their names.
    any_unit
        Whether counts are as good as their logarithms.
    """
    require_size(found.shape)
    if not genes.is_unique:
        twice = genes[genes.duplicated()].unique()
        raise ValueError(
            f"{len(twice)} gene names occur more than once ({', '.join(map(str, twice[:3]))}); "
            "call adata.var_names_make_unique() first."
        )
    if found.infinite:
        raise ValueError(
            "the matrix holds infinite values, perhaps log(0); use log(x + 1), or set them to NaN "
            "to treat them as missing."
        )
    if not found.observed.any():
        raise ValueError("every value of the matrix is missing (NaN).")
    empty = found.empty_rows
    if len(empty):
        raise ValueError(
            f"{len(empty)} samples have no observed value (such as {samples[empty[0]]!r}); "
            "remove them first."
        )
    if found.counts and not any_unit:
        warn_user(
            "the matrix looks like raw counts, which a few genes would dominate; train on log "
            "values, for example sc.pp.normalize_total(adata); sc.pp.log1p(adata)."
        )


def require_size(shape: tuple[int, int]) -> None:
    """Raise ValueError if there is nothing, or too little, to embed."""
    n_obs, n_vars = shape
    if n_obs == 0 or n_vars == 0:
        raise ValueError(f"the matrix is empty ({n_obs} samples x {n_vars} genes).")
    if n_obs < 3 or n_vars < 3:
        raise ValueError(
            f"{n_obs} samples x {n_vars} genes are too few to embed; at least 3 of each are needed."
        )


def looks_like_counts(values: np.ndarray) -> bool:
    """Return whether values are whole numbers that are not negative and reach beyond 50."""
    found = _Extremes()
    found.add(values[np.isfinite(values)])
    return found.whole_numbers and found.greatest > COUNTS_REACH
