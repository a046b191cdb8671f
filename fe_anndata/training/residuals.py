"""After the training: samples moved to where they fit best, and what the model leaves of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kernels.noise import Noise, misfit, residual_noise
from ..kernels.target import Target
from ..models.factored import Factored
from .projection import Projection

SPREADS = 6
"""How many standard deviations, robust ones, of log misfit make a profile unlike all others."""
LOOKED_AT = 2000
"""Samples of which the nearest neighbour is sought."""


@dataclass(frozen=True)
class Residuals:
    """What new samples are compared with.

    Attributes
    ----------
    noise
        In standardised units.
    log_misfit_limit
        Above it, a profile is unlike those of the training.
    spacing
        Median distance of a training sample to its nearest neighbour.
    """

    noise: Noise
    log_misfit_limit: float
    spacing: float


@torch.no_grad()
def finish(view: Factored, table: Tensor, target: Target, kind: str, relocate: bool) -> Residuals:
    """Return what a trained decoder leaves; move the samples of `table`, in place, if told to.

    Parameters
    ----------
    view
        The decoder.
    table
        The samples, (n, d).
    target
        The matrix around the centre of `view`.
    kind
        Of the noise: ``"shared"``, or ``"equal"`` in all genes.
    relocate
        Whether each sample moves to where a new sample of its profile would be placed. Hidden
        cells, filled with the prediction, have no say in it.
    """
    V = view.loadings.to(table.dtype)
    P = _factors(view, table)
    filled = target.hidden.inner(P, V)
    noise, scores = residual_noise(target, filled, P, V, shared=kind == "shared")
    if relocate:
        table.copy_(Projection(view, table, noise).of_scores(scores, table))
        P = _factors(view, table)
    logs = misfit(target, filled, P, V, noise, scores).clamp_min(1e-30).log()
    middle = logs.median()
    spread = 1.4826 * (logs - middle).abs().median()
    return Residuals(noise, float(middle + SPREADS * spread), _spacing(table))


def _factors(view: Factored, table: Tensor) -> Tensor:
    parts = torch.split(table, 1024)
    return torch.cat([view.factors(part.double()).to(table.dtype) for part in parts])


def _spacing(table: Tensor) -> float:
    every = max(1, math.ceil(len(table) / LOOKED_AT))
    nearest = []
    for part in torch.split(table[::every], 256):
        # The nearest one is the sample itself.
        nearest.append(torch.cdist(part, table).topk(2, largest=False).values[:, 1])
    return max(float(torch.cat(nearest).median()), 1e-12)
