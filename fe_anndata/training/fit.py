"""A task from its start, or from where it stopped, to a trained model."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._core import processes
from .loop import Keep, load, run
from .records import Record, tell_size
from .state import State
from .task import Task

if TYPE_CHECKING:
    from ..models.trained import Trained


@dataclass(frozen=True)
class Fitted:
    """A trained model and the record of its training.

    Attributes
    ----------
    trained
        The model at its best evaluation.
    history
        One record per evaluation.
    ended
        ``"converged"``, ``"steps"`` or ``"interrupted"``.
    best_step
        When the model was at its best.
    resumable
        The state from which the run can go on.
    validation_loss
        Of the model as it is returned, NaN if nothing was held out.
    records
        Copies of the sample table, each with its step, in the coordinates of the training.
    """

    trained: Trained
    history: list[dict[str, Any]]
    ended: str
    best_step: int
    resumable: State
    validation_loss: float
    records: list[Record] = field(default_factory=list)


def fit(
    task: Task,
    state: State | None = None,
    *,
    started: float | None = None,
    progress: bool = False,
    keep: Keep | None = None,
) -> Fitted:
    """Train.

    Parameters
    ----------
    task
        What is trained.
    state
        Where an earlier run of it stopped, with the samples of all processes.
    started
        When the call began, by :func:`time.perf_counter`; now by default.
    progress
        Whether to show a bar.
    keep
        Called with the state after each evaluation, of all samples, in the first process.

    Raises
    ------
    NonFiniteLossError
        If the loss becomes NaN or infinite.
    """
    tell_size(task)
    started = time.perf_counter() if started is None else started

    def keep_all(of_own: State) -> None:
        assert keep is not None
        of_all = of_own.of_all(task.of_samples)
        if processes.is_first():
            keep(of_all)

    begun = (state or State()).of_own(task.of_samples, task.own)
    ended = run(task, begun, started, progress, None if keep is None else keep_all)
    load(task.parameters, ended.final.best)
    trained = task.finish()
    return Fitted(
        trained,
        ended.final.history,
        ended.why,
        ended.final.counters.best_step,
        ended.resumable.of_all(task.of_samples),
        task.validation_loss(),
        ended.final.records,
    )
