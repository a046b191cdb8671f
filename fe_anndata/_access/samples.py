"""Samples in an AnnData: their coordinates in an embedding, and their groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from natsort import natsorted
from numpy.typing import NDArray
from scipy import sparse

from .._core.keys import Keys
from ..matrix.sound import require_sound
from .columns import column_of
from .results import require_known_rows, train_first


def embedding_key(adata: Any, basis: str) -> str:
    """Return where an embedding is: the key ``"X_" + basis`` of obsm, or `basis` itself.

    Raises
    ------
    KeyError
        If there is no such embedding.
    ValueError
        If it is no longer that of the result that is stored beside it.
    TypeError
        If `adata` is no AnnData.
    """
    if not hasattr(adata, "obsm"):
        raise TypeError(f"adata must be an AnnData, not {type(adata).__name__}.")
    key = Keys(basis).obsm if Keys(basis).obsm in adata.obsm else basis
    if key not in adata.obsm:
        hint = train_first(basis, [k.removeprefix("X_") for k in adata.obsm])
        raise KeyError(f"no embedding in adata.obsm named {basis!r}: {hint}")
    if key != basis:
        require_known_rows(adata, basis, "samples")
    return key


def embedding_of(adata: Any, basis: str) -> NDArray[np.float64]:
    """Return the coordinates of the samples in an embedding, float64 (n_obs, d).

    Raises
    ------
    KeyError, ValueError, TypeError
        As :func:`embedding_key`, or if it holds no numbers.
    """
    key = embedding_key(adata, basis)
    embedding = adata.obsm[key]
    if sparse.issparse(embedding):
        require_sound(embedding, f"adata.obsm[{key!r}]")
        embedding = embedding.toarray()
    return np.asarray(embedding, dtype=np.float64)


def coordinates(adata: Any, basis: str, dimensions: Sequence[int]) -> NDArray[np.float64]:
    """Return two columns of ``obsm["X_" + basis]`` (or ``obsm[basis]``), float64 (n_obs, 2).

    Raises
    ------
    KeyError, TypeError
        As :func:`embedding_key`.
    ValueError
        If `dimensions` are not two different columns of it.
    """
    key = embedding_key(adata, basis)
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
    return embedding_of(adata, basis)[:, list(dimensions)]


def is_categorical(column: pd.Series) -> bool:
    """Return whether the column names groups (categories, text, yes or no) or measures."""
    return bool(
        pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype)
    )


def as_categories(column: pd.Series) -> pd.Categorical:
    """Return the column as categories named by strings; missing stays missing.

    Values with the same text, such as 1 and "1", are one category. Categories of a column that
    has none of its own are in natural order, ``"c2"`` before ``"c10"``, as in anndata, so that
    stored colours belong to the same ones.
    """
    ordered = bool(getattr(column.dtype, "ordered", False))
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = np.asarray(column.cat.codes)
        names = [_text(value) for value in column.cat.categories]
        labels = list(dict.fromkeys(names))
    else:
        codes, names = pd.factorize(column.astype(object).map(_text, na_action="ignore"))
        labels = natsorted(names)
    places = {label: place for place, label in enumerate(labels)}
    recoded = np.array([*(places[name] for name in names), -1])
    return pd.Categorical.from_codes(recoded[codes], categories=labels, ordered=ordered)


def as_listed(categories: pd.Categorical) -> list[str]:
    """Return the names of categories in the order in which a reader looks for them.

    The alphabetical order that pandas gives to text has ``"c10"`` before ``"c2"``. It is nobody's
    choice, and becomes the natural one; any other order is left as it is.
    """
    names = list(categories.categories)
    return names if categories.ordered or names != sorted(names) else list(natsorted(names))


def groups(obs: pd.DataFrame, groupby: str) -> pd.Categorical:
    """Return the group of every sample, for a column that names groups.

    Raises
    ------
    KeyError
        If there is no such column.
    ValueError
        If there are several.
    TypeError
        If the column holds measurements.
    """
    column = column_of(obs, groupby, "adata.obs")
    if not is_categorical(column):
        raise TypeError(
            f"adata.obs[{groupby!r}] holds numbers, not groups; if they name groups: "
            f"adata.obs[{groupby!r}] = adata.obs[{groupby!r}].astype('category')"
        )
    return as_categories(column)


def _text(value: Any) -> str:
    """Return the name of a category; a day has no time, and bytes are text of an older file."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value).removesuffix(" 00:00:00")
