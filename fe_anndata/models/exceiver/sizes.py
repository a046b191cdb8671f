"""What depends on the data: the values of options that are ``"auto"``, and numbers of steps."""

from __future__ import annotations

import math
from dataclasses import replace

from ..option import AUTO
from .options import Exceiver

SHOWN, FEWEST_EPOCHS, MOST_EPOCHS, FEWEST_STEPS = 400_000, 6, 20, 400
EVALUATIONS = 10
HELD_OUT, MOST_HELD_OUT = 0.05, 200


def sized(options: Exceiver, shape: tuple[int, int]) -> Exceiver:
    """Return `options` with every ``"auto"`` settled, but that of ``validation``, which is a rule.

    Raises
    ------
    ValueError
        If they do not suit the matrix.
    """
    chosen = options.settled()
    n_obs, _ = shape
    if chosen.width % chosen.heads:
        raise ValueError(
            f"width={chosen.width} is no multiple of heads={chosen.heads}: each head has an equal "
            "part of it. Change one of them."
        )
    if chosen.masked_least > chosen.masked_most:
        raise ValueError(
            f"masked_least={chosen.masked_least:g} is more than masked_most="
            f"{chosen.masked_most:g}; exchange them."
        )
    if chosen.frozen and chosen.start != "model":
        raise ValueError(
            "frozen=True is for a model that is continued: give one as start, or leave frozen out."
        )
    steps, epochs = chosen.steps, chosen.epochs
    per_epoch = steps_per_epoch(chosen, n_obs)
    if chosen.frozen and chosen.head == "on-body":
        steps, epochs = 1, None
    elif isinstance(epochs, float):
        steps = None
    elif steps == AUTO:
        passes = min(max(SHOWN / n_obs, FEWEST_EPOCHS), MOST_EPOCHS)
        steps = max(FEWEST_STEPS, math.ceil(passes * per_epoch))
    every = chosen.evaluate_every
    if every == AUTO and chosen.layout == "published":
        every = per_epoch
    elif every == AUTO:
        total = steps or math.ceil((epochs if isinstance(epochs, float) else 1.0) * per_epoch)
        every = max(1, total // EVALUATIONS)
    return replace(chosen, steps=steps, epochs=epochs, evaluate_every=every)


def n_held_out(options: Exceiver, n_obs: int) -> int:
    """Return how many samples are held out; of a handful none."""
    if options.validation == AUTO:
        return min(int(HELD_OUT * n_obs), MOST_HELD_OUT)
    return min(math.ceil(float(options.validation) * n_obs), n_obs - 1)


def steps_per_epoch(options: Exceiver, n_obs: int) -> int:
    """Return in how many steps every training sample is seen once."""
    return math.ceil((n_obs - n_held_out(options, n_obs)) / options.minibatch_size)
