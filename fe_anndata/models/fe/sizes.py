"""What depends on the data: the values of options that are ``"auto"``, and the untrained model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import torch

from ..option import AUTO
from .network import Factorized
from .options import FE

GENE_DIM = 64
TILE = (100, 100)
ENTRIES_OF_DOT, SAMPLES_OF_ENTRIES = 10_000, 10
"""Entries of a minibatch of the dot product, at most; for others, in proportion to the genes."""
STEPS_OF_DOT = 20
"""Minibatches of the dot product in an epoch, at least: else few entries take too few steps."""
SAMPLE_STEP = 0.14
"""Length of a step of a sample vector with ``sample_learning_rate="length"``."""
ENTRIES_OF_RATE, SAMPLES_OF_RATE = 30_000, 512
"""From how many on the network learns at its full rate, in few dimensions and in more."""
FEW_DIMENSIONS = 3
"""Up to how many dimensions phi has to bend much."""
MANY_COORDINATES = 16
"""From how many gene coordinates on one of them is the mean of the gene."""
FOURIER, SOLVE_EVERY = 16, (15, 10)
"""Frequencies in few dimensions; steps between two solutions in few, and in more."""
NEIGHBOR_WEIGHT = 0.05, 0.02
"""In few dimensions, and in more."""
EVALUATE_EVERY = 10
MOST_LAYERS = 256
"""Hidden layers, of which a model is not asked for more."""


def sized(options: FE, shape: tuple[int, int]) -> FE:
    """Return `options` with every ``"auto"`` settled, but that of ``validation``, which is a rule.

    Raises
    ------
    ValueError
        If a start at the principal components needs more of them than the matrix has.
    """
    chosen = options.settled()
    n_obs, n_vars = shape
    most = min(n_obs - 1, n_vars - 1)
    is_flat = number(chosen.sample_dim) <= FEW_DIMENSIONS
    gene_dim = chosen.gene_dim
    if gene_dim == AUTO:
        gene_dim = min(max(GENE_DIM, 2 * number(chosen.sample_dim)), most)
    _require_components(chosen, number(gene_dim), shape)
    size = chosen.minibatch_size
    if size == AUTO and chosen.minibatch == "tiles":
        size = TILE
    elif size == AUTO:
        size = SAMPLES_OF_ENTRIES * n_vars
        if chosen.decoder == "dot":
            size = min(ENTRIES_OF_DOT, -(-n_obs * n_vars // STEPS_OF_DOT))
    solve_every = chosen.solve_every
    if solve_every == AUTO:
        # Where phi has to bend much, genes need not follow it so closely.
        solve_every = SOLVE_EVERY[0 if is_flat else 1]
    sample_rate = chosen.sample_learning_rate
    if sample_rate == "length":
        # Steps of Adam have one size in every coordinate; so those of a vector have one length.
        sample_rate = SAMPLE_STEP / math.sqrt(number(chosen.sample_dim))
    rate = chosen.learning_rate
    if options.learning_rate == AUTO and chosen.minibatch == "full":
        rate = float(rate) * _share_of_rate(is_flat, shape)
    weight = chosen.neighbor_weight
    if weight == AUTO:
        # Samples at random positions have no neighbourhood to keep.
        weight = 0.0 if chosen.sample_start == "random" else NEIGHBOR_WEIGHT[0 if is_flat else 1]
    metric = chosen.metric
    if metric == AUTO:
        metric = "free" if is_flat or chosen.decoder != "inner" else "expression"
    noise_model = chosen.noise_model
    if noise_model == AUTO:
        # What few coordinates do not hold is large, and much the same in all samples.
        noise_model = "shared" if is_flat else "equal"
    return replace(
        chosen,
        gene_dim=gene_dim,
        minibatch_size=size,
        fourier=(FOURIER if is_flat else 0) if chosen.fourier == AUTO else chosen.fourier,
        learning_rate=rate,
        sample_learning_rate=sample_rate,
        solve_every=solve_every,
        neighbor_weight=weight,
        noise_model=noise_model,
        metric=metric,
        gene_metric=_gene_metric(chosen, number(gene_dim)),
        evaluate_every=_evaluate_every(chosen, solve_every),
    )


def _share_of_rate(is_flat: bool, shape: tuple[int, int]) -> float:
    """Return what a small matrix leaves of the learning rate of a network.

    A step of Muon is as long where the data say next to nothing as where they decide. Of few data
    such steps fit noise, and the smallest difference grows from each to the next.
    """
    n_obs, n_vars = shape
    if is_flat:
        return min(1.0, math.sqrt(n_obs * n_vars / ENTRIES_OF_RATE))
    return min(1.0, n_obs / SAMPLES_OF_RATE)


def number(value: int | str | None) -> int:
    """Return a settled number, whose type still allows ``"auto"``."""
    assert isinstance(value, int)
    return value


def _require_components(chosen: FE, gene_dim: int, shape: tuple[int, int]) -> None:
    n_obs, n_vars = shape
    most = min(n_obs - 1, n_vars - 1)
    for name, wanted, by_components in (
        ("sample_dim", number(chosen.sample_dim), chosen.sample_start == "pca"),
        ("gene_dim", gene_dim, chosen.gene_start == "svd"),
    ):
        if by_components and wanted > most:
            start_name = name.replace("_dim", "_start")
            raise ValueError(
                f"{name}={wanted} is more than the {most} principal components of {n_obs} samples "
                f"x {n_vars} genes; lower {name} or add {start_name}='random'."
            )


def _gene_metric(chosen: FE, gene_dim: int) -> Literal["balanced", "free"]:
    if chosen.gene_metric != AUTO:
        return chosen.gene_metric
    drawn = chosen.gene_start in ("svd", "random")
    fits = chosen.center is True and drawn and not chosen.gene_hidden
    if fits and gene_dim >= MANY_COORDINATES:
        return "balanced"
    if chosen.gene_views is not None:
        raise ValueError(
            f"gene_views={chosen.gene_views!r} needs gene_metric='balanced', which 'auto' is from "
            f"gene_dim={MANY_COORDINATES} on, with center=True, no own gene_start and no "
            f"gene_hidden; gene_dim is {gene_dim}. Give gene_metric='balanced', or leave out "
            "gene_views."
        )
    return "free"


def _evaluate_every(chosen: FE, solve_every: int | str | None) -> int | Literal["auto"]:
    every = chosen.evaluate_every
    if every == AUTO and chosen.decoder == "inner":
        every = EVALUATE_EVERY
    if chosen.gene_step == "solve":
        # An evaluation sees a gene table that has just been solved for.
        return -(-number(every) // number(solve_every)) * number(solve_every)
    return every


def build(options: FE, n_samples: int, n_genes: int, n_covariates: int = 0) -> Factorized:
    """Return the untrained model of settled options."""
    assert isinstance(options.hidden, tuple)
    return Factorized(
        n_samples,
        n_genes,
        decoder=options.decoder,
        sample_dim=number(options.sample_dim),
        gene_dim=number(options.gene_dim),
        hidden=options.hidden,
        gene_hidden=options.gene_hidden,
        fourier=number(options.fourier),
        activation=options.activation,
        output=options.output,
        gene_mean=options.gene_metric == "balanced",
        covariates=n_covariates,
    )


def shapes(options: FE, n_samples: int, n_genes: int) -> Mapping[str, tuple[int | None, ...]]:
    """Return the shape of each array of a model of settled options, without making it."""
    if len(options.hidden) + len(options.gene_hidden) > MOST_LAYERS:
        raise ValueError(f"more than {MOST_LAYERS} hidden layers")
    with torch.device("meta"):  # whose tensors have a shape and no values
        weights = build(options, n_samples, n_genes).state_dict()
    of = {f"model/{name}": tuple(weight.shape) for name, weight in weights.items()}
    samples, factors = of.pop("model/samples"), of.pop("model/genes")
    genes = (n_genes, factors[1] + (options.gene_metric == "balanced"))
    noise = {"noise/genes": (n_genes,), "noise/factors": (None, None),
             "noise/log_misfit_limit": (), "noise/spacing": (),
             "imputing/genes": (n_genes,), "imputing/factors": (None, None),
             "imputing/weight": (), "imputing/prior": ()}  # fmt: skip
    more = {"batches/effects": (n_genes, None), "labels/weight": (None, factors[1]),
            "labels/bias": (None,)}  # fmt: skip
    if options.gene_views is not None:
        of["model/genes"] = factors
    return {"samples": samples, "genes": genes, **of, **noise, **more}
