"""How learning rates change during a training."""

from __future__ import annotations

import math

from .. import timetable
from .options import GeneRAIN

CYCLE, FROZEN = 40, 30
"""Epochs of the published cycle of learning rates, and after how many they are fixed."""


def rate(options: GeneRAIN, step: int, steps: int, per_epoch: int) -> float:
    """Return what learning rates are multiplied with at one of `steps`."""
    if options.decay == "onecycle":
        return onecycle(min(step // per_epoch, FROZEN), CYCLE, options.warm_up)
    return timetable.cosine(step, steps, options.warm_up, falls=options.decay == "cosine")


def onecycle(epoch: int, cycle: int, rise: float) -> float:
    """Return the factor of torch.optim.lr_scheduler.OneCycleLR with div_factor=5."""
    low, end, top = 1 / 5, 1 / 5 * 1e-4, max(1.0, rise * cycle - 1)
    if epoch <= top:
        return low + (1 - low) * (1 - math.cos(math.pi * epoch / top)) / 2
    return end + (1 - end) * (1 + math.cos(math.pi * (epoch - top) / (cycle - 1 - top))) / 2
