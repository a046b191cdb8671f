"""Rates: do as many steps as fill some seconds, and say how many entries a second that was."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from itertools import islice

TRIAL = 3


class Rate:
    """Cells per second of whole steps; how many steps is settled in the first call.

    Parameters
    ----------
    timed
        Does so many steps; returns the entries they saw and the seconds they took.
    seconds
        How long a call should be, about, without what `timed` leaves out.
    """

    def __init__(self, timed: Callable[[int], tuple[float, float]], seconds: float) -> None:
        self.timed, self.seconds = timed, seconds
        self.steps = 0

    def __call__(self) -> float:
        """Measure, and the first time settle the number of steps."""
        if not self.steps:
            self.timed(TRIAL)  # compiles and allocates
            _, taken = self.timed(TRIAL)
            self.steps = max(TRIAL, math.ceil(self.seconds * TRIAL / taken))
        entries, taken = self.timed(self.steps)
        return entries / taken


def stepping(step: Callable[[], int]) -> Callable[[int], tuple[float, float]]:
    """Return the timing of a function that does one step and returns its number of entries."""

    def timed(n: int) -> tuple[float, float]:
        started = time.perf_counter()
        entries = sum(step() for _ in range(n))
        return entries, time.perf_counter() - started

    return timed


def iterating(loop: Callable[[], Iterable[int]]) -> Callable[[int], tuple[float, float]]:
    """Return the timing of a loop that yields its number of entries after every step.

    The clock starts after the first step: what a loader does once is left out.
    """

    def timed(n: int) -> tuple[float, float]:
        steps = iter(loop())
        next(steps)
        started = time.perf_counter()
        entries = sum(islice(steps, n))
        return entries, time.perf_counter() - started

    return timed
