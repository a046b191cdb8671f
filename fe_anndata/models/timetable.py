"""How long a training goes on, how learning rates change in it, and how long it will take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

from ..training.task import Schedule


class Timed(Protocol):
    """Options that say how long to go on."""

    @property
    def steps(self) -> Any: ...  # noqa: D102
    @property
    def epochs(self) -> Any: ...  # noqa: D102
    @property
    def evaluate_every(self) -> Any: ...  # noqa: D102
    @property
    def patience(self) -> int | None: ...  # noqa: D102
    @property
    def tolerance(self) -> float: ...  # noqa: D102


def schedule(options: Timed, per_epoch: int, warm_up: int = 0) -> Schedule:
    """Return how long a training goes on.

    Parameters
    ----------
    options
        Settled.
    per_epoch
        Steps in which every sample is seen once.
    warm_up
        First steps over which learning rates rise, if the task has no timetable of its own.
    """
    epochs = options.epochs if isinstance(options.epochs, float) else 1.0
    known = isinstance(options.steps, int)
    return Schedule(
        steps=options.steps if known else math.ceil(epochs * per_epoch),
        evaluate_every=options.evaluate_every,
        warm_up=warm_up,
        patience=options.patience,
        tolerance=options.tolerance,
    )


def cosine(step: int, steps: int, warm_up: float, *, falls: bool = True) -> float:
    """Return a factor that rises over a fraction of the steps, and falls to 0 at the last one."""
    rise = max(1.0, warm_up * steps)
    if step < rise:
        return (step + 1) / (rise + 1)
    if not falls:
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1.0, steps - rise)))


def seconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes, the second time: the first one loads and compiles."""
    call()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
