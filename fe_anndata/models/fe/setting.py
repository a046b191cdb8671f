"""What a training of factorized embeddings is set up with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...kernels.target import Target
from ...training.holdout import Holdout
from ...training.problem import Problem
from .factors import Tables
from .labels import Naming
from .many import Many
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
    covariates
        Of the batches of samples, (n, q), if there are any.
    naming
        The term of their labels, if there are any.
    tables
        Of the factors that sample vectors are made of, if of any.
    many
        All samples, if those of the problem are a choice of them.
    """

    model: Factorized
    problem: Problem
    options: FE
    holdout: Holdout
    target: Target | None
    sample_noise: float
    keeping: Keeping | None
    covariates: Tensor | None = None
    naming: Naming | None = None
    tables: Tables | None = None
    many: Many | None = None

    def beside(self, P: Tensor) -> Tensor:
        """Return sample factors (n, k) with the covariates as further ones, (n, k + q)."""
        return P if self.covariates is None else torch.cat([P, self.covariates], 1)

    def with_effects(self, Q: Tensor) -> Tensor:
        """Return gene factors (m, k) with the effects of covariates as further ones."""
        return Q if self.covariates is None else torch.cat([Q, self.model.effects.detach()], 1)
