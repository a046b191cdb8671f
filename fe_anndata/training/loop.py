"""The loop: steps, evaluations, a falling learning rate, early stopping.

Unless a task has a timetable of its own, the learning rate follows none: it falls when the loss
has stopped falling. So a run does not depend on the number of steps it was given, and one that is
resumed continues as if it had never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from .._core import processes
from .._core.ending import ending
from .._core.progress import Progress, progress_bar
from .optimisers import Optimisers
from .records import Record, require_records
from .state import Arrays, State
from .task import Task

LEARNING_RATE_DROP = 0.3

Keep = Callable[[State], None]
"""What is done with the state at each evaluation, to survive the end of the process."""


class NonFiniteLossError(ValueError):
    """The loss became NaN or infinite."""


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes
    ----------
    resumable
        The state at the last multiple of ``evaluate_every``, from where the run can go on.
    final
        The result: the same state, or that of one more evaluation if the steps are no multiple.
    why
        ``"converged"``, ``"steps"`` or ``"interrupted"``.
    """

    resumable: State
    final: State
    why: str


def run(task: Task, state: State, started: float, show_progress: bool, keep: Keep | None) -> Ended:
    """Train until the loss has stopped falling, the steps are done, or Ctrl-C.

    Parameters
    ----------
    task
        What is trained.
    state
        Where to begin; an empty one, or that of an earlier run.
    started
        When the call began, by :func:`time.perf_counter`.
    show_progress
        Whether to show a bar.
    keep
        Called with the state after each evaluation.

    Raises
    ------
    NonFiniteLossError
        With the step at which it happened.
    KeyboardInterrupt
        If there is no evaluation yet to fall back on.
    """
    schedule = task.schedule
    watch = _Watch(task, state, started)
    step = state.counters.step
    if not state.parameters:
        watch.record(step)
    bar = progress_bar(schedule.steps, shown=show_progress, unit="step", desc="fe", initial=step)
    try:
        while True:
            is_new = step != state.counters.step or not state.parameters
            if step % schedule.evaluate_every == 0 and is_new:
                state = watch.evaluate(state, step)
                if keep is not None:
                    keep(state)
                _show(bar, state)
            if state.parameters and state.counters.has_converged(schedule):
                return Ended(state, state, "converged")
            if step >= schedule.steps:
                task.after(step, ends=True)
                if not task.n_held_out:
                    # The last step has no evaluation that would show if it went astray.
                    _require_finite(task.backward(step) or 0.0, step)
                if step == state.counters.step:
                    return Ended(state, state, "steps")
                return Ended(state, watch.evaluate(state, step), "steps")
            ending.signal = processes.greatest(ending.signal or 0) or None
            ending.check()
            watch.move(state, step)
            step += 1
            task.after(step)
            watch.record(step)
            bar.update()
    except KeyboardInterrupt:
        if not state.parameters:
            raise
        return Ended(state, state, "interrupted")
    finally:
        bar.close()


class _Watch:
    """A task in motion: its optimisers, and what its steps have shown since the last evaluation."""

    def __init__(self, task: Task, state: State, started: float) -> None:
        self.task, self.started = task, started
        self.optimisers = Optimisers(task.groups, task.l2)
        if state.parameters:
            state.require_fits({name: tuple(p.shape) for name, p in task.parameters.items()})
            load(task.parameters, state.parameters)
            self.optimisers.load_state(state.moments)
            require_records(state.records, task)
        self.seconds_before = state.history[-1]["seconds"] if state.history else 0.0
        self.losses: list[float] = []
        self.records: list[Record] = []
        self.stepping = time.perf_counter()

    def move(self, state: State, step: int) -> None:
        """Do a step."""
        loss = self.task.backward(step)
        if loss is None:
            return
        _require_finite(loss, step)
        self.losses.append(loss)
        rate = self.task.rate(step) * LEARNING_RATE_DROP**state.counters.drops
        self.optimisers.step(rate, self.task.unexplained)

    def record(self, step: int) -> None:
        """Keep a copy of the sample table, if one is due after `step` steps."""
        every = self.task.schedule.record_every
        if every is not None and step % every == 0:
            self.records.append((step, self.task.table()))

    def evaluate(self, state: State, step: int) -> State:
        """Return the state after an evaluation."""
        record = self._record(step)
        counters = replace(state.counters, step=step)
        parameters = {
            name: parameter.detach().cpu().numpy().copy()
            for name, parameter in self.task.parameters.items()
        }
        loss = record["validation_loss"]
        if math.isnan(loss):
            # Nothing is held out: the training loss says when to stop, the last state is the best.
            if not math.isnan(record["train_loss"]):
                counters = counters.watch(record["train_loss"], self.task.schedule)
            counters = replace(counters, best_step=step, best_loss=record["train_loss"])
        else:
            counters = counters.watch(loss, self.task.schedule)
        best = parameters if counters.best_step == step else state.best
        records = [*state.records, *self.records]
        self.losses, self.records, self.stepping = [], [], time.perf_counter()
        return State(
            counters,
            parameters,
            best,
            self.optimisers.state(),
            [*state.history, record],
            self.task.facts,
            records,
        )

    def _record(self, step: int) -> dict[str, Any]:
        elapsed = time.perf_counter() - self.stepping
        validation_loss = self.task.validation_loss()
        if self.task.n_held_out:
            _require_finite(validation_loss, step)
        return {
            "step": step,
            "epoch": step / self.task.steps_per_epoch,
            "train_loss": float(np.mean(self.losses)) if self.losses else math.nan,
            "validation_loss": validation_loss,
            "entries_per_second": len(self.losses) * self.task.entries_per_step / elapsed,
            "seconds": self.seconds_before + time.perf_counter() - self.started,
        }


def load(parameters: Mapping[str, nn.Parameter], arrays: Arrays) -> None:
    """Copy named arrays into the parameters."""
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(torch.from_numpy(arrays[name]))


def _require_finite(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise NonFiniteLossError(
            f"the loss became {loss} at step {step}; nothing was written. Lower learning_rate and "
            "the other learning rates."
        )


def _show(bar: Progress, state: State) -> None:
    record = state.history[-1]
    shown = {"validation loss": record["validation_loss"], "training loss": record["train_loss"]}
    parts = [f"{name} {loss:.4g}" for name, loss in shown.items() if not math.isnan(loss)]
    if record["entries_per_second"]:
        parts.append(f"{record['entries_per_second'] / 1e6:.1f} M entries/s")
    bar.set_postfix_str(", ".join(parts))
