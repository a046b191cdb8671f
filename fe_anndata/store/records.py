"""The sample table at intervals of the training, as ``uns`` holds it.

The tables are in the coordinates of the training, so that a run can go on; ``change`` brings them
to those of the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..training.records import Record
from .schema import misfit


def pack_records(records: list[Record], change: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return recorded tables as three arrays.

    Parameters
    ----------
    records
        At least one.
    change
        What a table is multiplied with to be in the coordinates of the result; None for nothing.
    """
    steps, tables = zip(*records, strict=True)
    return {
        "steps": np.array(steps, dtype=np.int64),
        "samples": np.stack(tables),
        "change": np.eye(tables[0].shape[1], dtype=np.float32) if change is None else change,
    }


def unpack_records(packed: Any, place: str) -> tuple[list[Record], np.ndarray]:
    """Return what :func:`pack_records` was given, the change as a matrix in any case.

    Raises
    ------
    ValueError
        If a part is missing, or is not what it should be.
    """
    if not isinstance(packed, Mapping):
        raise misfit(place, "records", is_what="is no dict")
    arrays = {name: np.asarray(packed.get(name)) for name in ("steps", "samples", "change")}
    wanted = {"steps": ("iuf", 1), "samples": ("f", 3), "change": ("f", 2)}
    for name, (kinds, ndim) in wanted.items():
        found = arrays[name]
        if found.dtype.kind not in kinds or found.ndim != ndim or not np.isfinite(found).all():
            raise misfit(place, "records", name, is_what=f"is no array of {ndim} dimensions")
    steps, samples, change = arrays["steps"], arrays["samples"], arrays["change"]
    if not len(steps) or len(steps) != len(samples) or (np.diff(steps) <= 0).any():
        raise misfit(place, "records", "steps", is_what="does not say when each table was kept")
    if change.shape != (samples.shape[2],) * 2:
        raise misfit(place, "records", "change", is_what=f"has shape {change.shape}")
    tables = samples.astype(np.float32, copy=False)
    return [(int(step), table) for step, table in zip(steps, tables, strict=True)], change
