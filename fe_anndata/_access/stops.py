"""Samples, groups and places that a user names: the stops of a path, the sources of a profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray

from .._core.errors import near, require_key
from .attended import positions
from .samples import groups

Stop: TypeAlias = str | tuple[str, str] | ArrayLike
"""The name of a sample, a group as (column of obs, value), or coordinates."""


class Members(NamedTuple):
    """Samples that one name stands for."""

    name: str
    rows: NDArray[np.intp]


def is_group(which: Any) -> bool:
    """Return whether something names a group: a column of obs and a value in it."""
    return isinstance(which, tuple) and len(which) == 2 and isinstance(which[0], str)


def members(adata: AnnData, which: str | tuple[str, str]) -> Members:
    """Return the sample of a name, or all samples of a group, (column, value).

    Raises
    ------
    KeyError
        If there is no such sample, column or group.
    ValueError
        If several samples have the name.
    TypeError
        If the column holds numbers.
    """
    if isinstance(which, str):
        if which not in adata.obs_names:
            raise KeyError(
                f"no sample {which!r}: {near(which, adata.obs_names)} A group is named by its "
                "column of adata.obs and its value, such as ('cell_type', 'B cell')."
            )
        return Members(which, positions(which, adata.obs_names, "sample"))
    column, value = which
    labels = groups(adata.obs, column)
    present = [name for name in labels.categories if (labels == name).any()]
    require_key(str(value), present, f"group with samples in adata.obs[{column!r}],")
    return Members(str(value), np.flatnonzero(labels == str(value)))


def stops_of(
    adata: AnnData, stops: Sequence[Stop], table: np.ndarray
) -> tuple[list[str], NDArray[np.float64]]:
    """Return the names and the coordinates of stops; that of a group is the mean of its samples.

    Parameters
    ----------
    adata
        Whose samples and groups are named.
    stops
        Two at least.
    table
        The coordinates of the samples, (n_obs, d).

    Raises
    ------
    KeyError, ValueError, TypeError
        If a stop names nothing, or does not have the width of the embedding.
    """
    if isinstance(stops, str) or is_group(stops) or len(stops) < 2:
        raise ValueError(
            "a path needs at least two stops, in a list: names of samples, groups such as "
            "('cell_type', 'B cell'), or coordinates."
        )
    names, places = [], []
    for stop in stops:
        if isinstance(stop, str) or is_group(stop):
            found = members(adata, stop)  # type: ignore[arg-type]  # is_group has looked
            names.append(found.name)
            places.append(table[found.rows].mean(axis=0, dtype=np.float64))
        else:
            place = _place(stop, table.shape[1])
            names.append(f"({', '.join(f'{x:.3g}' for x in place)})")
            places.append(place)
        if not np.isfinite(places[-1]).all():
            raise ValueError(f"the stop {names[-1]!r} has no finite coordinates; leave it out.")
    return names, np.stack(places)


def _place(stop: Any, width: int) -> NDArray[np.float64]:
    try:
        place = np.asarray(stop, dtype=np.float64)
    except (TypeError, ValueError):
        place = np.empty(0)
    if place.shape != (width,):
        raise ValueError(
            f"a stop is the name of a sample, a group as (column, value), or {width} coordinates, "
            f"not {stop!r}."
        )
    return place
