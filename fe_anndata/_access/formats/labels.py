"""What is known of samples in a table beside their matrix, such as a clinical one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from ..._core.errors import near
from ..._core.log import logger
from ..._core.paths import expanded
from ..._core.warn import warn_user
from ...genespace.text import lines
from .fields import HEAD, MISSING, separator_of, split
from .layout import require_width, without_comments
from .text import as_column

UNKNOWN = ("[Not Available]", "[Not Applicable]", "[Not Evaluated]", "[Unknown]", "[Discrepancy]")
"""What stands for a missing value in clinical tables of TCGA."""
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
        If it cannot be read, no sample is in it, a sample is in it twice, or a column is in ``obs``
        already.
    TypeError
        If it is neither.
    """
    if isinstance(obs, str | Path):
        table, what = _read(expanded(obs)), str(obs)
    elif isinstance(obs, pd.DataFrame):
        plain = isinstance(obs.index, pd.RangeIndex)
        table, what = obs if plain else obs.reset_index(names=_unused(obs)), "obs"
    else:
        raise TypeError(f"obs must be a table or the path of one, not {type(obs).__name__}.")
    if not len(table) or len(table.columns) < 2:
        raise ValueError(f"{what} says nothing of the samples: it needs a column beside names.")
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()]
        raise ValueError(f"{what} has several columns of the name {twice[0]!r}; rename them.")
    column, rows, exact = _joined(adata.obs_names, table, what)
    named = table.drop(columns=column)
    there = [str(name) for name in named.columns if str(name) in adata.obs]
    if there:
        raise ValueError(
            f"{what} has columns that are in adata.obs already ({', '.join(there[:3])}): rename "
            "them, or leave them out."
        )
    for name in named.columns:
        adata.obs[str(name).replace("/", "_")] = _of_samples(
            as_column(named[name]), rows, adata.obs_names
        )
    n, short = int((rows >= 0).sum()), int((rows >= 0).sum()) - exact
    begun = f", {short} of them by the beginning of their names" if short else ""
    logger.info("joined %s by %r: %d of %d samples%s", what, column, n, adata.n_obs, begun)
    lacking = int((rows < 0).sum())
    if lacking:
        warn_user(f"{lacking} of {adata.n_obs} samples are not in {what}: they have no label.")


def _unused(table: pd.DataFrame) -> str:
    name = str(table.index.name or "sample")
    while name in table.columns:
        name += "_"
    return name


def _of_samples(column: pd.Series, rows: np.ndarray, samples: pd.Index) -> pd.Series:
    """Return the values of the samples, text as categories, missing where there is none."""
    values = column.reset_index(drop=True).reindex(np.where(rows < 0, len(column), rows))
    values.index = samples
    if values.dtype == object or pd.api.types.is_string_dtype(values.dtype):
        return values.where(values.isna(), values.astype(str)).astype("category")
    return values


def _read(path: Path) -> pd.DataFrame:
    """Read a table of text; columns of numbers are made such, but those that may be names stay."""
    found = without_comments(list(lines(path, comments=True)))
    if len(found) < 2:
        raise ValueError(f"{path} holds no table: it has {len(found)} lines that are not empty.")
    text = [line for _, line in found]
    separator = separator_of(text[:HEAD], path)
    first, *rows = [split(line, separator) for line in text]
    width = max(map(len, rows))
    if len(first) == width - 1:  # each line ends with a separator, or it is as R writes it
        first = ["", *first] if any(row[-1] for row in rows) else [*first, ""]
    for (number, _), fields in zip(found[1:], rows, strict=True):
        require_width(len(fields), len(first), number, path)
    named = [name or ("sample" if k == 0 else f"column {k + 1}") for k, name in enumerate(first)]
    table = pd.DataFrame(rows, columns=named, dtype=object)
    empty = [name for name in table if (table[name] == "").all()] if table.columns.is_unique else []
    return table.drop(columns=empty).replace(list(UNKNOWN), "")


def _joined(samples: pd.Index, table: pd.DataFrame, what: str) -> tuple[Any, np.ndarray, int]:
    """Return the column that names most samples, the row of each, and how many it names in full.

    The row is -1 for a sample without one.

    Of columns that name as many, that is best in which no name comes twice, and then the one that
    has more names in full.
    """
    best: tuple[Any, np.ndarray, int] | None = None
    score, twice = (0, False, 0), pd.Index([])
    for column in table.columns:
        names = _as_names(table[column])
        rows, exact = _rows(samples, names)
        needed = names[names.isin(names[rows[rows >= 0]])]
        repeated = pd.Index(needed[needed.duplicated()].unique())
        found = (int((rows >= 0).sum()), not len(repeated), exact)
        if found[0] and found > score:
            best, score, twice = (column, rows, exact), found, repeated
    if best is None:
        shown = [", ".join(map(str, of[:3])) for of in (samples, table[table.columns[0]])]
        raise ValueError(
            f"no sample is in {what}: the matrix has {shown[0]}, ..., and {what} has {shown[1]}, "
            f"...; {near(samples[0], map(str, table[table.columns[0]]))}"
        )
    if len(twice):
        raise ValueError(
            f"{len(twice)} samples are in the table twice ({', '.join(twice[:3])}): keep one line "
            "of each."
        )
    return best


def _as_names(column: pd.Series) -> pd.Series:
    """Return values as text; whole numbers that were read as decimals without their zeros."""
    found = column.reset_index(drop=True)
    if pd.api.types.is_float_dtype(found.dtype):
        whole = found.notna() & (found == found.round())
        return found.astype(object).where(~whole, found.where(whole, 0).astype("int64")).astype(str)
    return found.astype(str)


def _rows(samples: pd.Index, names: pd.Series) -> tuple[np.ndarray, int]:
    """Return the row of each sample, -1 without one, and how many have their name in full."""
    place = {name: row for row, name in enumerate(names) if name not in MISSING}
    rows = np.array([_row(str(sample), place) for sample in samples])
    return rows, sum(str(sample) in place for sample in samples)


def _row(sample: str, place: dict[str, int]) -> int:
    """Return the row of a sample, by its name or the longest beginning of it that is one."""
    if sample in place:
        return place[sample]
    ends = [part.start() for part in _PART.finditer(sample)]
    return next((place[sample[:end]] for end in reversed(ends) if sample[:end] in place), -1)
