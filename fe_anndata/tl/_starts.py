"""What a training starts at: tables, named or given as arrays, or a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData

from .._access.inputs import as_table
from .._core import processes
from .._core.errors import require_key
from ..models.option import AUTO, about
from ..models.options import Options, options_of

ARRAY = "array"
"""What a table that the user gave as an array is called."""
MODEL = "model"
"""What a trained model is called that the user gave."""


def is_model(start: Any) -> bool:
    """Return whether a start is a trained AnnData or the path of one."""
    return isinstance(start, AnnData | Path) or (
        isinstance(start, str) and start.endswith((".h5ad", ".zarr"))
    )


def given_starts(options: type[Options], given: Mapping[str, Any]) -> dict[str, str]:
    """Return what the starts are called that were given as arrays or as models."""
    return {
        name: MODEL if is_model(value) else ARRAY
        for name, value in given.items()
        if name in options_of(options)
        and about(options_of(options)[name]).table is not None
        and (is_model(value) or not isinstance(value, str | None))
    }


def continues(options: Options) -> bool:
    """Return whether a run with these options began with a trained model."""
    return any(
        about(of).continues and getattr(options, name) == MODEL
        for name, of in options_of(type(options)).items()
    )


def require_starts(options: Options, starts: Mapping[str, Any], origin: Any) -> None:
    """Raise ValueError if an option names an array or a model that was not given."""
    for name, value in options.chosen().items():
        of = about(options_of(type(options))[name])
        if of.table is not None and value == ARRAY and name not in starts:
            raise ValueError(
                f"{name}={ARRAY!r}: the run was begun with an array as {name}; give it again."
            )
        if of.continues and value == MODEL and origin is None:
            raise ValueError(
                f"{name}={MODEL!r}: the run was begun with a trained model as {name}; give it "
                "again."
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
        Their values: a name of the family's own, a key of obsm or varm, an array, or a trained
        model, which has a name and no table.
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
        if is_model(start):
            if not about(of).continues:
                raise ValueError(
                    f"{name} cannot be a trained model: models of this family are not continued on "
                    "other samples. Give a table; new samples are placed by tl.transform."
                )
            names[name] = MODEL
            continue
        if isinstance(start, str) and start in (AUTO, ARRAY, MODEL, *own):
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
    """Return the tables of the samples, those of this process, and of the trained genes.

    Raises
    ------
    ValueError
        If one holds NaN or infinite values.
    """
    kept = {}
    for name, (table, of_genes) in tables.items():
        rows = trained if of_genes else processes.part(len(table))
        kept[name] = np.ascontiguousarray(table[rows])
        if not np.isfinite(kept[name]).all():
            raise ValueError(f"{name} holds NaN or infinite values.")
    return kept
