"""How samples differ: whether they do at all, and whether one of them outweighs all others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from .values import Values, parts

if TYPE_CHECKING:
    from .rows import Rows

ROWS = 8
"""Rows of a sparse matrix that are dense at a time."""


class Deviations:
    """Squares of the deviations from gene means, by sample, of rows that come in any pieces.

    They are taken about the means of the first piece, so that one pass is enough; :meth:`finish`
    makes them those about the means of all.

    Attributes
    ----------
    total
        Sum of all squares.
    row, largest
        The sample with the largest sum, and this sum.
    column, value, of_value
        The gene that deviates most in this sample, its value, and the square of its deviation.
    vary
        Whether a gene has different values in two samples.
    """

    def __init__(self, n_vars: int) -> None:
        self.total = 0.0
        self.row, self.largest = -1, -1.0
        self.column, self.value, self.of_value = -1, np.nan, 0.0
        self.vary = False
        self._low, self._high = np.full((2, n_vars), np.nan, np.float32)
        self._centre: np.ndarray | None = None

    def add(self, first: int, block: Values, means: np.ndarray) -> None:
        """Add some rows, the first of which has this number; `means` are those of genes so far."""
        if self._centre is None:
            self._centre = means.astype(np.float32)
        if sparse.issparse(block):
            self._compare(block[i : i + ROWS].toarray() for i in range(0, block.shape[0], ROWS))
            self._note(first, _of_sparse_rows(block, self._centre))
            return
        self._compare(piece for _, piece in parts(block))
        for start, piece in parts(block):
            with np.errstate(over="ignore", invalid="ignore"):  # refused for their size later
                apart = piece - self._centre
                squares = np.einsum("ij,ij->i", apart, apart, dtype=np.float64)
            if np.isnan(squares).any():
                apart[np.isnan(apart)] = 0
                squares = np.einsum("ij,ij->i", apart, apart, dtype=np.float64)
            self._note(first + start, squares)

    def finish(
        self,
        own: tuple[np.ndarray, np.ndarray],
        every: tuple[np.ndarray, np.ndarray],
        rows: Rows,
    ) -> None:
        """Take all about the means of all, after the last rows.

        Parameters
        ----------
        own, every
            Sum and number of the observed values of each gene, of these rows and of all.
        rows
            They are asked for the one that deviates most.
        """
        sums, observed = own
        if self._centre is None or not np.isfinite([self.total, every[0].sum()]).all():
            return
        means = every[0] / np.maximum(every[1], 1)
        moved = self._centre - means
        change = moved @ (2 * (sums - observed * self._centre) + observed * moved)
        self.total = max(self.total + float(change), 0.0)
        place = self.row - rows.first
        row = rows.read(slice(place, place + 1))
        values = (row.toarray() if sparse.issparse(row) else row)[0].astype(np.float64)
        squares = np.nan_to_num((values - means) ** 2)
        self.largest, self.column = float(squares.sum()), int(squares.argmax())
        self.value, self.of_value = float(values[self.column]), float(squares[self.column])

    def join(self, other: Deviations) -> None:
        """Add what was found of later rows, about the same means."""
        self.total += other.total
        self._compare([np.stack([other._low, other._high])])
        self.vary = self.vary or other.vary
        if other.largest > self.largest:
            for name in ("row", "largest", "column", "value", "of_value"):
                setattr(self, name, getattr(other, name))

    def _compare(self, pieces: Iterable[np.ndarray]) -> None:
        """Look for a gene with two values; done as soon as there is one."""
        for piece in pieces:
            if self.vary:
                return
            self._low = np.fmin(self._low, np.fmin.reduce(piece, axis=0))
            self._high = np.fmax(self._high, np.fmax.reduce(piece, axis=0))
            self.vary = bool((self._low < self._high).any())

    def _note(self, first: int, squares: np.ndarray) -> None:
        self.total += float(squares.sum())
        row = int(squares.argmax())
        if squares[row] > self.largest:
            self.largest, self.row = float(squares[row]), first + row


def _of_sparse_rows(block: Values, centre: np.ndarray) -> np.ndarray:
    """Return the squares of rows of a CSR matrix, in which most values are not stored."""
    at = centre[block.indices]
    with np.errstate(over="ignore", invalid="ignore"):  # refused for their size later
        change = block.data * (block.data - 2 * at)
        if np.isnan(change).any():
            change = np.where(np.isnan(block.data), -at * at, change)
        sums = np.concatenate([[0.0], np.cumsum(change, dtype=np.float64)])
        squares: np.ndarray = sums[block.indptr[1:]] - sums[block.indptr[:-1]]
    return squares + float(np.einsum("i,i->", centre, centre, dtype=np.float64))
