"""Tables that a training starts at: named in its options, or given as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from anndata import AnnData

from .._access.inputs import as_table
from .._core.errors import require_key
from ..models.option import AUTO, about
from ..models.options import Options, options_of

ARRAY = "array"
"""What a table that the user gave as an array is called."""


def given_arrays(options: type[Options], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that were given as tables: an array, or what can be made one."""
    return {
        name: value
        for name, value in given.items()
        if name in options_of(options)
        and about(options_of(options)[name]).table is not None
        and not isinstance(value, str | None)
    }


def require_arrays(options: Options, starts: Mapping[str, Any]) -> None:
    """Raise ValueError if an option names an array that was not given."""
    for name, value in options.chosen().items():
        is_table = about(options_of(type(options))[name]).table is not None
        if is_table and value == ARRAY and name not in starts:
            raise ValueError(
                f"{name}={ARRAY!r}: the run was begun with an array as {name}; give it again."
            )


def start_tables(
    options: type[Options], given: Mapping[str, Any], adata: AnnData
) -> tuple[dict[str, Any], dict[str, tuple[np.ndarray, bool]]]:
    """Return what options are called where they name a table, and these tables.

    Parameters
    ----------
    options
        The class of the options.
    given
        Their values: a name of the family's own, a key of obsm or varm, or an array.
    adata
        Where the tables are.

    Returns
    -------
    names
        Options to be changed: the name of the table, and the option that is its width.
    tables
        By option, float32, and whether its rows are genes.

    Raises
    ------
    KeyError, ValueError
        If there is no such table, or it is of another shape or not finite.
    """
    names: dict[str, Any] = {}
    tables: dict[str, tuple[np.ndarray, bool]] = {}
    for name, of in options_of(options).items():
        where, own = about(of).table, about(of).own
        start = given.get(name)
        if where is None or start is None:
            continue
        if isinstance(start, str) and start in (AUTO, ARRAY, *own):
            continue
        of_genes, width = where[0] == "varm", where[1]
        stored = adata.varm if of_genes else adata.obsm
        if isinstance(start, str):
            known = [*own, *stored]
            require_key(start, known, f"start, or key of adata.{where[0]},")
            label, table = start, as_table(stored[start])
        else:
            label, table = ARRAY, as_table(start)
        n_rows = adata.n_vars if of_genes else adata.n_obs
        if table.ndim != 2 or len(table) != n_rows:
            raise ValueError(
                f"the start must be an array of {n_rows} rows, not of shape {table.shape}."
            )
        if given.get(width, AUTO) not in (AUTO, None, table.shape[1]):
            raise ValueError(f"{width}={given[width]}, but the start has {table.shape[1]} columns.")
        names |= {name: label, width: int(table.shape[1])}
        tables[name] = (table.astype(np.float32), of_genes)
    return names, tables


def trained_rows(
    tables: Mapping[str, tuple[np.ndarray, bool]], trained: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the tables of the samples and of the trained genes.

    Raises
    ------
    ValueError
        If one holds NaN or infinite values.
    """
    kept = {}
    for name, (table, of_genes) in tables.items():
        kept[name] = np.ascontiguousarray(table[trained] if of_genes else table)
        if not np.isfinite(kept[name]).all():
            raise ValueError(f"{name} holds NaN or infinite values.")
    return kept
