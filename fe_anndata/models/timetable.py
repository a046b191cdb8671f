"""How learning rates change during a training, and how long it will take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any


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


def in_words(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
