"""What an .h5ad or .zarr file can hold of an AnnData: found before the work, and made to fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import write_elem
from scipy import sparse

from .h5ad import first_line
from .layers import layers_of

TABLES = ("obs", "var")
MAPPINGS = ("obsm", "varm", "layers", "obsp", "varp")
TEXT = ("string", "bytes", "empty")
"""What pandas calls the values of a column of objects that can be written."""


def storable(value: Any) -> Any:
    """Return a table, or a dict of anything, in the form in which anndata writes it.

    Strings of pandas become objects, text of which some is missing categories, numbers that may be
    missing NaN where anndata has no form for them, and so do masked values. What is given is not
    changed.
    """
    if isinstance(value, pd.DataFrame):
        return _table(value)
    if isinstance(value, Mapping):
        return {key: storable(item) for key, item in value.items()}
    if isinstance(value, np.ma.MaskedArray):
        made = np.ma.getdata(value).astype(np.result_type(value.dtype, np.float32))
        made[np.ma.getmaskarray(value)] = np.nan
        return made
    if _is_text(getattr(value, "dtype", None)) and not isinstance(value, np.ndarray):
        return _plain_text(pd.Series(value)).array
    return value


def in_storable_form(adata: AnnData) -> AnnData:
    """Return an AnnData that shares the values of `adata` and that anndata can write."""
    if adata.isbacked:
        adata = adata.to_memory()
    raw = adata.raw
    shared = AnnData(
        X=storable(adata.X),
        shape=adata.shape if adata.X is None else None,
        **{name: _table(getattr(adata, name)) for name in TABLES},
        **{name: storable(_mapping(adata, name)) for name in MAPPINGS},
        uns=storable(dict(adata.uns)),
    )
    if raw is not None:
        whole = AnnData(X=raw.X, obs=shared.obs[[]], var=_table(raw.var), varm=dict(raw.varm))
        shared.raw = whole
    return shared


def require_storable(adata: AnnData, path: str | Path | None = None) -> None:
    """Raise TypeError, before the work, if the result could not be written.

    Parameters
    ----------
    adata
        To which results will be added.
    path
        The file that it was read from, which the message then names.

    Raises
    ------
    TypeError
        With the column or key that cannot be written.
    """
    of = "" if path is None else f"{path}: "
    for where, why in _faults(adata):
        if why is not None:
            raise TypeError(
                f"{of}{where} cannot be written to an .h5ad or .zarr file ({why}), and the result "
                "would be lost with it. Delete it, or make it text, numbers or categories."
            )


def _mapping(adata: AnnData, name: str) -> dict[str, Any]:
    return layers_of(adata) if name == "layers" else dict(getattr(adata, name))


def _table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with plain strings; columns are shared."""
    changed = {
        at: column
        for at in range(table.shape[1])
        if (column := _column(table.iloc[:, at])) is not None
    }
    if not changed and not _is_text(table.index.dtype) and not _is_text(table.columns.dtype):
        return table
    made = table.copy(deep=False)
    for at, column in changed.items():
        made.isetitem(at, column)
    if _is_text(made.index.dtype):
        made.index = made.index.astype(object)
    if _is_text(made.columns.dtype):
        made.columns = made.columns.astype(object)
    return made


def _column(column: pd.Series) -> pd.Series | None:
    """Return a column in another form; None if anndata writes it as it is."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        if not _is_text(column.cat.categories.dtype):
            return None
        return column.cat.rename_categories(column.cat.categories.astype(object))
    if _is_text(column.dtype) or (column.dtype == object and _is_broken_text(column)):
        return _plain_text(column)
    is_float = pd.api.types.is_extension_array_dtype(column.dtype) and column.dtype.kind == "f"
    if is_float or (column.dtype == object and column.isna().all()):
        return column.astype(np.float64)
    return None


def _is_broken_text(column: pd.Series) -> bool:
    missing = column.isna()
    return bool(missing.any() and not missing.all()) and pd.api.types.infer_dtype(column) in TEXT


def _plain_text(column: pd.Series) -> pd.Series:
    """Return text as objects, or as categories if some is missing."""
    plain = column.astype(object)
    return plain.astype("category") if plain.isna().any() else plain


def _is_text(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype) or (
        pd.api.types.is_extension_array_dtype(dtype)
        and not isinstance(dtype, pd.CategoricalDtype)
        and pd.api.types.is_string_dtype(dtype)
    )


def _faults(adata: AnnData) -> Iterator[tuple[str, str | None]]:
    """Yield each place of an AnnData, and why it cannot be written; None if it can."""
    for name in TABLES:
        yield from _of_table(f"adata.{name}", getattr(adata, name))
    for name in MAPPINGS:
        for key, value in _mapping(adata, name).items():
            where = f"adata.{name}[{key!r}]"
            yield where, _of_key(key)
            if isinstance(value, pd.DataFrame):
                yield from _of_table(where, value)
    yield from _of_items("adata.uns", adata.uns)


def _of_table(where: str, table: pd.DataFrame) -> Iterator[tuple[str, str | None]]:
    yield f"{where}.index", _of_column(pd.Series(table.index))
    for at, name in enumerate(table.columns):
        kept = "this name is kept for the names of the rows" if name == "_index" else None
        yield f"{where}[{name!r}]", kept or _of_name(name) or _of_column(table.iloc[:, at])


def _of_items(where: str, items: Mapping[Any, Any]) -> Iterator[tuple[str, str | None]]:
    for key, value in items.items():
        here = f"{where}[{key!r}]"
        yield here, _of_key(key)
        if isinstance(value, Mapping):
            yield from _of_items(here, value)
        elif isinstance(value, pd.DataFrame):
            yield from _of_table(here, value)
        else:
            yield here, _of_value(value)


def _of_key(key: Any) -> str | None:
    return "its name holds '/'" if "/" in str(key) else _of_name(key)


def _of_name(name: Any) -> str | None:
    if not isinstance(name, str):
        return f"its name is of the type {type(name).__name__}, not text"
    return "no file can hold its name" if not name.strip("./") or "\0" in name else None


def _of_column(column: pd.Series) -> str | None:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = pd.Series(column.cat.categories)
    if column.dtype == object:
        kind = pd.api.types.infer_dtype(column, skipna=True)
        return _of_text(column) if kind in TEXT else f"it holds objects of the kind {kind!r}"
    return _trial(storable(column.iloc[:1].to_frame("column")))


def _of_text(column: pd.Series) -> str | None:
    text = "".join(value for value in column if isinstance(value, str))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"it holds a character that is none, {text[error.start]!r}"
    return "it holds the character NUL" if "\0" in text else None


def _of_value(value: Any) -> str | None:
    if value is None or isinstance(value, bool | float):
        return None
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufcSU":
        return None
    if sparse.issparse(value):
        return None
    return _trial(storable(value))


def _trial(value: Any) -> str | None:
    """Return why a small value cannot be written; None if it can."""
    with h5py.File("trial", "w", driver="core", backing_store=False) as file:
        try:
            write_elem(file, "value", value)
        except Exception as error:  # the class of anndata's own errors is private
            return first_line(error)
    return None
