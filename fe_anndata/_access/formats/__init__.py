"""Files of any kind that hold a matrix of expression, told by what is in them, as AnnData."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
from anndata import AnnData

from ..._core.errors import require_choice
from ..._core.paths import expanded
from ..h5ad import load, opened_folder
from .kinds import OF_ANNDATA, kind_of
from .labels import add_labels
from .loom import read_loom
from .muon import read_h5mu
from .npz import read_npz
from .orientation import ORIENTATIONS, Orientation, require_orientation
from .parquet import read_parquet
from .ten_x import read_10x_h5, read_10x_mtx
from .text import read_table
from .turned import DUPLICATES, Duplicates, as_anndata, require_samples, with_unique_genes

__all__ = [
    "DUPLICATES",
    "OF_ANNDATA",
    "ORIENTATIONS",
    "Duplicates",
    "Orientation",
    "kind_of",
    "read",
    "require_orientation",
]

_TABLES = {"text": read_table, ".npz": read_npz, ".parquet": read_parquet}
"""Kinds that do not say which side is the genes."""
_ANNDATA: dict[str, Callable[[Path], AnnData]] = {
    ".h5mu": read_h5mu,
    "10x .h5": read_10x_h5,
    "10x folder": read_10x_mtx,
    ".loom": read_loom,
}


def read(
    path: str | Path,
    *,
    orientation: Orientation = "auto",
    duplicates: Duplicates = "refuse",
    obs: Any = None,
    progress: bool = False,
) -> AnnData:
    """Return what a file of any kind holds; see :func:`fe_anndata.io.read`."""
    found = _read(path, orientation, duplicates, progress)
    if obs is not None:
        add_labels(found, obs)
    return found


def _read(
    path: str | Path, orientation: Orientation, duplicates: Duplicates, progress: bool
) -> AnnData:
    path = expanded(path)
    require_orientation(orientation)
    require_choice(duplicates, DUPLICATES, "duplicates")
    kind = kind_of(path)
    if kind in _TABLES:
        table = _TABLES[kind](path, progress)
        return as_anndata(table, path, orientation, duplicates)
    if kind in OF_ANNDATA:
        found = load(path) if kind == ".h5ad" else _zarr(path)
        if duplicates != "refuse":  # which tl.train does
            found = with_unique_genes(found, duplicates, path)
    else:
        found = with_unique_genes(_ANNDATA[kind](path), duplicates, path)
        require_samples(found.obs_names, path)
    return found.T.copy() if orientation == "transposed" else found


def _zarr(path: Path) -> AnnData:
    opened_folder(path)  # which says what is wrong with it
    found: AnnData = anndata.read_zarr(path)
    return found
