"""What verbs take from an AnnData, checked: matrix, mask, names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from anndata import AnnData
from anndata.abc import CSCDataset, CSRDataset
from scipy import sparse

from .._core.errors import require_key
from .._core.random import ranks
from ..matrix.audit import Audit, audit, require_size, require_trainable
from ..matrix.memory import require_memory
from ..matrix.rows import ByBlocks, InMemory, Rows, stored_values
from ..matrix.values import Values, as_values
from ..training.ranks import Ranks
from .files import Source, opened

SAME = 1e-4
"""Of the root of the sum of squares: a mark differs by less where values are the same."""
SMALL = 64 << 20
"""A matrix of up to so many bytes is read at once, wherever it is."""


def require_anndata(adata: Any) -> None:
    """Raise TypeError if `adata` is not an AnnData."""
    if not isinstance(adata, AnnData):
        raise TypeError(
            f"expected an AnnData, not {type(adata).__name__}; read a file with "
            "fe.io.read_h5ad(path)."
        )


def expression(adata: AnnData, layer: str | None) -> Values:
    """Return X or a layer as float32 array or CSR matrix, in memory."""
    return as_values(matrix(adata, layer))


def matrix(adata: AnnData, layer: str | None) -> Any:
    """Return X or a layer as it is."""
    with opened(adata) as source:
        return source.matrix(layer)


def rows_of(X: Any, columns: np.ndarray | None = None) -> Rows:
    """Return the rows of a matrix, in memory or by blocks.

    Parameters
    ----------
    X
        What an AnnData or its file holds.
    columns
        Numbers of the columns that are wanted, all by default.

    Raises
    ------
    TypeError
        If it is nothing whose values can be read.
    MemoryError
        If it takes copies for which there is no memory.
    """
    if isinstance(X, CSCDataset):  # whose rows cannot be read without all of it
        require_memory(X)
        X = X.to_memory()
    if is_by_blocks(X):
        _require_numbers(X)
        by_blocks = ByBlocks(X, columns)
        small = stored_values(X) * 8 <= SMALL
        return by_blocks.load() if small else by_blocks
    require_memory(X, kept=1.0 if columns is None else len(columns) / max(X.shape[1], 1))
    values = as_values(X)
    if columns is not None:
        values = values[:, columns]
    return InMemory(np.ascontiguousarray(values) if isinstance(values, np.ndarray) else values)


def is_by_blocks(X: Any) -> bool:
    """Return whether a matrix is in a file, or of dask."""
    if isinstance(X, h5py.Dataset | CSRDataset):
        return True
    # A view of AnnData is of a class of its own, made from that of the array.
    return any(of.__module__.split(".")[0] in ("dask", "zarr") for of in type(X).__mro__)


def _require_numbers(X: Any) -> None:
    if X.dtype.kind not in "fiub":
        raise TypeError(f"the matrix holds {X.dtype} values; it must be numeric.")


def gene_mask(adata: AnnData, mask_var: str | np.ndarray | None) -> np.ndarray:
    """Return which genes to train on, bool (n_vars,).

    Raises
    ------
    KeyError, ValueError
        If there is no such column, it is not boolean, or it selects nothing.
    """
    if mask_var is None:
        return np.ones(adata.n_vars, dtype=bool)
    if isinstance(mask_var, str):
        require_key(mask_var, adata.var.columns, "column of adata.var")
        mask: np.ndarray = adata.var[mask_var].to_numpy()
    else:
        mask = np.asarray(mask_var)
    if mask.shape != (adata.n_vars,) or mask.dtype != bool:
        raise ValueError(
            f"mask_var must be {adata.n_vars} booleans, one per gene, "
            f"not {mask.dtype} of shape {mask.shape}."
        )
    if not mask.any():
        raise ValueError("mask_var selects no gene.")
    return mask


def trainable(
    source: Source, layer: str | None, mask: np.ndarray, *, any_unit: bool = False
) -> tuple[Rows, Audit, np.ndarray]:
    """Return the rows to train on, their audit, and which genes the columns are, bool (n_vars,).

    These are the genes of `mask` that have an observed value. Of counts it warns, unless `any_unit`
    will do.

    Raises
    ------
    ValueError
        If the matrix cannot be trained on, or a sample has no observed value.
    MemoryError
        If it takes copies for which there is no memory.
    """
    X, adata = source.matrix(layer), source.adata
    require_size((adata.n_obs, int(mask.sum())))
    rows = rows_of(X, None if mask.all() else np.flatnonzero(mask))
    found = audit(rows)
    require_trainable(found, adata.var_names[mask], adata.obs_names, any_unit=any_unit)
    observed = found.observed > 0
    if not observed.all():
        mask = mask.copy()
        mask[mask] = observed
        rows = rows.columns_at(np.flatnonzero(observed))
        found = found.of_genes(observed)
    return rows, found, mask


def require_same_values(found: Audit, known: Mapping[str, Any]) -> None:
    """Raise ValueError if the observed values are not those of which `known` was written."""
    if not np.isclose(found.total, known["sum"], rtol=1e-6) or not same_places(found, known):
        raise ValueError(
            "the values are not those that were trained on: the matrix was changed since. Train "
            "again, or bring the values back."
        )


def same_places(found: Audit, known: Mapping[str, Any]) -> bool:
    """Return whether values stand where they stood; True if `known` does not say where."""
    mark = known.get("mark", found.mark)
    return bool(abs(found.mark - mark) <= SAME * found.squares**0.5)


def ranks_of(adata: AnnData, trained: np.ndarray) -> Ranks:
    """Return the ranks of the sample names and of the names of the trained genes."""
    return Ranks(
        ranks(adata.obs_names.to_numpy(dtype=str)),
        ranks(adata.var_names[trained].to_numpy(dtype=str)),
    )


def as_table(table: Any) -> np.ndarray:
    """Return an entry of obsm or varm as an array."""
    found: np.ndarray = np.asarray(table.toarray() if sparse.issparse(table) else table)
    return found
