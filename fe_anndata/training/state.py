"""How a run stands after an evaluation: all that is needed to go on, or to use its result."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from .._core import processes
from .records import Record
from .stored import require_array
from .task import Schedule

Arrays = dict[str, np.ndarray]

HISTORY_COLUMNS = (
    "step",
    "epoch",
    "seconds",
    "train_loss",
    "validation_loss",
    "entries_per_second",
)


@dataclass(frozen=True)
class Counters:
    """What decides how a run goes on.

    Attributes
    ----------
    step
        Steps done.
    best_step, best_loss
        When the loss that is watched was lowest.
    waited
        Evaluations since it last fell by more than the tolerance.
    reference_loss
        The loss at that time.
    drops
        How often the learning rate has fallen.
    """

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    reference_loss: float = math.inf
    waited: int = 0
    drops: int = 0

    def watch(self, loss: float, schedule: Schedule) -> Counters:
        """Return the counters after an evaluation at `step` with this loss."""
        seen = self
        if loss < self.best_loss:
            seen = replace(seen, best_step=self.step, best_loss=loss)
        if loss < self.reference_loss * (1 - schedule.tolerance):
            return replace(seen, reference_loss=loss, waited=0)
        seen = replace(seen, waited=self.waited + 1)
        if schedule.patience is None or seen.waited < schedule.patience:
            return seen
        return replace(seen, waited=0, drops=self.drops + 1)

    def has_converged(self, schedule: Schedule) -> bool:
        """Return whether the learning rate has fallen as often as it may."""
        return self.drops > schedule.learning_rate_drops


@dataclass(frozen=True)
class State:
    """A run after its last evaluation.

    Attributes
    ----------
    counters
        Which decide how it goes on.
    parameters, best, moments
        Named arrays: the parameters now, at the best evaluation, and the optimisers' moments.
    history
        One record per evaluation.
    facts
        What the task must know again; see :class:`fe_anndata.training.task.Task`.
    records
        Copies of the sample table, each with its step.
    """

    counters: Counters = field(default_factory=Counters)
    parameters: Arrays = field(default_factory=dict)
    best: Arrays = field(default_factory=dict)
    moments: Arrays = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    facts: Mapping[str, float] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def of_own(self, names: Collection[str], own: slice) -> State:
        """Return the state with the samples of this process, in arrays of `names`."""
        return self._changed(names, lambda rows: rows[own])

    def of_all(self, names: Collection[str]) -> State:
        """Return the state with the samples of all processes; it is whole in the first one."""
        return self._changed(names, _collected)

    def _changed(self, names: Collection[str], change: Callable[[np.ndarray], np.ndarray]) -> State:
        """Return the state with the rows of samples changed, in arrays of these names."""
        if not processes.share_rows():
            return self

        def changed(arrays: Arrays) -> Arrays:
            # Of a moment that is no count of steps, which is one number.
            return {
                name: change(array) if name.partition(":")[0] in names and array.ndim > 1 else array
                for name, array in arrays.items()
            }

        parameters = changed(self.parameters)
        best = parameters if self.best is self.parameters else changed(self.best)
        return replace(self, parameters=parameters, best=best, moments=changed(self.moments))

    def require_fits(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise ValueError if the parameters are not those of a task, of these shapes by name."""
        for section in ("parameters", "best"):
            arrays = getattr(self, section)
            for name, shape in shapes.items():
                require_array(arrays.get(name), shape, f"state[{section!r}][{name!r}]")
            more = arrays.keys() - shapes.keys()
            if more:
                raise ValueError(
                    f"state[{section!r}] of the run holds {min(more)!r}, which its model does not "
                    "have: it is damaged; begin again."
                )


def _collected(rows: np.ndarray) -> np.ndarray:
    found = processes.collected(torch.from_numpy(rows))
    whole: np.ndarray = rows if found is None else found.numpy()
    return whole
