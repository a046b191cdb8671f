"""What depends on the data: the values of options that are ``"auto"``, and numbers of steps."""

from __future__ import annotations

import math
from dataclasses import replace

from ..option import AUTO
from .options import GeneRAIN
from .tokens import FEWEST

STEPS = 400
EVALUATIONS = 10
NEGATIVES, FROM = 1024, 4096
"""Genes drawn for a softmax, where there are so many."""
HELD_OUT, MOST_HELD_OUT = 0.1, 200


def sized(options: GeneRAIN, shape: tuple[int, int]) -> GeneRAIN:
    """Return `options` with every ``"auto"`` settled, but that of ``validation``, which is a rule.

    Raises
    ------
    ValueError
        If they do not suit the matrix.
    """
    chosen = options.settled()
    n_obs, n_vars = shape
    if chosen.width % chosen.heads:
        raise ValueError(
            f"width={chosen.width} is no multiple of heads={chosen.heads}: each head has an equal "
            "part of it. Change one of them."
        )
    if chosen.tokens > n_vars and chosen.start == "model":
        raise ValueError(
            f"the model that is continued reads lists of {chosen.tokens} genes, but there are only "
            f"{n_vars} genes."
        )
    if n_vars < FEWEST:
        raise ValueError(
            f"{n_vars} genes are too few to make lists of: at least {FEWEST} are needed."
        )
    if chosen.tokens > n_vars:
        raise ValueError(
            f"tokens={chosen.tokens} is more than the {n_vars} genes; lower tokens, for example "
            f"to {max(FEWEST, n_vars // 2)}."
        )
    steps, epochs = chosen.steps, chosen.epochs
    if isinstance(epochs, float):
        steps = None
    elif steps == AUTO:
        steps = max(STEPS, steps_per_epoch(chosen, n_obs))
    every = chosen.evaluate_every
    if every == AUTO:
        of_epochs = epochs if isinstance(epochs, float) else 1.0
        every = max(
            1, (steps or math.ceil(of_epochs * steps_per_epoch(chosen, n_obs))) // EVALUATIONS
        )
    negatives = chosen.negatives
    if negatives == AUTO:
        negatives = NEGATIVES if n_vars >= FROM else 0
    feed_forward = 4 * chosen.width if chosen.feed_forward == AUTO else chosen.feed_forward
    return replace(
        chosen,
        steps=steps,
        epochs=epochs,
        evaluate_every=every,
        negatives=negatives,
        feed_forward=feed_forward,
    )


def n_held_out(options: GeneRAIN, n_obs: int) -> int:
    """Return how many samples are held out; of a handful none."""
    if options.validation == AUTO:
        return min(int(HELD_OUT * n_obs), MOST_HELD_OUT)
    n = math.ceil(float(options.validation) * n_obs)
    return min(n, n_obs - 1)


def steps_per_epoch(options: GeneRAIN, n_obs: int) -> int:
    """Return in how many steps every training sample is seen once."""
    return math.ceil((n_obs - n_held_out(options, n_obs)) / options.minibatch_size)
