"""Where values come from: rows of a matrix, in memory or by blocks.

A matrix in memory is one float32 array or CSR matrix. Any other, in a file or of dask, is read by
blocks of rows, the next one while the last is computed with; nothing of its size is ever made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from . import values
from .entries import Entries
from .values import Values, as_values

if TYPE_CHECKING:
    from .normalize import Step

BLOCK, SPARSE_BLOCK = 1 << 23, 1 << 24
"""How many entries a block has at most, of a dense matrix and of a sparse one."""


class Rows(ABC):
    """The rows of a matrix of float32 values, NaN where missing.

    Attributes
    ----------
    shape
        Number of rows and of columns.
    first
        The number of the first one in the matrix, of which other processes may have other rows.
    """

    shape: tuple[int, int]
    first: int = 0

    @property
    def whole(self) -> Values | None:
        """The matrix, if it is in memory."""
        return None

    @property
    @abstractmethod
    def is_sparse(self) -> bool:
        """Whether blocks are CSR matrices."""

    @abstractmethod
    def read(self, part: slice) -> Values:
        """Return some rows in a piece."""

    @abstractmethod
    def blocks(self, n: int | None = None) -> Iterator[tuple[slice, Values]]:
        """Yield all rows in their order, in blocks: which, and values.

        Where blocks are cut depends on the shape alone, not on where the matrix is, so that sums
        over blocks have the same digits. `n` rows at a time if it is given.
        """

    def parts(self, n: int | None = None) -> list[slice]:
        """Return which rows are in each block."""
        n_obs, n_vars = self.shape
        if n is None:
            # Evenly: a last block of a few rows would cost as much as any.
            most = SPARSE_BLOCK if self.is_sparse else BLOCK
            n = max(1, -(-n_obs // max(1, -(-n_obs * n_vars // most))))
        return [slice(first, min(first + n, n_obs)) for first in range(0, n_obs, n)]

    @abstractmethod
    def take(self, rows: np.ndarray) -> Values:
        """Return some rows, given by rising numbers."""

    @abstractmethod
    def columns_at(self, columns: np.ndarray) -> Rows:
        """Return the rows with some of the columns, given by rising numbers."""

    def entries(self, rows: np.ndarray, cols: np.ndarray) -> Entries:
        """Return the entries at pairs of rows and columns, which are sorted by row."""
        found = np.empty(len(rows), dtype=np.float32)
        for part, block in self.blocks():
            inside = slice(*np.searchsorted(rows, (part.start, part.stop)))
            at = rows[inside] - part.start
            found[inside] = values.entries(block, at, cols[inside])
        return Entries(rows, cols, found)

    def missing(self) -> Entries:
        """Return all missing entries, with value zero."""
        row, col = [], []
        for part, block in self.blocks():
            of_block, cols = values.missing_entries(block)
            row.append(of_block + part.start)
            col.append(cols)
        rows = np.concatenate(row)
        return Entries(rows, np.concatenate(col), np.zeros(len(rows), np.float32))


class InMemory(Rows):
    """The rows of a float32 array or CSR matrix.

    Parameters
    ----------
    X
        As :func:`fe_anndata.matrix.values.as_values` returns it.
    first
        The number of the first row.
    """

    def __init__(self, X: Values, first: int = 0) -> None:
        self.X, self.shape, self.first = X, (int(X.shape[0]), int(X.shape[1])), first

    @property
    def whole(self) -> Values:
        """The matrix."""
        return self.X

    @property
    def is_sparse(self) -> bool:
        """Whether it is a CSR matrix."""
        return bool(sparse.issparse(self.X))

    def read(self, part: slice) -> Values:
        """Return a view of some rows."""
        return values.rows_of_csr(self.X, part) if self.is_sparse else self.X[part]

    def blocks(self, n: int | None = None) -> Iterator[tuple[slice, Values]]:
        """Yield views."""
        return ((part, self.read(part)) for part in self.parts(n))

    def entries(self, rows: np.ndarray, cols: np.ndarray) -> Entries:
        """Return the entries at pairs of rows and columns."""
        return Entries(rows, cols, values.entries(self.X, rows, cols))

    def take(self, rows: np.ndarray) -> Values:
        """Return some rows."""
        return self.X[rows]

    def columns_at(self, columns: np.ndarray) -> InMemory:
        """Return a copy of some columns."""
        X = self.X[:, columns]
        return InMemory(np.ascontiguousarray(X) if isinstance(X, np.ndarray) else X, self.first)


class ByBlocks(Rows):
    """The rows of a matrix that is read by blocks.

    Parameters
    ----------
    X
        What gives some of its rows when it is sliced: a dataset of HDF5 or Zarr, one of AnnData's
        sparse datasets, or an array of dask.
    columns
        Which columns are wanted, all by default.
    name
        What messages call the matrix.
    step
        What is done to some of its rows, with all columns, before they are used.
    own
        Which rows of the matrix they are, all by default.
    """

    def __init__(
        self,
        X: Any,
        columns: np.ndarray | None = None,
        name: str = "the matrix",
        step: Step | None = None,
        own: slice | None = None,
    ) -> None:
        self.X, self.columns, self.name, self.step = X, columns, name, step
        self.own = own or slice(0, int(X.shape[0]))
        self.first = self.own.start
        n_vars = int(X.shape[1]) if columns is None else len(columns)
        self.shape = (self.own.stop - self.first, n_vars)

    @property
    def is_sparse(self) -> bool:
        """Whether blocks are CSR matrices."""
        return bool(hasattr(self.X, "group") or sparse.issparse(getattr(self.X, "_meta", None)))

    def blocks(self, n: int | None = None) -> Iterator[tuple[slice, Values]]:
        """Yield blocks; the next one is read while the last is used."""
        return _ahead(self.parts(n), self.read)

    def take(self, rows: np.ndarray) -> Values:
        """Return some rows, read block by block."""
        taken: list[Values] = []
        for part, block in self.blocks():
            inside = rows[slice(*np.searchsorted(rows, (part.start, part.stop)))]
            if len(inside) or not taken:  # of no rows, an empty piece
                taken.append(block[inside - part.start])
        return _stacked(taken)

    def columns_at(self, columns: np.ndarray) -> ByBlocks:
        """Return the rows with some of the columns."""
        kept = columns if self.columns is None else self.columns[columns]
        return ByBlocks(self.X, kept, self.name, self.step, self.own)

    def load(self) -> InMemory:
        """Return them in memory."""
        blocks = [block for _, block in self.blocks()]
        return InMemory(blocks[0] if len(blocks) == 1 else _stacked(blocks), self.first)

    def read(self, part: slice) -> Values:
        """Read some rows."""
        part = slice(self.first + part.start, self.first + part.stop)
        block = self.X[part]
        if hasattr(block, "compute"):  # of dask
            block = block.compute()
        block = as_values(block, self.name, part.start)
        if self.step is not None:
            block = self.step.forward(block)
        if self.columns is None:
            return block
        block = block[:, self.columns]
        return block if sparse.issparse(block) else np.ascontiguousarray(block)


def _ahead(parts: list[slice], read: Callable[[slice], Values]) -> Iterator[tuple[slice, Values]]:
    """Yield what is read of each part, one part ahead, in a thread of its own."""
    with ThreadPoolExecutor(1, "fe_anndata_reader") as reader:
        reading = reader.submit(read, parts[0]) if parts else None
        for part, following in zip(parts, [*parts[1:], None], strict=True):
            assert reading is not None
            block = reading.result()
            reading = None if following is None else reader.submit(read, following)
            yield part, block
            del block


def _stacked(blocks: list[Values]) -> Values:
    if sparse.issparse(blocks[0]):
        return sparse.vstack(blocks, "csr")
    return np.concatenate(blocks)


def stored_values(X: Any) -> int:
    """Return how many values a matrix stores, wherever it is."""
    if hasattr(X, "group"):  # a sparse dataset of AnnData
        return int(X.group["data"].shape[0])
    return int(X.nnz if sparse.issparse(X) else X.shape[0] * X.shape[1])
