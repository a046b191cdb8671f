"""Whether a sparse matrix is sound: looked at before anything trusts its indices.

Scipy and anndata do not look: where an index lies beyond the matrix, they read and write beyond
the end of an array. One pass over the indices costs far less than any product with the matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np

PARTS = ("data", "indices", "indptr")


def require_sound(X: Any, name: str = "the matrix", first: int = 0) -> None:
    """Raise ValueError if the indices of a sparse matrix of scipy cannot be trusted.

    Parameters
    ----------
    X
        In CSR, CSC or COO format; entries may be in any order, and more than one at a place.
    name
        What messages call the matrix.
    first
        The number of the first row of `X` in that matrix.

    Raises
    ------
    TypeError
        If it is of another format.
    """
    if X.format == "coo":
        _require_pairs(X, name, first)
        return
    if X.format not in ("csr", "csc"):
        raise TypeError(f"{name} is sparse in the format {X.format!r}; convert it by .tocsr().")
    by_rows = X.format == "csr"
    n, length = X.shape if by_rows else X.shape[::-1]
    line = "row" if by_rows else "column"
    arrays = {part: np.asarray(getattr(X, part)) for part in PARTS}
    first = first if by_rows else 0
    _require_pointers(arrays, arrays["indptr"], n, line, name, first)
    place = _first_beyond(arrays["indices"], length)
    if place is not None:
        at = int(np.searchsorted(arrays["indptr"], place, side="right")) - 1 + first
        other = "column" if by_rows else "row"
        raise _damaged(
            name,
            f"{line} {at} (counted from 0) has a value in {other} {arrays['indices'][place]}, but "
            f"there are {length} {other}s",
        )


def require_sound_pointers(X: Any, name: str) -> None:
    """Raise ValueError if a sparse matrix in a file cannot be read piece by piece.

    Parameters
    ----------
    X
        One of AnnData's sparse datasets. Its `indptr` is read as a whole, and nothing else.
    name
        What messages call the matrix.
    """
    for part in PARTS:
        if part not in X.group or len(getattr(X.group[part], "shape", ())) != 1:
            raise _damaged(name, f"it has no array {part!r}")
    by_rows = X.format == "csr"
    n, line = X.shape[not by_rows], "row" if by_rows else "column"
    arrays = {part: X.group[part] for part in PARTS}
    _require_lengths(arrays, n, line, name)
    _require_pointers(arrays, np.asarray(arrays["indptr"][...]), n, line, name, 0)


def _require_pointers(
    arrays: dict[str, Any], indptr: np.ndarray, n: int, line: str, name: str, first: int
) -> None:
    """Raise ValueError unless the pointers rise from 0 to the number of stored values."""
    _require_lengths(arrays, n, line, name)
    if indptr[0] != 0:
        raise _damaged(name, f"{line} {first} (counted from 0) begins at {indptr[0]}, not at 0")
    falls = np.flatnonzero(indptr[1:] < indptr[:-1])
    if len(falls):
        at = falls[0]
        raise _damaged(
            name,
            f"{line} {at + first} (counted from 0) begins at {indptr[at]} and ends at "
            f"{indptr[at + 1]}",
        )
    stored = arrays["data"].shape[0]
    if indptr[-1] != stored:
        at = int(np.searchsorted(indptr, stored, side="right")) - 1
        raise _damaged(
            name,
            f"indptr ends at {indptr[-1]}, but {stored} values are stored (from {line} "
            f"{min(at, n - 1) + first} on, counted from 0, it cannot be right)",
        )


def _require_lengths(arrays: dict[str, Any], n: int, line: str, name: str) -> None:
    for part in PARTS[1:]:
        if arrays[part].dtype.kind not in "iu":
            raise _damaged(name, f"its {part} are {arrays[part].dtype}, not integers")
    lengths = {part: array.shape[0] for part, array in arrays.items()}
    if lengths["indptr"] != n + 1:
        raise _damaged(name, f"its indptr has {lengths['indptr']} numbers for {n} {line}s")
    if lengths["indices"] != lengths["data"]:
        raise _damaged(
            name, f"it stores {lengths['data']} values, but {lengths['indices']} indices"
        )


def _require_pairs(X: Any, name: str, first: int) -> None:
    """Raise ValueError if an entry of a COO matrix lies beyond it."""
    rows, cols = np.asarray(X.row), np.asarray(X.col)
    if not len(rows) == len(cols) == len(X.data):
        raise _damaged(
            name, f"it stores {len(X.data)} values, but {len(rows)} rows and {len(cols)} columns"
        )
    for indices, length, line in ((rows, X.shape[0], "row"), (cols, X.shape[1], "column")):
        place = _first_beyond(indices, length)
        if place is not None:
            raise _damaged(
                name,
                f"the value number {place} (counted from 0) lies in row {rows[place] + first} and "
                f"column {cols[place]}, but there are {length} {line}s",
            )


def _first_beyond(indices: np.ndarray, length: int) -> int | None:
    """Return where the first index is that is negative or too large."""
    if not indices.size:
        return None
    # As unsigned numbers negative ones are very large, so that one comparison finds both.
    unsigned = indices.view(indices.dtype.str.replace("i", "u"))
    if int(unsigned.max()) < length:
        return None
    return int(np.argmax(unsigned >= length))


def _damaged(name: str, what: str) -> ValueError:
    return ValueError(
        f"{name} is a damaged sparse matrix: {what}. Read it again from where it came from, or "
        "make it again."
    )
