"""Gene vectors with a second view of the genes, by the order of their values alone.

The gene vectors of the model are joined with a PCA of normal scores of the bins of each gene
(:mod:`fe_anndata.kernels.normal_scores`): whitened loadings and the mean of the gene, at half the
weight. Of all these coordinates as many as the model's are kept, those that hold most of the inner
products of genes. The model decodes with its own factors, so predictions and samples stay as they
are. `benchmarks/gene_views.py` measures what such vectors know.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ...kernels.entry_set import EntrySet
from ...kernels.normal_scores import NormalScores
from ...kernels.products import Block, Products
from ...kernels.svd import truncated_svd
from ...kernels.target import Target
from ...matrix.rows import stored_values
from ...training.problem import Problem
from ...training.ranks import normal
from .start import OVERSAMPLING

HALF = 0.5
"""Weight of the second view."""
KEPT = 1 << 27
"""The most scores that are kept, half a gigabyte; more are computed anew in each pass."""


@torch.no_grad()
def joined(vectors: Tensor, problem: Problem) -> Tensor:
    """Return gene vectors with the second view in them, float32 (m, gene_dim).

    Parameters
    ----------
    vectors
        Those of the model, float32 (m, gene_dim), whose last coordinate is the mean of the gene.
    problem
        Of whose matrix the second view is made, held-out entries and samples included.
    """
    first, mean = vectors.double(), vectors[:, -1:].double()
    loadings = _loadings(problem, vectors.shape[1] - 1).double()
    white = loadings * math.sqrt(len(loadings))
    V = torch.cat(
        [first / first.square().mean().sqrt().clamp_min(1e-12), HALF * white, HALF * mean], 1
    )
    _, axes = torch.linalg.eigh(V.T @ V)
    found: Tensor = V @ axes.flip(1)[:, : vectors.shape[1]]
    # All genes decide on the sign, as in `gene_coordinates`.
    found *= torch.where(found.pow(3).sum(0) < 0, -1.0, 1.0)
    return found.to(vectors.dtype)


def _loadings(problem: Problem, k: int) -> Tensor:
    """Return orthonormal loadings of the normal scores, (m, at most k)."""
    rows, device = problem.rows, problem.compute.device
    n, m = rows.shape
    audit = problem.audit
    scores = NormalScores.of(rows.blocks, audit.observed, audit.extremes.least)
    alone = len(rows.parts()) == 1

    def blocks() -> Iterator[tuple[slice, Block]]:
        return (
            (part, Block(scores.above_zero(values), device, alone=alone))
            for part, values in rows.blocks()
        )

    if rows.whole is not None and stored_values(rows.whole) <= KEPT:
        kept = list(blocks())
        products = Products(lambda: kept, rows.shape)
    else:
        products = Products(blocks, rows.shape)
    none = np.zeros(0, np.int64)
    target = Target(
        products,
        EntrySet.of(none, none, np.zeros(0, np.float32), rows.shape, device),
        torch.ones(n, 1, device=device),
        torch.from_numpy(scores.centre).to(device),
        scale=1.0,
        n_observed=n * m,
        squares=float(n * m),
    )
    k = min(k, n - 1, m - 1)
    width = min(k + OVERSAMPLING, n, m)
    probe = normal(problem.seed, problem.ranks.genes, width, "second view").to(device)
    return truncated_svd(target, probe, k)[1]
