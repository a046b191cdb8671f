"""Where a model starts: at random, at the principal components, or where the user says."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from ..._core import processes
from ..._core.random import generator
from ...kernels.matched import Corrected, corrected
from ...kernels.svd import truncated_svd
from ...kernels.target import Target
from ...training.problem import Problem
from ...training.ranks import normal
from .decoders import Dot, Inner
from .neighbours import COMPONENTS, chosen
from .network import Factorized
from .options import FE
from .sizes import number

OVERSAMPLING = 10
MOST = 3072
"""Samples among which pairs of different batches are sought."""


def start(
    model: Factorized,
    options: FE,
    problem: Problem,
    target: Target | Corrected | None,
    components: tuple[Tensor, Tensor] | None,
) -> float:
    """Set the tables of `model` and its linear path; given tables win over what `options` name.

    Returns the standard deviation of the noise on the sample table, from ``sample_noise``.

    `target` and its `components`, scores and loadings, are needed for a start there. The sample
    table starts at the first scores, divided by one number so that they have unit variance over
    all: unlike whitened scores they keep the distances of PCA. The gene table starts at the
    loadings, times the square root of the number of genes: unit variance in every column.
    """
    scores, loadings = components or (None, None)
    on_genes = None
    sample_dim = number(options.sample_dim)
    if "sample_start" in problem.starts:
        table = torch.from_numpy(problem.starts["sample_start"])
    elif target is None or scores is None or options.sample_start == "random":
        ranks = problem.ranks
        table = normal(problem.seed, ranks.samples, sample_dim, "samples", own=ranks.own)
    else:
        first = scores[:, :sample_dim]
        squares, number_of = (target.counted * first).square().sum(), target.counted.sum()
        processes.add(squares, number_of)
        table = first / (squares / number_of / sample_dim).sqrt().clamp_min(1e-12)
    if "gene_start" in problem.starts:
        genes = torch.from_numpy(problem.starts["gene_start"])
    elif loadings is None or options.gene_start == "random":
        genes = normal(problem.seed, problem.ranks.genes, model.genes.shape[1], "genes")
    else:
        genes = loadings[:, : model.genes.shape[1]] * math.sqrt(len(loadings))
        on_genes = None if scores is None else scores[:, : genes.shape[1]] * math.sqrt(len(genes))
    with torch.no_grad():
        if isinstance(target, Corrected):
            model.effects.copy_(target.effects)
        model.samples.copy_(table)
        model.genes.copy_(genes)
        if isinstance(model.decoder, Dot) and options.init != "torch":
            # So that products start at unit variance, where the sigmoid still has a slope.
            for drawn_table, name in ((model.samples, "sample_start"), (model.genes, "gene_start")):
                if getattr(options, name) == "random":
                    drawn_table.mul_(sample_dim**-0.25)
        if isinstance(model.decoder, Inner) and target is not None:
            # Random vectors carry no noise of the entries: there is nothing to estimate it from.
            drawn = "random" in (options.sample_start, options.gene_start)
            noise = 0.0 if drawn else float(options.sample_noise)
            return _fit_linear_path(model, target, on_genes, noise)
    return 0.0


def principal_components(
    model: Factorized, options: FE, problem: Problem, target: Target | Corrected
) -> tuple[Tensor, Tensor]:
    """Return scores and loadings, as many as a start and a search of neighbours need."""
    k = max(
        number(options.sample_dim) if options.sample_start == "pca" else 1,
        model.genes.shape[1] if options.gene_start == "svd" else 1,
        min(COMPONENTS, *problem.shape) if options.neighbor_weight else 1,
    )
    return truncated_svd(target, _probe(problem, k), k)


def _probe(problem: Problem, k: int) -> Tensor:
    n_probes = min(k + OVERSAMPLING, *problem.shape)
    drawn = normal(problem.seed, problem.ranks.genes, n_probes, "probe")
    return drawn.to(problem.compute.device)


def without_batches(problem: Problem, target: Target, covariates: Tensor) -> Corrected:
    """Return the target without what batches do to it, as far as is known before the training."""
    assert problem.batches is not None
    k = min(COMPONENTS, *problem.shape)
    scores, _ = truncated_svd(target, _probe(problem, k), k)
    groups = torch.from_numpy(problem.batches.groups).to(scores.device)
    members = chosen(problem.ranks, target.counted, MOST)
    return corrected(target, scores, covariates, groups, members)


def _fit_linear_path(
    model: Factorized, target: Target | Corrected, on_genes: Tensor | None, sample_noise: float
) -> float:
    """Let the linear path start as the least-squares map from the start of u.

    Its targets are the sample factors that fit best, given the gene vectors. What the map leaves
    of the variance is taken as noise of the entries, of which every factor gets a share; seen from
    u, `sample_noise` times that share is the noise returned, and the map is the best one under it.
    `on_genes` is the product of the target with the gene vectors, (n, k), if it is known.
    """
    u, v = model.samples * target.counted, model.genes
    (n,), m = processes.total(float(target.counted.sum())), len(v)
    gram, squares = v.T @ v, u.T @ u
    if on_genes is None:
        on_genes = target.times(v, target.nothing())
    by_factors = u.T @ on_genes
    processes.add(squares, by_factors)
    u_factors = by_factors @ _pseudo_inverse(gram)
    weight = _pseudo_inverse(squares) @ u_factors
    # The map explains tr(W V'V W' U'U) of the squares of the target. What is left, entry by entry,
    # puts the same variance on each of d orthonormal factors; seen from u it is divided by what
    # the map makes of a unit of u, tr(W V'V W') / d, so that units of u and v do not matter.
    reach = weight @ gram @ weight.T
    left = max(target.squares / target.n_observed - float((reach * squares).sum()) / (n * m), 0.0)
    noise = sample_noise * math.sqrt(left * len(reach) / max(float(reach.trace()), 1e-30))
    ridge = n * noise**2 * torch.eye(u.shape[1], device=u.device)
    weight = _pseudo_inverse(squares + ridge) @ u_factors
    decoder = model.decoder
    assert isinstance(decoder, Inner)
    decoder.linear.weight.copy_(weight.T)
    return noise


def _pseudo_inverse(gram: Tensor) -> Tensor:
    # Not torch.linalg.lstsq: its last digits differ from call to call on two threads.
    inverse: Tensor = torch.linalg.pinv(gram.double(), hermitian=True)
    return inverse.to(gram.dtype)


def _draw_frequencies(model: Factorized, seed: int) -> None:
    """Draw the frequencies of Fourier features: standard normal, one octave around that of u."""
    if isinstance(model.decoder, Inner):
        frequencies = model.decoder.frequencies
        drawn = generator(seed, "frequencies").standard_normal(frequencies.shape, dtype=np.float32)
        frequencies.copy_(torch.from_numpy(drawn))


def draw_network(model: Factorized, options: FE, seed: int) -> None:
    """Draw weights, biases and frequencies of a model on the CPU, from local generators.

    ``"torch"`` is the default of torch.nn.Linear; ``"glorot"`` is uniform with zero biases. The
    last layer beside a linear path starts small, so that the linear path leads.
    """
    _draw_frequencies(model, seed)
    rng = torch.Generator().manual_seed(int(generator(seed, "network").integers(2**31)))
    for module in model.modules():
        if not isinstance(module, nn.Linear):
            continue
        if options.init == "torch":
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5), generator=rng)
            if module.bias is not None:
                bound = 1 / math.sqrt(module.in_features)
                nn.init.uniform_(module.bias, -bound, bound, generator=rng)
        else:
            nn.init.xavier_uniform_(module.weight, generator=rng)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    if isinstance(model.decoder, Inner):
        for mlp in (model.decoder.phi_mlp, model.decoder.psi_mlp):
            if mlp is not None:
                last = mlp[-1]
                assert isinstance(last, nn.Linear)
                nn.init.xavier_uniform_(last.weight, gain=0.03, generator=rng)
