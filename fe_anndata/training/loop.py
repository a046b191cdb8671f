"""The loop: steps, evaluations, a falling learning rate, early stopping, and a state to resume.

The learning rate follows no timetable: it falls when the loss has stopped falling. So a run does
not depend on the number of steps it was given, and one that is resumed continues as if it had
never stopped.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from ..models.factorized import Factorized
from .config import Config
from .objectives import Objective
from .optimisers import Optimiser

LEARNING_RATE_DROP = 0.3

Arrays = dict[str, np.ndarray]


class NonFiniteLossError(ValueError):
    """The loss became NaN or infinite."""


@dataclass
class Progress:
    """How a run stands after an evaluation: all that decides how it goes on.

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
    noise
        Standard deviation of the noise on the sample table.
    """

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    reference_loss: float = math.inf
    waited: int = 0
    drops: int = 0
    noise: float = 0.0

    def watch(self, loss: float, config: Config) -> bool:
        """Take note of the loss at `step`; return whether training should end."""
        if loss < self.best_loss:
            self.best_step, self.best_loss = self.step, loss
        if loss < self.reference_loss * (1 - config.tolerance):
            self.reference_loss, self.waited = loss, 0
            return False
        self.waited += 1
        if config.patience is None or self.waited < config.patience:
            return False
        self.waited = 0
        self.drops += 1
        return self.drops > config.learning_rate_drops


@dataclass
class State:
    """A run after its last evaluation: enough to continue it, or to use its result.

    Attributes
    ----------
    progress
        Counters.
    parameters, best, moments
        Named arrays: the parameters now, at the best evaluation, and the optimiser's moments.
    history
        One record per evaluation.
    """

    progress: Progress = field(default_factory=Progress)
    parameters: Arrays = field(default_factory=dict)
    best: Arrays = field(default_factory=dict)
    moments: Arrays = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


def run(
    objective: Objective,
    model: Factorized,
    config: Config,
    steps: int,
    evaluate_every: int,
    state: State,
    started: float,
    show_progress: bool,
) -> tuple[State, State, str]:
    """Train until the loss has stopped falling, `steps` are done, or Ctrl-C.

    Returns
    -------
    resumable
        The state at the last multiple of `evaluate_every`, from where the run can go on.
    final
        The result: the same state, or that of one more evaluation if `steps` is no multiple.
    ended
        Why: ``"converged"``, ``"steps"`` or ``"interrupted"``.

    Raises
    ------
    NonFiniteLossError
        With the step at which it happened.
    KeyboardInterrupt
        If there is no evaluation yet to fall back on.
    """
    optimiser = Optimiser(model, config)
    resumed = bool(state.parameters)
    if resumed:
        load(model, state.parameters)
        optimiser.load_state(state.moments)
    step = state.progress.step
    seconds_before = state.history[-1]["seconds"] if state.history else 0.0
    losses: list[float] = []
    stepping = time.perf_counter()

    def evaluate() -> dict[str, Any]:
        elapsed = time.perf_counter() - stepping
        validation_loss = objective.validation_loss()
        if objective.n_held_out:
            _require_finite(validation_loss, step)
        return {
            "step": step,
            "epoch": step / objective.steps_per_epoch,
            "train_loss": float(np.mean(losses)) if losses else math.nan,
            "validation_loss": validation_loss,
            "cells_per_second": len(losses) * objective.cells_per_step / elapsed,
            "seconds": seconds_before + time.perf_counter() - started,
        }

    bar = tqdm(total=steps, initial=step, disable=not show_progress, unit="step", desc="fe")
    try:
        while True:
            if step % evaluate_every == 0 and not (resumed and step == state.progress.step):
                state, converged = _next_state(state, evaluate(), model, optimiser, config)
                _show(bar, state)
                if converged:
                    return state, state, "converged"
                losses, stepping = [], time.perf_counter()
            if step >= steps:
                objective.after(step, ends=True)
                if not objective.n_held_out:
                    # The last step has no evaluation that would show if it went astray.
                    _require_finite(objective.backward(step) or 0.0, step)
                if step == state.progress.step:
                    return state, state, "steps"
                final, _ = _next_state(state, evaluate(), model, optimiser, config)
                return state, final, "steps"
            loss = objective.backward(step)
            if loss is not None:
                _require_finite(loss, step)
                losses.append(loss)
                warm = min(1.0, (step + 1) / config.warm_up) if config.warm_up else 1.0
                rate = warm * LEARNING_RATE_DROP**state.progress.drops
                optimiser.step(rate, objective.unexplained)
            step += 1
            objective.after(step)
            bar.update()
    except KeyboardInterrupt:
        if not state.parameters:
            raise
        return state, state, "interrupted"
    finally:
        bar.close()


def load(model: nn.Module, arrays: Arrays) -> None:
    """Copy named arrays into the parameters of `model`."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(arrays[name]))


def _next_state(
    state: State, record: dict[str, Any], model: nn.Module, optimiser: Optimiser, config: Config
) -> tuple[State, bool]:
    """Return the state after an evaluation, and whether training has converged."""
    progress = replace(state.progress, step=record["step"])
    parameters = {
        name: parameter.detach().cpu().numpy().copy()
        for name, parameter in model.named_parameters()
    }
    if math.isnan(record["validation_loss"]):
        # Nothing is held out: the training loss says when to stop, the last state is the best.
        converged = not math.isnan(record["train_loss"]) and progress.watch(
            record["train_loss"], config
        )
        progress.best_step, progress.best_loss = record["step"], record["train_loss"]
    else:
        converged = progress.watch(record["validation_loss"], config)
    best = parameters if progress.best_step == record["step"] else state.best
    history = [*state.history, record]
    return State(progress, parameters, best, optimiser.state(), history), converged


def _require_finite(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise NonFiniteLossError(
            f"the loss became {loss} at step {step}; nothing was written. Lower learning_rate "
            "or sample_learning_rate."
        )


def _show(bar: tqdm, state: State) -> None:
    record = state.history[-1]
    shown = {"validation loss": record["validation_loss"], "training loss": record["train_loss"]}
    parts = [f"{name} {loss:.4g}" for name, loss in shown.items() if not math.isnan(loss)]
    if record["cells_per_second"]:
        parts.append(f"{record['cells_per_second'] / 1e6:.1f} M cells/s")
    bar.set_postfix_str(", ".join(parts))
