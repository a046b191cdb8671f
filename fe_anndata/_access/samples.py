"""Samples in an AnnData: their coordinates in an embedding, and their groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._core.errors import require_key
from .._core.keys import Keys
from .results import require_known_rows


def coordinates(adata: Any, basis: str, dimensions: Sequence[int]) -> NDArray[np.float64]:
    """Return two columns of ``obsm["X_" + basis]`` (or ``obsm[basis]``), float64 (n_obs, 2).

    Raises
    ------
    KeyError
        If there is no such embedding.
    ValueError
        If `dimensions` are not two different columns of it.
    TypeError
        If `adata` is no AnnData.
    """
    if not hasattr(adata, "obsm"):
        raise TypeError(f"adata must be an AnnData, not {type(adata).__name__}.")
    key = Keys(basis).obsm if Keys(basis).obsm in adata.obsm else basis
    if key not in adata.obsm:
        require_key(
            basis, [k.removeprefix("X_") for k in adata.obsm], "embedding in adata.obsm named"
        )
    elif key != basis:
        require_known_rows(adata, basis, "samples")
    embedding = adata.obsm[key]
    if len(dimensions) != 2 or dimensions[0] == dimensions[1]:
        raise ValueError(f"dimensions must be two different columns, not {tuple(dimensions)}.")
    if not all(isinstance(d, (int, np.integer)) for d in dimensions):
        raise TypeError(f"dimensions must be integers, not {tuple(dimensions)}.")
    if min(dimensions) < 0 or max(dimensions) >= embedding.shape[1]:
        raise ValueError(
            f"dimensions {tuple(dimensions)} are not all in adata.obsm[{key!r}], which has "
            f"{embedding.shape[1]}: count from 0 to {embedding.shape[1] - 1}."
        )
    if hasattr(embedding, "toarray"):
        embedding = embedding.toarray()
    return np.asarray(embedding, dtype=np.float64)[:, list(dimensions)]


def is_categorical(column: pd.Series) -> bool:
    """Return whether the column names groups (categories, text, yes or no) or measures."""
    return bool(
        pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype)
    )


def as_categories(column: pd.Series) -> pd.Categorical:
    """Return the column as categories named by strings; missing stays missing."""
    categorical = column.astype("category").cat
    return pd.Categorical.from_codes(
        categorical.codes, categories=[str(c) for c in categorical.categories]
    )


def groups(obs: pd.DataFrame, groupby: str) -> pd.Categorical:
    """Return the group of every sample, for a column that names groups.

    Raises
    ------
    KeyError
        If there is no such column.
    TypeError
        If the column holds measurements.
    """
    require_key(groupby, obs.columns, "column of adata.obs")
    if not is_categorical(obs[groupby]):
        raise TypeError(
            f"adata.obs[{groupby!r}] holds numbers, not groups; if they name groups: "
            f"adata.obs[{groupby!r}] = adata.obs[{groupby!r}].astype('category')"
        )
    return as_categories(obs[groupby])
