"""What depends on the data: the sizes of a configuration, and the untrained model they make."""

from __future__ import annotations

import math
from dataclasses import replace

from ..models.factorized import Factorized
from .config import Config

GENE_DIM = 64
TILE = (100, 100)
SAMPLE_STEP = 0.14
"""Length of a step of a sample vector with ``sample_learning_rate="auto"``."""
FEW_DIMENSIONS = 3
"""Up to how many dimensions phi has to bend much."""
MANY_COORDINATES = 16
"""From how many gene coordinates on one of them is the mean of the gene."""
FOURIER, SOLVE_EVERY = 16, (15, 10)
"""Frequencies of ``fourier="auto"`` in few; ``solve_every="auto"`` in few, and in more."""
NEIGHBOR_WEIGHT = 0.05, 0.02
"""``neighbor_weight="auto"`` in few dimensions, and in more."""


def settle(config: Config, shape: tuple[int, int]) -> Config:
    """Return `config` with the sizes that depend on the data.

    Raises
    ------
    ValueError
        If a start at the principal components needs more of them than the matrix has.
    """
    n_obs, n_vars = shape
    most = min(n_obs - 1, n_vars - 1)
    gene_dim = config.gene_dim or min(max(GENE_DIM, 2 * config.sample_dim), most)
    for name, wanted, by_components in (
        ("sample_dim", config.sample_dim, config.sample_start == "pca"),
        ("gene_dim", gene_dim, config.gene_start == "svd"),
    ):
        if by_components and wanted > most:
            start_name = name.replace("_dim", "_start")
            raise ValueError(
                f"{name}={wanted} is more than the {most} principal components of {n_obs} samples "
                f"x {n_vars} genes; lower {name} or add {start_name}='random'."
            )
    batch_size = config.batch_size
    if batch_size is None and config.batch == "cells":
        batch_size = 10 * n_vars
    if batch_size is None and config.batch == "tiles":
        batch_size = TILE
    few = config.sample_dim <= FEW_DIMENSIONS
    fourier = config.fourier
    if fourier == "auto":
        fourier = FOURIER if few else 0
    solve_every = config.solve_every
    if solve_every == "auto":
        # Where phi has to bend much, genes need not follow it so closely.
        solve_every = SOLVE_EVERY[0 if few else 1]
    assert isinstance(solve_every, int)
    noise = config.noise
    if noise == "auto":
        # What few coordinates do not hold is large, and much the same in all samples.
        noise = "shared" if few else "equal"
    metric = config.metric
    if metric == "auto":
        metric = "free" if few else "expression"
    gene_metric = config.gene_metric
    if gene_metric == "auto":
        drawn = config.gene_start in ("svd", "random")
        apt = config.center and drawn and not config.gene_hidden and gene_dim >= MANY_COORDINATES
        gene_metric = "balanced" if apt else "free"
    weight = config.neighbor_weight
    if weight == "auto":
        # Samples at random places have no neighbourhood to keep.
        drawn = config.sample_start == "random"
        weight = 0.0 if drawn else NEIGHBOR_WEIGHT[0 if few else 1]
    rate = config.sample_learning_rate
    if rate == "auto":
        # Steps of Adam have one size in every coordinate; so those of a vector have one length.
        rate = SAMPLE_STEP / math.sqrt(config.sample_dim)
    evaluate_every = config.evaluate_every
    if config.gene_step == "solve":
        # An evaluation sees a gene table that has just been solved for.
        evaluate_every = -(-(evaluate_every or 1) // solve_every) * solve_every
    return replace(
        config,
        gene_dim=gene_dim,
        batch_size=batch_size,
        fourier=fourier,
        sample_learning_rate=rate,
        solve_every=solve_every,
        neighbor_weight=float(weight),
        noise=noise,
        metric=metric,
        gene_metric=gene_metric,
        evaluate_every=evaluate_every,
    )


def build(config: Config, n_samples: int, n_genes: int) -> Factorized:
    """Return the untrained model of a settled configuration."""
    assert config.gene_dim is not None
    assert isinstance(config.fourier, int)
    return Factorized(
        n_samples,
        n_genes,
        decoder=config.decoder,
        sample_dim=config.sample_dim,
        gene_dim=config.gene_dim,
        hidden=config.hidden,
        gene_hidden=config.gene_hidden,
        fourier=config.fourier,
        activation=config.activation,
        output=config.output,
        gene_mean=config.gene_metric == "balanced",
    )
