"""What a training of factorized embeddings is set up with."""

from __future__ import annotations

from dataclasses import dataclass

from ...kernels.target import Target
from ...training.holdout import Holdout
from ...training.problem import Problem
from .neighbours import Keeping
from .network import Factorized
from .options import FE


@dataclass(frozen=True)
class Setting:
    """What a training is set up with.

    Attributes
    ----------
    model
        What is trained.
    problem
        What is learned from.
    options
        Settled.
    holdout
        What is held out.
    target
        The whole matrix, if it is needed.
    sample_noise
        Standard deviation of the noise on the sample table.
    keeping
        The neighbour term, if there is one.
    """

    model: Factorized
    problem: Problem
    options: FE
    holdout: Holdout
    target: Target | None
    sample_noise: float
    keeping: Keeping | None
