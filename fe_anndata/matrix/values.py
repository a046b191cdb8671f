"""From any matrix AnnData may hold to the two kinds that training knows.

Those are a C-ordered float32 array and a float32 CSR matrix with sorted indices. A matrix that
already is one of them is used in place; nothing here writes to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from .sound import require_sound

STORED = 1 << 18
"""How many values of a matrix are looked at at a time."""

Values: TypeAlias = Any
"""A C-ordered float32 array or a float32 CSR matrix (scipy publishes no types)."""


def as_values(X: Any, name: str = "the matrix", first: int = 0) -> Values:
    """Return `X` as a float32 array or CSR matrix, NaN where it is missing or masked.

    Parameters
    ----------
    X
        A matrix in memory, or some of its rows.
    name
        What messages call the matrix.
    first
        The number of the first row of `X` in that matrix.

    Raises
    ------
    TypeError
        If `X` is neither a numeric array nor a scipy sparse matrix.
    ValueError
        If the indices of a sparse matrix cannot be trusted.
    """
    if (isinstance(X, np.ndarray) or sparse.issparse(X)) and X.dtype.kind not in "fiub":
        raise TypeError(f"{name} holds {X.dtype} values; it must be numeric.")
    if sparse.issparse(X):
        require_sound(X, name, first)
        csr = sparse.csr_matrix(X, copy=False)
        if csr.dtype != np.float32:
            csr = csr.astype(np.float32)
        if not csr.has_canonical_format:
            csr = csr.copy()
            csr.sum_duplicates()
        return csr
    if not isinstance(X, np.ndarray):
        raise TypeError(
            f"{name} is a {type(X).__name__}; load it into memory first, for example with "
            "adata = adata.to_memory()."
        )
    return np.ascontiguousarray(unmasked(X), dtype=np.float32)


def unmasked(X: Any) -> Any:
    """Return a masked array as a plain one, NaN where it is masked; all else as it is."""
    if not isinstance(X, np.ma.MaskedArray):
        return X
    return np.ma.filled(X if X.dtype.kind == "f" else X.astype(np.float32), np.nan)


def stored(X: Values) -> np.ndarray:
    """Return the stored values of `X`: all of an array, the non-zero ones of a CSR matrix."""
    values: np.ndarray = X.data if sparse.issparse(X) else X
    return values


def parts(X: Values) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the stored values by parts, each with the row, or the place in CSR, of its first."""
    values = stored(X)
    step = max(1, STORED // X.shape[1]) if values.ndim == 2 else STORED
    for first in range(0, len(values), step):
        yield first, values[first : first + step]


def rows_of_csr(X: Values, part: slice) -> Values:
    """Return some consecutive rows of a CSR matrix, on its memory."""
    indptr = X.indptr[part.start : part.stop + 1]
    stored = slice(indptr[0], indptr[-1])
    arrays = X.data[stored], X.indices[stored], indptr - indptr[0]
    rows = sparse.csr_matrix(arrays, shape=(part.stop - part.start, X.shape[1]), copy=False)
    rows.has_canonical_format = True  # as the whole has
    return rows


def missing_entries(X: Values) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the NaN entries, sorted by row, then column."""
    if sparse.issparse(X):
        where = np.flatnonzero(np.isnan(X.data))
        rows = np.searchsorted(X.indptr, where, side="right") - 1
        return rows, X.indices[where].astype(np.int64)
    found = [(first + rows, cols) for first, part in parts(X) for rows, cols in [_nan(part)]]
    return np.concatenate([rows for rows, _ in found]), np.concatenate([cols for _, cols in found])


def _nan(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.nonzero(np.isnan(block))
    return rows, cols


def without_missing(X: Values) -> Values:
    """Return `X` with zeros for NaN; a copy only if there are any."""
    if not np.isnan(np.sum(stored(X))):
        return X
    if sparse.issparse(X):
        return sparse.csr_matrix((np.nan_to_num(X.data), X.indices, X.indptr), shape=X.shape)
    return np.nan_to_num(X)


def entries(X: Values, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Return the values at pairs of rows and columns, float32."""
    if sparse.issparse(X):
        if not len(rows):  # scipy gives back a sparse matrix then
            return np.empty(0, dtype=np.float32)
        return np.asarray(X[rows, cols], dtype=np.float32).ravel()
    values: np.ndarray = X[rows, cols]
    return values


def tile(X: Values, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Return a copy of the dense block of some rows and columns, float32."""
    block: np.ndarray
    if not sparse.issparse(X):
        # By one number per entry: by two, numpy takes more than twice as long.
        block = X.take(rows[:, None] * X.shape[1] + cols)
        return block
    i, j, values = stored_in_tile(X, rows, cols)
    block = np.zeros((len(rows), len(cols)), dtype=np.float32)
    block[i, j] = values
    return block


def stored_in_tile(
    X: Values, rows: np.ndarray, cols: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where in a tile of a CSR matrix values are stored, and the values."""
    # Scipy's slices of some tens of rows cost more in checks than in copies, and those of columns
    # many times as much as a look-up.
    first = X.indptr[rows]
    counts = X.indptr[rows + 1] - first
    ends = np.cumsum(counts)
    at = np.arange(counts.sum()) + np.repeat(first + counts - ends, counts)
    place = np.full(X.shape[1], -1)
    place[cols] = np.arange(len(cols))
    j = place[X.indices[at]]
    inside = np.flatnonzero(j >= 0)
    i = np.searchsorted(ends, inside, side="right")
    return i, j[inside], X.data[at[inside]]
