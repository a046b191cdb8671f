"""What Cell Ranger of 10x Genomics writes, read by Scanpy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import scanpy as sc
from anndata import AnnData

_BESIDE = {"barcodes": ("barcodes.tsv",), "features": ("features.tsv", "genes.tsv")}


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
    for what, known in _BESIDE.items():
        wanted = [path / f"{prefix}{name}{packed}" for name in known for packed in ("", ".gz")]
        if not any(file.is_file() for file in wanted):
            raise ValueError(
                f"{path} holds {matrix[0].name}, but no {wanted[0].name} (or .gz) with the names "
                f"of its {'cells' if what == 'barcodes' else 'genes'}: copy it into the folder."
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
            f"{path} cannot be read as what 10x writes; it may be damaged ({error})."
        ) from error
    return found
