"""What is known of samples in a table beside their matrix, such as a clinical one."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from ..._core.errors import near
from ..._core.paths import expanded
from ..._core.warn import warn_user
from ...genespace.text import lines
from .fields import HEAD, MISSING, separator_of

_PART = re.compile(r"[-._:]")


def add_labels(adata: AnnData, obs: Any) -> None:
    """Add the columns of a table to ``obs``, by the names of samples in its first column.

    A name in the table also means the samples whose names go on after it, as the barcodes of TCGA
    go on after the name of a patient. Samples that are not in the table have missing values, and a
    warning says how many these are.

    Parameters
    ----------
    adata
        Changed in place.
    obs
        The path of a table, or a DataFrame whose index, or a column, names samples.

    Raises
    ------
    ValueError
        If it cannot be read, no sample is in it, or a sample is in it twice.
    TypeError
        If it is neither.
    """
    if isinstance(obs, str | Path):
        table, what = _read(expanded(obs)), str(obs)
    elif isinstance(obs, pd.DataFrame):
        table, what = obs.reset_index(), "obs"
    else:
        raise TypeError(f"obs must be a table or the path of one, not {type(obs).__name__}.")
    if not len(table) or len(table.columns) < 2:
        raise ValueError(f"{what} says nothing of the samples: it needs a column beside names.")
    column, rows = _joined(adata.obs_names, table)
    if not (rows >= 0).any():
        raise ValueError(
            f"no sample is in {what}: the matrix has {', '.join(adata.obs_names[:3])}, ..., and "
            f"the column {column!r} {', '.join(map(str, table[column][:3]))}, ...; "
            f"{near(adata.obs_names[0], map(str, table[column]))}"
        )
    named = table.drop(columns=[column, *(c for c in ("index",) if c in table and c != column)])
    for name in named.columns:
        values = named[name].reset_index(drop=True).reindex(np.where(rows < 0, len(table), rows))
        values.index = adata.obs_names
        text = values.dtype == object or pd.api.types.is_string_dtype(values.dtype)
        adata.obs[str(name).replace("/", "_")] = values.astype("category") if text else values
    lacking = int((rows < 0).sum())
    if lacking:
        warn_user(f"{lacking} of {adata.n_obs} samples are not in {what}: they have no label.")


def _read(path: Path) -> pd.DataFrame:
    head = [line for _, line in islice(lines(path), HEAD)]
    if len(head) < 2:
        raise ValueError(f"{path} holds no table: it has {len(head)} lines that are not empty.")
    try:
        return pd.read_csv(
            path,
            sep=r"\s+" if (of := separator_of(head, path)) == " " else of,
            comment="#",
            na_values=list(MISSING),
            dtype={0: str},
            encoding="utf-8-sig",
        )
    except Exception as error:
        raise ValueError(f"{path} cannot be read as a table ({error}).") from error


def _joined(samples: pd.Index, table: pd.DataFrame) -> tuple[str, np.ndarray]:
    """Return the column that names most samples, and the row of each sample, -1 without one."""
    best, rows = table.columns[0], np.full(len(samples), -1)
    for column in table.columns:
        if pd.api.types.is_float_dtype(table[column].dtype):
            continue
        found = _rows(samples, table[column])
        if (found >= 0).sum() > (rows >= 0).sum():
            best, rows = column, found
    names = table[best].astype(str)
    needed = names[names.isin(names[rows[rows >= 0]])]
    if needed.duplicated().any():
        twice = needed[needed.duplicated()].unique()
        raise ValueError(
            f"{len(twice)} samples are in the table twice ({', '.join(twice[:3])}): keep one line "
            "of each."
        )
    return best, rows


def _rows(samples: pd.Index, names: pd.Series) -> np.ndarray:
    place = {str(name): row for row, name in enumerate(names) if pd.notna(name)}
    return np.array([_row(str(sample), place) for sample in samples])


def _row(sample: str, place: dict[str, int]) -> int:
    """Return the row of a sample, by its name or the longest beginning of it that is one."""
    if sample in place:
        return place[sample]
    ends = [part.start() for part in _PART.finditer(sample)]
    return next((place[sample[:end]] for end in reversed(ends) if sample[:end] in place), -1)
