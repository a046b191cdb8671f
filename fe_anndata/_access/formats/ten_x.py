"""What Cell Ranger of 10x Genomics writes, read by Scanpy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import scanpy as sc
from anndata import AnnData

_SETS = (("matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz"),
         ("matrix.mtx", "barcodes.tsv", "genes.tsv"))  # fmt: skip
"""What Cell Ranger writes from version 3 on, and what it wrote before."""


def read_10x_h5(path: Path) -> AnnData:
    """Read an .h5 file of 10x; only its genes, if it holds other features beside."""
    return _read(path, lambda: sc.read_10x_h5(path))


def read_10x_mtx(path: Path) -> AnnData:
    """Read a folder with a matrix.mtx of 10x and the names of its genes and cells.

    Raises
    ------
    ValueError
        If a file is missing, or does not fit the others.
    """
    matrix = sorted(path.glob("*matrix.mtx*"))
    if len(matrix) > 1:
        names = ", ".join(file.name for file in matrix[:3])
        raise ValueError(f"{path} holds several matrices ({names}): give each a folder.")
    prefix = matrix[0].name.split("matrix.mtx")[0]
    there = {file.name.removeprefix(prefix) for file in path.iterdir()}
    if not any(set(names) <= there for names in _SETS):
        wanted = next(names for names in _SETS if names[0] in there)
        missing = [f"{prefix}{name}" for name in wanted if name not in there]
        raise ValueError(
            f"{path} holds {matrix[0].name}, but no {' and no '.join(missing)}. Cell Ranger writes "
            f"{' or '.join(', '.join(names) for names in _SETS)}: copy what is missing into the "
            "folder, or name and pack the files so."
        )
    return _read(path, lambda: sc.read_10x_mtx(path, prefix=prefix or None))


def _read(path: Path, reading: Callable[[], AnnData]) -> AnnData:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*names are not unique")
            found = reading()
            found.var_names_make_unique()
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as what 10x writes ({type(error).__name__}: {error}); it may "
            "be damaged, or features.tsv may lack one of its three columns, id, name and type."
        ) from error
    if not found.n_vars:
        raise ValueError(f"{path} holds features of other types, and no Gene Expression.")
    return found
