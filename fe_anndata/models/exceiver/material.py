"""What a model is trained on: the counts of all samples, and what is known before a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from ..._core.random import generator
from ...training.order import Permutation
from ...training.problem import Problem
from .counts import Counts, packed
from .likelihoods import Hidden
from .network import Shown
from .options import Exceiver
from .projection import Projection, components
from .sizes import n_held_out

MOST = 4096
"""Samples that components are learned from; of more, a choice by their names."""
FEWEST_GENES = 10


@dataclass(frozen=True)
class Samples:
    """Samples that a model is trained on; genes are numbered in the order of their names.

    Attributes
    ----------
    counts
        Of all samples.
    training, held_out
        Which are trained on and which are not, in the order of their names.
    n_genes
        Trained genes.
    """

    counts: Counts
    training: np.ndarray
    held_out: np.ndarray
    n_genes: int


@dataclass(frozen=True)
class Material(Samples):
    """What a model is trained on.

    Attributes
    ----------
    projection
        Of the samples that are trained on, if coordinates contain one.
    loadings
        Of as many components as a gene vector is long, (m, width at most).
    """

    projection: Projection
    loadings: np.ndarray

    def hide(self, samples: np.ndarray, hidden: np.ndarray, linear: bool) -> tuple[Shown, Hidden]:
        """Return what is seen of samples of which genes are hidden, bool (n, m), and the rest."""
        visible, projection = ~hidden, self.projection
        project = partial(projection.of, seen=projection.seen(visible)) if linear else None
        return split(self.counts.take(samples), visible, hidden, project)


def split(
    counts: Counts,
    visible: np.ndarray,
    hidden: np.ndarray,
    project: Callable[[Counts], np.ndarray] | None,
) -> tuple[Shown, Hidden]:
    """Return what is seen of samples, and what is asked for.

    Parameters
    ----------
    counts
        Of the samples.
    visible, hidden
        Genes that are shown and asked for, bool (n, m).
    project
        The linear path, from visible counts to coordinates, if there is one.
    """
    is_seen = visible[counts.sample, counts.genes]
    is_asked = hidden[counts.sample, counts.genes]
    seen, asked = counts.where(is_seen), counts.where(is_asked)
    projected = None if project is None else torch.from_numpy(project(seen))
    tokens, distinct = seen.tokens()
    covariates = None if counts.covariates is None else torch.from_numpy(counts.covariates)
    return Shown(tokens, distinct, projected, covariates), Hidden(
        torch.from_numpy(visible),
        torch.from_numpy(hidden),
        torch.from_numpy(seen.totals.astype(np.float32)),
        torch.from_numpy(asked.sample),
        torch.from_numpy(asked.genes.astype(np.int64)),
        torch.from_numpy(asked.counts.astype(np.float32)),
    )


def gather(problem: Problem, options: Exceiver) -> Material:
    """Return what a model is trained on; see :func:`samples_of`."""
    samples = samples_of(problem, options)
    counts, training, m = samples.counts, samples.training, samples.n_genes
    some = training[np.sort(_drawn(len(training), problem.seed))]
    k = max(options.sample_dim if options.linear else 1, options.width)
    loadings, spread, mean = components(counts.take(some), m, k)
    share = np.bincount(counts.genes, counts.counts, m) / counts.counts.sum(dtype=np.float64)
    # A few samples or genes have fewer components than there are coordinates; the rest are 0.
    of_coordinates = np.zeros((m, options.sample_dim), np.float32)
    n = min(loadings.shape[1], options.sample_dim)
    of_coordinates[:, :n] = loadings[:, :n]
    projection = Projection(of_coordinates, mean, share.astype(np.float32), float(1 / spread[0]))
    return Material(counts, training, samples.held_out, m, projection, loadings[:, : options.width])


def samples_of(problem: Problem, options: Exceiver) -> Samples:
    """Return the samples of a matrix, some of them held out.

    Raises
    ------
    ValueError
        If values are no counts, are missing, or a sample or the matrix has too few of them.
    """
    n_obs, m = problem.rows.shape
    _require_observed(problem)
    counts = packed(problem.rows.blocks(), problem.ranks.genes)
    if problem.batches is not None:
        counts = replace(counts, covariates=problem.batches.covariates)
    if m < FEWEST_GENES:
        raise ValueError(
            f"{m} genes are too few to learn from: at least {FEWEST_GENES} are needed."
        )
    empty = np.flatnonzero(np.diff(counts.starts) == 0)
    if len(empty):
        raise ValueError(
            f"{len(empty)} samples have no counts, the first is row {empty[0]} (counted from 0): "
            "leave them out, for example by sc.pp.filter_cells(adata, min_counts=1)."
        )
    drawn = Permutation(n_obs, problem.seed, "held-out samples")
    is_held_out = np.zeros(n_obs, dtype=bool)
    is_held_out[drawn(np.arange(n_held_out(options, n_obs)))] = True
    if np.count_nonzero(~is_held_out) < 2:
        raise ValueError(
            f"of {n_obs} samples {is_held_out.sum()} are held out, and one alone cannot be learned "
            "from: hold out fewer (validation)."
        )
    training = problem.ranks.rows[~is_held_out]
    held_out = problem.ranks.rows[is_held_out]
    return Samples(counts, training, held_out, m)


def _drawn(n: int, seed: int) -> np.ndarray:
    if n <= MOST:
        return np.arange(n)
    return generator(seed, "samples of components").choice(n, MOST, replace=False)


def _require_observed(problem: Problem) -> None:
    n_obs, m = problem.rows.shape
    missing = n_obs * m - int(problem.audit.observed.sum())
    if missing:
        raise ValueError(
            f"{missing} values are missing (NaN): a count is known or it is 0. Leave out the genes "
            "or samples, or fill them with 0 if they were not counted."
        )
