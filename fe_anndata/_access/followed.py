"""Samples that were followed: how long, whether an event came, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.warn import warn_user
from .columns import column_of
from .inputs import require_anndata
from .samples import as_categories, is_categorical


@dataclass(frozen=True)
class Followed:
    """The samples of which all is known.

    Attributes
    ----------
    known
        Which samples of the AnnData these are, bool (n_obs,). All others have n rows.
    time
        To the event, or to when the sample was last seen, float64 (n,).
    event
        Whether there was one, bool (n,).
    columns
        Covariates, by the names of their columns of obs: float64, or text that names a category.
    """

    known: np.ndarray
    time: np.ndarray
    event: np.ndarray
    columns: pd.DataFrame


def followed(adata: AnnData, time: str, event: str, columns: Sequence[str]) -> Followed:
    """Return the samples of which the time, the event and all `columns` of obs are known.

    It warns of the number of samples that are left out, since those of which something is missing
    are often unlike the rest.

    Raises
    ------
    TypeError, KeyError, ValueError
        If something is missing, or not what it should be.
    """
    require_anndata(adata)
    times = _numbers(column_of(adata.obs, time, "adata.obs"), "times")
    events = _events(column_of(adata.obs, event, "adata.obs"))
    if (times < 0).any():
        worst = adata.obs_names[int(np.nanargmin(times))]
        raise ValueError(
            f"adata.obs[{time!r}] has {int((times < 0).sum())} negative times, such as "
            f"{np.nanmin(times):g} of {worst!r}: give the time from the start of the observation, "
            "or NaN where it is unknown."
        )
    table = {name: _covariate(column_of(adata.obs, name, "adata.obs")) for name in columns}
    missing = {time: np.isnan(times), event: np.isnan(events)}
    missing |= {name: pd.isna(values) for name, values in table.items()}
    known = ~np.logical_or.reduce(list(missing.values()))
    _tell_missing(missing, known)
    if not events[known].any():
        raise ValueError(
            f"adata.obs[{event!r}] says that no sample had an event: there is nothing to predict. "
            "Name another column, in which 1 marks an event and 0 that none was seen."
        )
    return Followed(
        known,
        times[known],
        events[known] > 0,
        pd.DataFrame(table, index=adata.obs_names, columns=list(table))[known],
    )


def _numbers(column: pd.Series, what: str) -> np.ndarray:
    """Return the values as float64, NaN where missing."""
    if is_categorical(column):
        raise TypeError(
            f"adata.obs[{column.name!r}] holds {column.dtype} values, not {what}; if they are "
            f"numbers: adata.obs[{column.name!r}] = "
            f"pd.to_numeric(adata.obs[{column.name!r}].astype(str), errors='coerce')."
        )
    values: np.ndarray = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise ValueError(f"adata.obs[{column.name!r}] holds infinite values; give numbers or NaN.")
    return values


def _events(column: pd.Series) -> np.ndarray:
    """Return 1 for an event, 0 for none, NaN where it is not known."""
    is_bool = column.dropna().map(lambda value: isinstance(value, (bool, np.bool_))).all()
    values = column.astype(object).where(column.notna(), np.nan)
    if not is_bool and is_categorical(column):
        first = as_categories(column).categories[0]
        raise ValueError(
            f"adata.obs[{column.name!r}] holds names, such as {first!r}, not 0 and 1; say which "
            f"is an event: adata.obs['event'] = (adata.obs[{column.name!r}] == {first!r})"
            ".astype(int)."
        )
    numbers: np.ndarray = values.to_numpy(dtype=np.float64)
    wrong = ~np.isnan(numbers) & (numbers != 0) & (numbers != 1)
    if wrong.any():
        raise ValueError(
            f"adata.obs[{column.name!r}] holds {numbers[wrong][0]:g}; events must be 1 where one "
            "was seen, 0 where none was, and NaN where that is not known."
        )
    return numbers


def _covariate(column: pd.Series) -> np.ndarray:
    """Return numbers as float64, and categories as text; missing stays missing."""
    if not is_categorical(column):
        return _numbers(column, "a covariate")
    named: np.ndarray = np.asarray(as_categories(column).astype(object), dtype=object)
    return named


def _tell_missing(missing: dict[str, np.ndarray], known: np.ndarray) -> None:
    if known.all():
        return
    counts = ", ".join(f"{name!r} of {of.sum()}" for name, of in missing.items() if of.any())
    if not known.any():
        raise ValueError(f"no sample has all that is needed; missing are {counts}.")
    warn_user(f"{(~known).sum()} of {len(known)} samples are left out; missing are {counts}.")
