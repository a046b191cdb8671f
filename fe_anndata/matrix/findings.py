"""What is found of a matrix while its rows pass by, in any pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse

from .extremes import Extremes
from .values import Values, parts

MANY, FEW = 50, 30
"""The greatest value of a sample is at least so much in counts, and less in logarithms."""


class Findings:
    """Sums of each gene, extremes of all values, and samples without any.

    Attributes
    ----------
    sums, observed
        Sum and number of the observed values of each gene, float64 (n_vars,).
    extremes
        Of all observed values.
    like_counts, like_logs
        Samples whose greatest value is a large whole number, and those where it is a small
        fraction: how many, and the number of the first.
    """

    def __init__(self, n_vars: int) -> None:
        self.sums, self.observed = np.zeros(n_vars), np.zeros(n_vars)
        self.extremes = Extremes()
        self.like_counts, self.like_logs = _Rows(), _Rows()
        self._empty: list[np.ndarray] = []

    @property
    def empty_rows(self) -> np.ndarray:
        """Samples without an observed value."""
        return np.concatenate([np.zeros(0, np.int64), *self._empty])

    @property
    def mixed(self) -> tuple[int, int] | None:
        """A sample of counts and one of logarithms, if there are several of both."""
        both = self.like_counts, self.like_logs
        return (both[0].first, both[1].first) if min(of.n for of in both) > 1 else None

    def add(self, first: int, block: Values) -> None:
        """Add some rows, the first of which has this number."""
        if sparse.issparse(block):
            self._empty.append(first + self._add_sparse(block))
            self._look(first, greatest_of(block))
        else:
            for start, piece in parts(block):
                self._empty.append(first + start + self._add_dense(piece))
                self._look(first + start, greatest_of(piece))

    def join(self, other: Findings) -> None:
        """Add what was found of later rows."""
        self.sums += other.sums
        self.observed += other.observed
        self.extremes.join(other.extremes)
        self._empty += other._empty
        self.like_counts.join(other.like_counts)
        self.like_logs.join(other.like_logs)

    def _look(self, first: int, greatest: np.ndarray) -> None:
        """Take note of what the greatest values of some rows say of their units."""
        self.like_counts.add(first, (greatest == np.rint(greatest)) & (greatest >= MANY))
        self.like_logs.add(first, like_logs(greatest))

    def _add_dense(self, block: np.ndarray) -> np.ndarray:
        """Add some dense rows; return those without an observed value."""
        found = self.extremes
        with np.errstate(invalid="ignore"):  # infinite values of both signs
            of_block = block.sum(axis=0, dtype=np.float64)
        if np.isfinite(of_block).all():
            self.sums += of_block
            self.observed += len(block)
            found.add(block)
            return np.zeros(0, np.int64)
        seen = ~np.isnan(block)
        found.infinite = found.infinite or bool(np.isinf(block).any())
        if not found.infinite:
            self.sums += np.nansum(block, axis=0, dtype=np.float64)
            found.add(block[seen])
        self.observed += np.count_nonzero(seen, axis=0)
        return np.flatnonzero(~seen.any(axis=1))

    def _add_sparse(self, block: Values) -> np.ndarray:
        """Add some rows of a CSR matrix; return those without an observed value."""
        n_rows, n_vars = block.shape
        found = self.extremes
        self.observed += n_rows
        lost = np.zeros(n_rows, np.int64)
        for columns, rows, data in _stored(block):
            missing = np.isnan(data)
            found.infinite = found.infinite or bool(np.isinf(data).any())
            if missing.any():
                lost += np.bincount(rows()[missing], minlength=n_rows)
                self.observed -= np.bincount(columns[missing], minlength=n_vars)
                columns, data = columns[~missing], data[~missing]
            if not found.infinite:
                self.sums += np.bincount(columns, weights=data, minlength=n_vars)
                found.add(data)
        found.add_zeros(n_rows * n_vars - block.nnz)  # what is not stored
        return np.flatnonzero(lost == n_vars)


class _Rows:
    """How many rows there are of a kind, and the number of the first."""

    def __init__(self) -> None:
        self.n, self.first = 0, -1

    def add(self, first: int, which: np.ndarray) -> None:
        if which.any():
            self.first = self.first if self.n else first + int(which.argmax())
            self.n += int(which.sum())

    def join(self, other: _Rows) -> None:
        self.first = self.first if self.n else other.first
        self.n += other.n


def greatest_of(block: Values) -> np.ndarray:
    """Return the greatest value of each row, of a sparse one that is stored; NaN without any."""
    if not sparse.issparse(block):
        if not block.shape[1]:
            return np.full(len(block), np.nan)
        return np.asarray(np.fmax.reduce(block, axis=1))
    found = np.full(block.shape[0], np.nan)
    rows = np.flatnonzero(np.diff(block.indptr))
    if len(rows):
        found[rows] = np.fmax.reduceat(block.data, block.indptr[rows])
    return found


def like_logs(greatest: np.ndarray) -> np.ndarray:
    """Return which samples look like logarithms, by their greatest value."""
    found: np.ndarray = (greatest != np.rint(greatest)) & (greatest < FEW)
    return found


def _stored(block: Values) -> Iterator[tuple[np.ndarray, Callable[[], np.ndarray], np.ndarray]]:
    for first, data in parts(block):
        columns = block.indices[first : first + len(data)]

        def rows(first: int = first, n: int = len(data)) -> np.ndarray:
            place = np.arange(first, first + n)
            found: np.ndarray = np.searchsorted(block.indptr, place, side="right") - 1
            return found

        yield columns, rows, data


def extremes_of(X: Any) -> Extremes:
    """Return what the finite values of an array or a sparse matrix are like, of any type."""
    found = Extremes()
    for _, piece in parts(X):
        found.add(piece[np.isfinite(piece)])
    if sparse.issparse(X):
        found.add_zeros(int(np.prod(X.shape)) - X.nnz)
    return found
