"""Every kind of matrix that an AnnData may hold, to take verbs through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
from anndata import AnnData
from scipy import sparse


@dataclass(frozen=True)
class ArrayType:
    """A kind of matrix.

    Attributes
    ----------
    convert
        Returns an AnnData of a dense one with a matrix of this kind; a file is made in the folder.
    dense
        Whether products are those of a dense float32 array in memory, so that results are too.
    by_blocks
        Whether it is read by blocks of rows.
    """

    convert: Callable[[AnnData, Path], AnnData]
    dense: bool = False
    by_blocks: bool = False


def _with(adata: AnnData, X: object) -> AnnData:
    other = adata.copy()
    other.X = X
    return other


def _wide(adata: AnnData) -> AnnData:
    """Return it with seven genes more."""
    twice = anndata.concat([adata, adata[:, :7].copy()], axis=1, merge="first", index_unique="-")
    twice.var_names = [*adata.var_names, *(f"more{i}" for i in range(7))]
    for name, table in adata.varm.items():
        twice.varm[name] = np.concatenate([table, table[:7]])
    twice.uns = adata.uns
    return twice


def _backed(adata: AnnData, folder: Path) -> AnnData:
    path = folder / f"{len(list(folder.iterdir()))}.h5ad"
    adata.write_h5ad(path)
    return anndata.read_h5ad(path, backed="r")


def _of_dask(adata: AnnData, X: object) -> AnnData:
    import dask.array as da

    return _with(adata, da.from_array(X, chunks=(7, -1), asarray=False))


ARRAY_TYPES = {
    "dense": ArrayType(lambda a, _: a.copy(), dense=True),
    "fortran": ArrayType(lambda a, _: _with(a, np.asfortranarray(a.X)), dense=True),
    "float64": ArrayType(lambda a, _: _with(a, a.X.astype(np.float64)), dense=True),
    "integer": ArrayType(lambda a, _: _with(a, a.X.astype(np.int32)), dense=True),
    "view": ArrayType(lambda a, _: _wide(a)[:, : a.n_vars], dense=True),
    "csr": ArrayType(lambda a, _: _with(a, sparse.csr_matrix(a.X))),
    "csr_array": ArrayType(lambda a, _: _with(a, sparse.csr_array(a.X))),
    "csc": ArrayType(lambda a, _: _with(a, sparse.csc_matrix(a.X))),
    "backed dense": ArrayType(_backed, dense=True, by_blocks=True),
    "backed csr": ArrayType(
        lambda a, folder: _backed(_with(a, sparse.csr_matrix(a.X)), folder), by_blocks=True
    ),
    "backed csc": ArrayType(
        lambda a, folder: _backed(_with(a, sparse.csc_matrix(a.X)), folder), by_blocks=True
    ),
    "dask dense": ArrayType(lambda a, _: _of_dask(a, a.X), dense=True, by_blocks=True),
    "dask view": ArrayType(
        lambda a, _: _of_dask(_wide(a), _wide(a).X)[:, : a.n_vars], dense=True, by_blocks=True
    ),
    "dask csr": ArrayType(lambda a, _: _of_dask(a, sparse.csr_matrix(a.X)), by_blocks=True),
}
