"""Copies of the sample table, kept while it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._core.warn import warn_user
from ..matrix.memory import available
from .stored import require_array

if TYPE_CHECKING:
    from .task import Task

Record: TypeAlias = tuple[int, np.ndarray]
"""After how many steps, and the table, float32 (n, d)."""

LARGE = 256
"""Megabytes of copies from which on a warning says how many there may be."""


def tell_size(task: Task) -> None:
    """Warn if the copies that a task keeps may become large.

    Raises
    ------
    MemoryError
        If there is no memory for them.
    """
    every = task.schedule.record_every
    if every is None:
        return
    number, table = task.schedule.steps // every + 1, task.table()
    megabytes = number * table.nbytes / 1e6
    said = (
        f"record_every={every} keeps up to {number:,} copies of the sample vectors, "
        f"{megabytes:,.0f} MB"
    )
    cure = "A greater record_every keeps fewer."
    if megabytes * 1e6 > available():
        raise MemoryError(f"{said}, and {available() / 1e6:,.0f} MB of memory are free. {cure}")
    if megabytes > LARGE:
        warn_user(f"{said}, in memory, in the file and in every state of a checkpoint. {cure}")


def require_records(records: list[Record], task: Task) -> None:
    """Raise ValueError if the copies of an earlier run are not of the table of a task."""
    if records:
        shape = task.table().shape
        for step, table in records:
            require_array(table, shape, f"the record of step {step}")
