"""Matrices in .npz files, with the names of both sides beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..._core.errors import near
from .table import Table, held

_MATRIX = ("X", "matrix", "values", "data", "expression", "counts")
_ROWS = ("obs_names", "samples", "sample_names", "cells", "barcodes", "rows", "row_names", "index")
_COLUMNS = ("var_names", "genes", "gene_names", "features", "columns", "column_names")


def read_npz(path: Path, progress: bool) -> Table:
    """Read an .npz file: a matrix and the names of its rows and columns, as plain arrays.

    Raises
    ------
    ValueError
        If one is missing, holds Python objects, or has another length than the matrix.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            names = list(found)
            matrix = np.asarray(found[_of(_MATRIX, names, "matrix", path)])
            sides = [
                [str(name) for name in np.asarray(found[_of(known, names, what, path)]).ravel()]
                for known, what in ((_ROWS, "names of samples"), (_COLUMNS, "names of genes"))
            ]
    except (OSError, EOFError, ValueError) as error:
        if str(path) in str(error):
            raise
        raise ValueError(
            f"{path} cannot be read as an .npz file of plain arrays ({error}); store names as "
            "names.astype(str)."
        ) from error
    if matrix.dtype.kind not in "fiub" or matrix.ndim != 2:
        raise ValueError(f"{path}: the matrix has shape {matrix.shape} and type {matrix.dtype}.")
    rows, columns = sides
    if matrix.shape == (len(columns), len(rows)) and len(rows) != len(columns):
        rows, columns = columns, rows  # genes x samples, with names that say so
    if matrix.shape != (len(rows), len(columns)):
        raise ValueError(
            f"{path}: the matrix has shape {matrix.shape}, but there are {len(rows)} names of "
            f"samples and {len(columns)} of genes."
        )
    values = matrix.astype(np.float32)
    index, named = pd.Index(rows, dtype=object), pd.Index(columns, dtype=object)
    return held(index, named, pd.DataFrame(index=index), values)


def _of(known: tuple[str, ...], names: list[str], what: str, path: Path) -> str:
    found = next((name for name in known if name in names), None)
    if found is None:
        raise ValueError(
            f"{path} lacks the {what}: name an array one of {', '.join(known)}; {near('', names)}"
        )
    return found
