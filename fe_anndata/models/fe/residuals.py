"""After the training: samples moved to where they fit best, and what the model leaves of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..._core import processes
from ...kernels.noise import Noise, mean_squares_left, misfit, of_free, residual_noise
from ...kernels.target import Target
from ...matrix.entries import Entries
from .completing import Completion, Left, completion_of
from .options import FE
from .placing import FEW, Placing
from .reduced_basis import Reduced, factors_of

SPREADS = 6
"""How many standard deviations, robust ones, of log misfit make a profile unlike all others."""
LOOKED_AT = 2000
"""Samples of which the nearest neighbour is sought."""
PRIORS = (1.0, 4.0, 16.0, 64.0)
"""Weights of the prior that are tried, as long as the held-out loss falls."""
TRIED_ON = 1024
"""Samples that are moved to compare them."""


@dataclass(frozen=True)
class Residuals:
    """What new samples are compared with.

    Attributes
    ----------
    noise
        In standardised units.
    prior
        Weight of the prior of positions.
    log_misfit_limit
        Above it, a profile is unlike those of the training.
    spacing
        Median distance of a training sample to its nearest neighbour.
    completion
        How hidden entries follow from seen ones; None in files that do not know.
    """

    noise: Noise
    prior: float
    log_misfit_limit: float
    spacing: float = 1.0
    completion: Completion | None = None


@torch.no_grad()
def left_over(
    view: Reduced,
    table: Tensor,
    target: Target,
    options: FE,
    held_out: Entries | None,
    batches: tuple[Tensor, Tensor] | None = None,
) -> Residuals:
    """Return what a trained decoder leaves; move the samples of `table`, in place, if told to.

    Parameters
    ----------
    view
        The decoder.
    table
        The samples, (n, d); those of this process, as all that follows, if several share them.
    target
        The matrix around the centre of `view`.
    options
        ``noise_model``, the kind of noise; ``place_samples``, whether each sample moves to where a
        new sample of its profile would be placed (hidden entries, filled with the prediction, have
        no say in it); and ``sample_prior``, the weight of the prior, or ``"auto"`` for the one with
        which `held_out` is predicted best.
    held_out
        Entries of samples that count, if any are held out.
    batches
        Covariates of the samples (n, q) and their effects (m, q), if there are any.
    """
    prior = options.sample_prior
    covariates, effects = batches or (table[:, :0], view.loadings[:, :0].to(table.dtype))
    known, k = covariates.shape[1], view.loadings.shape[1]

    def factors() -> Tensor:
        P = factors_of(view, table)
        return torch.cat([P, covariates], 1) if known else P

    P, V = factors(), torch.cat([view.loadings.to(table.dtype), effects], 1)
    filled = target.hidden.inner(P, V)
    shared = options.noise_model == "shared"
    squares = mean_squares_left(target, filled, P, V)
    noise, scores = residual_noise(target, filled, P, V, shared, known, squares)
    in_common = (noise, scores)
    if not shared:
        in_common = residual_noise(target, filled, P, V, True, known, squares)
    own = of_free(scores, P, V, noise.genes, known)
    if prior == "auto":
        prior = 1.0
        if options.place_samples and held_out is not None and table.shape[1] > FEW:
            prior = _best_prior(view, table, noise, own, held_out, (covariates, effects))
    weight = float(prior)
    before = P
    if options.place_samples:
        table.copy_(Placing(view, processes.gathered(table), noise, weight).of_scores(own, table))
        P = factors()
    logs = misfit(target, filled, P, V, noise, scores).clamp_min(1e-30).log()
    logs = processes.gathered(logs)
    middle = logs.median()
    spread = 1.4826 * (logs - middle).abs().median()
    left = Left(table, of_free(in_common[1], before, V, in_common[0].genes, known), before[:, :k])
    completion = completion_of(
        view, in_common[0], left, target, held_out, (covariates, effects), moved=not shared
    )
    return Residuals(noise, weight, float(middle + SPREADS * spread), completion=completion)


def _best_prior(
    view: Reduced,
    table: Tensor,
    noise: Noise,
    scores: Tensor,
    held_out: Entries,
    batches: tuple[Tensor, Tensor],
) -> float:
    """Return the prior's weight with which some samples predict their held-out entries best."""
    every_sample, place = processes.gathered(table), processes.place(len(table))
    every = math.ceil(len(every_sample) / TRIED_ON)
    first = -place.start % every  # of the samples that are tried
    used = held_out.rows % every == first
    rows = torch.from_numpy(held_out.rows[used] // every)
    columns = torch.from_numpy(held_out.cols[used].astype("int64"))
    values = torch.from_numpy(held_out.values[used])
    values = (values - view.centre[columns]) / view.scale
    covariates, effects = batches
    values = values - (covariates[first::every][rows] * effects[columns]).sum(1)
    best, least = PRIORS[0], math.inf
    for weight in PRIORS:
        placing = Placing(view, every_sample, noise, weight)
        P = view.factors(placing.of_scores(scores[first::every], table[first::every]))
        squares = ((P[rows] * view.loadings[columns]).sum(1) - values).square()
        loss, n = processes.total(float(squares.sum()), len(squares))
        loss /= max(n, 1)
        if not loss < least:
            break
        best, least = weight, loss
    return best


@torch.no_grad()
def in_expression(view: Reduced, table: Tensor) -> tuple[Tensor, Tensor]:
    """Return the linear change of coordinates, and its inverse, that makes them like distances.

    Euclidean distances are then those of the profiles that the best linear map of the coordinates
    decodes, in the units of the matrix, as they are between principal components. (The mean metric
    pulled back through the decoder as it is also counts its bends, and classes are told apart less
    well by it.)
    """
    V = view.loadings
    mean, (n,) = table.double().sum(0), processes.total(len(table))
    processes.add(mean)
    mean /= n
    squares = mean.new_zeros(len(mean), len(mean))
    products = mean.new_zeros(len(mean), V.shape[1])
    for part in torch.split(table, 1024):
        u = part.double() - mean
        squares += u.T @ u
        products += u.T @ view.factors(part.to(V.dtype)).double()
    processes.add(squares, products)
    slope = torch.linalg.pinv(squares, hermitian=True) @ products
    metric = slope @ (V.T @ V).double() @ slope.T
    values, vectors = torch.linalg.eigh(metric * view.scale**2)
    lengths = values.clamp_min(1e-6 * float(values[-1])).clamp_min(1e-12).sqrt()
    forth, back = (vectors * lengths) @ vectors.T, (vectors / lengths) @ vectors.T
    return forth.to(table.dtype), back.to(table.dtype)


def spacing(table: Tensor) -> float:
    """Return the median distance of a sample to its nearest neighbour.

    Each process looks at some samples, among those of all.
    """
    table = processes.gathered(table)
    every = max(1, math.ceil(len(table) / LOOKED_AT))
    looked_at = table[::every].contiguous()
    looked_at = looked_at[processes.part(len(looked_at))]
    # Into one vector: small results between large temporaries would keep the memory of these.
    nearest = table.new_empty(len(looked_at))
    for first in range(0, len(looked_at), 16):
        part = slice(first, first + 16)
        # The nearest one is the sample itself.
        apart = torch.cdist(looked_at[part], table)
        nearest[part] = apart.topk(2, largest=False).values[:, 1]
    return max(float(processes.gathered(nearest).median()), 1e-12)
