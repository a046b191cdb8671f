"""What verbs take from an AnnData, checked: matrix, mask, start tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from anndata import AnnData
from scipy import sparse

from .._core.errors import near, require_key
from .._core.random import ranks
from ..matrix.audit import check_trainable
from ..matrix.memory import require_memory
from ..matrix.values import Values, as_values, column_moments, parts, rows_without_values
from ..training.names import Names


def require_anndata(adata: Any) -> None:
    """Raise TypeError if `adata` is not an AnnData."""
    if not isinstance(adata, AnnData):
        raise TypeError(
            f"expected an AnnData, not {type(adata).__name__}; read a file with "
            "fe.io.read_h5ad(path)."
        )


def expression(adata: AnnData, layer: str | None) -> Values:
    """Return X or a layer as float32 array or CSR matrix."""
    return as_values(matrix(adata, layer))


def matrix(adata: AnnData, layer: str | None) -> Any:
    """Return X or a layer as it is."""
    if layer is not None:
        require_key(layer, adata.layers, "layer")
        return adata.layers[layer]
    if adata.X is None:
        raise ValueError(f"adata.X is empty; name a layer: {near('', adata.layers)}")
    return adata.X


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


def trainable(adata: AnnData, layer: str | None, mask: np.ndarray) -> tuple[Values, np.ndarray]:
    """Return the matrix to train on, checked, and which genes its columns are, bool (n_vars,).

    These are the genes of `mask` that have an observed value.

    Raises
    ------
    ValueError
        If the matrix cannot be trained on, or a sample has no observed value.
    MemoryError
        If it takes copies for which there is no memory.
    """
    X = matrix(adata, layer)
    require_memory(X, kept=mask.sum() / max(len(mask), 1))
    X = as_values(X)
    X = X if mask.all() else X[:, mask]
    check_trainable(X, adata.var_names[mask])
    observed = column_moments(X)[1] > 0
    if not observed.all():
        mask = mask.copy()
        mask[mask] = observed
        X = X[:, observed]
    X = np.ascontiguousarray(X) if isinstance(X, np.ndarray) else X
    empty = rows_without_values(X)
    if len(empty):
        raise ValueError(
            f"{len(empty)} samples have no observed value (such as {adata.obs_names[empty[0]]!r}); "
            "remove them first."
        )
    return X, mask


def total_of(X: Values) -> float:
    """Return the sum of all observed values: tells later whether the matrix has changed."""
    return float(sum(np.nansum(part, dtype=np.float64) for _, part in parts(X)))


def require_same_values(X: Values, total: float) -> None:
    """Raise ValueError if the observed values of `X` do not add up to `total`."""
    if not np.isclose(total_of(X), total, rtol=1e-6):
        raise ValueError(
            "the values are not those that were trained on: the matrix was changed since. Train "
            "again, or bring the values back."
        )


def canonical_names(adata: AnnData, trained: np.ndarray) -> Names:
    """Return the ranks of the sample names and of the names of the trained genes."""
    return Names(
        ranks(adata.obs_names.to_numpy(dtype=str)),
        ranks(adata.var_names[trained].to_numpy(dtype=str)),
    )


def start_table(
    start: Any, reserved: str, tables: Mapping[str, Any], what: str, rows: np.ndarray
) -> tuple[np.ndarray | None, str | None]:
    """Return the table to start at, float32, and its name; None for a start by name alone.

    Parameters
    ----------
    start
        `reserved` (``"pca"`` or ``"svd"``), ``"random"``, a key of `tables`, an array or None.
    what
        ``"obsm"`` or ``"varm"``, for messages.
    rows
        Which rows are trained on, bool.
    """
    if start is None or (isinstance(start, str) and start in (reserved, "random")):
        return None, start
    if isinstance(start, str):
        require_key(start, [reserved, "random", *tables], f"start, or key of adata.{what},")
        name, table = start, tables[start]
    else:
        name, table = "array", start
    table = np.asarray(table.toarray() if sparse.issparse(table) else table)
    if table.ndim != 2 or len(table) != len(rows):
        raise ValueError(
            f"the start must be an array of {len(rows)} rows, not of shape {table.shape}."
        )
    table = np.ascontiguousarray(table[rows], dtype=np.float32)
    if not np.isfinite(table).all():
        raise ValueError(f"the start {name!r} holds NaN or infinite values.")
    return table, name
