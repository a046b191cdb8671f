"""Where vectors of genes start: at other vectors, learned from some of the training samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import special, stats

from ..._core.random import generator
from ...kernels.device import compute
from ...matrix.audit import audit
from ...matrix.rows import InMemory
from ...training import Problem, fit
from ...training.ranks import Ranks, normal
from .network import GENES_SCALE, SCALE, Network
from .options import GeneRAIN

MOST = 2048
"""Samples that other vectors are learned from; of more, an evenly spaced choice."""
SAMPLE_DIM = 32
WEIGHT = 0.25
"""Power of its singular value by which a component is weighed; lists are predicted best by that."""


@dataclass(frozen=True)
class Scores:
    """Training samples in normal scores, whatever the unit of their values.

    Attributes
    ----------
    values
        Float32 (n, m), NaN where missing: each gene has mean 0 and variance 1, about.
    level
        Of each gene, the normal score of its mean among those of all genes, float32 (m,).
    samples
        Which they are.
    """

    values: np.ndarray
    level: np.ndarray
    samples: np.ndarray


def scores_of(problem: Problem, training: np.ndarray) -> Scores:
    """Return the scores of some training samples."""
    rows = np.sort(training[:: max(1, -(-len(training) // MOST))])
    block = problem.rows.take(rows)
    X = block if isinstance(block, np.ndarray) else block.toarray()
    values = np.empty(X.shape, np.float32)
    for gene in range(X.shape[1]):
        values[:, gene] = _normal_scores(X[:, gene])
    mean = problem.audit.sums / np.maximum(problem.audit.observed, 1)
    return Scores(values, _normal_scores(mean).astype(np.float32), rows)


def _normal_scores(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    scores = np.full(len(values), np.nan)
    if known.any():
        ranks = stats.rankdata(values[known])
        scores[known] = special.ndtri((ranks - 0.5) / known.sum())
    return scores


def components(scores: Scores, width: int) -> np.ndarray:
    """Return loadings of principal components, weighed a little, (m, at most width)."""
    X = np.nan_to_num(scores.values)
    k = min(width, *(n - 1 for n in X.shape))
    values, vectors = np.linalg.eigh((X @ X.T).astype(np.float64))
    singular = np.sqrt(np.maximum(values[::-1][:k], 1e-12))
    left = vectors[:, ::-1][:, :k] / singular * (singular / singular[0]) ** WEIGHT
    loadings = X.T @ left.astype(np.float32) * np.float32(np.sqrt(X.shape[1]))
    found: np.ndarray = loadings * np.where((loadings**3).sum(0) < 0, -1, 1)
    return found.astype(np.float32)


def factorized(problem: Problem, scores: Scores, width: int) -> np.ndarray:
    """Return the gene vectors of factorized embeddings of the scores, (m, at most width)."""
    from .. import FE, family

    rows = InMemory(scores.values + scores.level)
    most = min(n - 1 for n in rows.shape)
    fe = family("fe")
    options = FE(sample_dim=min(SAMPLE_DIM, width, most), gene_dim=min(width, most), validation=0.0)
    order = np.argsort(np.argsort(problem.ranks.samples[scores.samples]))
    part = Problem(
        rows, audit(rows), Ranks(order, problem.ranks.genes), problem.seed, compute("cpu")
    )
    return fit(fe.task(part, options, None)).trained.genes()


def gene_vectors(
    problem: Problem, options: GeneRAIN, scores: Scores | None, pca: np.ndarray | None
) -> torch.Tensor:
    """Return where all genes start, float32 (m, width)."""
    width, m = options.width, problem.rows.shape[1]
    drawn = normal(problem.seed, problem.ranks.genes, width, "gene vectors")
    if "start" in problem.starts:
        found = problem.starts["start"]
    elif options.start == "random":
        return drawn * SCALE
    elif options.start == "pca":
        assert pca is not None
        found = pca
    else:
        assert scores is not None
        found = factorized(problem, scores, width)
    vectors = drawn * SCALE
    scale = GENES_SCALE / max(float(np.sqrt(np.square(found).mean())), 1e-12)
    vectors[:, : found.shape[1]] = torch.from_numpy(np.ascontiguousarray(found[:m] * scale))
    return vectors


def begin(
    network: Network,
    problem: Problem,
    options: GeneRAIN,
    genes: np.ndarray,
    scores: Scores | None,
    pca: np.ndarray | None,
) -> None:
    """Fill a network of these genes with where it starts."""
    rng = torch.Generator().manual_seed(int(generator(problem.seed, "network").integers(2**31)))
    with torch.no_grad():
        network.start(rng)
        vectors = gene_vectors(problem, options, scores, pca)
        network.genes.copy_(vectors[torch.from_numpy(genes)])
