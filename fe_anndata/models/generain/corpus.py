"""The lists that a model is trained on, made in one pass over the matrix.

What lists may show is a few numbers for each gene of a list, whatever the size of the matrix: it is
kept in memory, so that a matrix in a file is read twice (once for the panel) and never again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..._core.random import generator
from ...kernels import bins
from ...training.order import Permutation
from ...training.problem import Problem
from ..unit import unit_of
from .continued import Continued
from .network import Batch
from .options import GeneRAIN
from .sizes import n_held_out
from .tokens import FEWEST, Bins, Corpus, Lister, Scale, ZScores, in_words
from .trained import numbers_of


@dataclass(frozen=True)
class Material:
    """What a model is trained on.

    Attributes
    ----------
    corpus
        All samples.
    training, held_out
        Which are trained on and which are not, in the order of their names.
    scale
        Fitted to the former.
    number
        The number of each gene in the network, -1 for those that no list shows.
    genes
        Which gene has a number.
    lister
        What makes lists.
    unit
        What tells the unit of the values.
    """

    corpus: Corpus
    training: np.ndarray
    held_out: np.ndarray
    scale: Scale
    number: np.ndarray
    genes: np.ndarray
    lister: Lister
    unit: dict[str, Any]

    @property
    def n_genes(self) -> int:
        """How many genes lists show."""
        return len(self.genes)

    def shown(self, sample: int, rng: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the list of a sample, numbers of genes and levels."""
        genes, levels = self.corpus.of(sample)
        order = self.lister.order(genes, levels, rng)
        return genes[order].astype(np.int64), levels[order]

    def batch(self, samples: np.ndarray, epoch: int | None, problem: Problem) -> Batch:
        """Return the lists of samples as an epoch sees them, or as new samples are read."""
        lists = []
        for sample in samples:
            rng = None
            if epoch is not None:
                rng = generator(problem.seed, "list", epoch, int(problem.ranks.samples[sample]))
            lists.append(self.shown(int(sample), rng))
        lengths = tuple(len(genes) for genes, _ in lists)
        tokens = np.zeros((len(lists), max(lengths)), np.int64)
        levels = np.zeros(tokens.shape, np.float32)
        for i, (genes, values) in enumerate(lists):
            tokens[i, : len(genes)], levels[i, : len(genes)] = genes, values
        return Batch(torch.from_numpy(tokens), torch.from_numpy(levels), lengths)


def gather(problem: Problem, options: GeneRAIN, continued: Continued | None = None) -> Material:
    """Return what a model is trained on, new or one that is continued.

    Raises
    ------
    ValueError
        If values are negative and `zero` is not given, or a sample tells nothing.
    """
    n_obs, n_vars = problem.rows.shape
    drawn = Permutation(n_obs, problem.seed, "held-out lists")
    held_out = problem.ranks.rows[np.sort(drawn(np.arange(n_held_out(options, n_obs))))]
    counted = np.ones(n_obs, dtype=bool)
    counted[held_out] = False
    training = problem.ranks.rows[counted[problem.ranks.rows]]
    _require_levels(problem, options)
    scale = _fitted(problem, options, counted)
    if continued is not None:
        scale = continued.scale(scale)
    first = Lister(options, np.arange(n_vars))
    kept: list[Any] = [None] * n_obs
    listed = np.zeros(n_vars, dtype=bool)
    for i, genes, levels in _samples(problem, scale):
        if counted[i]:
            kept[i] = first.kept(genes, levels)
            listed[kept[i][0]] = True
    if continued is not None:
        listed[continued.with_vector] = True
    number = numbers_of(problem.ranks.genes, listed)
    lister = Lister(options, number)
    if len(held_out):
        for i, genes, levels in _samples(problem, scale):
            if not counted[i]:
                kept[i] = lister.kept(genes, levels)
    for i in np.flatnonzero(counted).tolist():  # by the order of names
        genes, levels = kept[i]
        order = np.argsort(number[genes])
        kept[i] = number[genes][order], levels[order]
    _require_long(np.array([len(genes) for genes, _ in kept]))
    inverse = np.empty(int(listed.sum()), np.int64)
    inverse[number[listed]] = np.flatnonzero(listed)
    unit = unit_of(problem)
    corpus = Corpus.joined(kept)
    return Material(corpus, training, held_out, scale, number, inverse, lister, unit)


def _samples(problem: Problem, scale: Scale) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    for part, block in problem.rows.blocks():
        for i, (genes, levels, _) in enumerate(scale.levels(block), part.start):
            yield i, genes, levels


def _fitted(problem: Problem, options: GeneRAIN, counted: np.ndarray) -> Scale:
    """Return the scale of the training samples."""

    def blocks() -> Iterator[tuple[slice, Any]]:
        for part, block in problem.rows.blocks():
            yield part, block if counted[part].all() else block[np.flatnonzero(counted[part])]

    if options.values == "z":
        return _z_scores(blocks(), problem.rows.shape[1], options.zero)
    found = bins.survey(blocks, problem.rows.shape[1], options.zero)
    return Bins(bins.fit_panel(blocks, found, options.n_bins, options.panel))


def _z_scores(blocks: Iterator[tuple[slice, Any]], m: int, zero: float) -> ZScores:
    number, sums, squares = np.zeros((3, m))
    for _, block in blocks:
        X = block if isinstance(block, np.ndarray) else block.toarray()
        known = ~np.isnan(X)
        values = np.where(known, X, 0).astype(np.float64)
        number += known.sum(0)
        sums += values.sum(0)
        squares += np.square(values).sum(0)
    mean = sums / np.maximum(number, 1)
    variance = squares / np.maximum(number, 1) - mean**2
    spread = np.sqrt(np.where(variance > 1e-12 * squares, variance, 0))
    return ZScores(mean.astype(np.float32), spread.astype(np.float32), zero)


def _require_levels(problem: Problem, options: GeneRAIN) -> None:
    """Raise ValueError for values that have no levels."""
    found = bins.survey(problem.rows.blocks, problem.rows.shape[1], options.zero)
    if len(found.uniform):
        which = in_words(found.uniform.tolist())
        raise ValueError(
            f"all values of a sample are equal in row {which} (the first is row 0): nothing can be "
            "learned of such a sample; leave it out."
        )
    if options.values == "bins" and options.zero == 0 and found.least < 0:
        raise ValueError(
            f"values are negative, down to {found.least:g}: say which value means 'not "
            f"expressed', for example zero={found.least:g} if that is the floor of a logarithm."
        )


def _require_long(lengths: np.ndarray) -> None:
    short = np.flatnonzero(lengths < FEWEST)
    if len(short):
        which = in_words(short.tolist())
        raise ValueError(
            f"fewer than {FEWEST} genes are expressed in row {which} (the first is row 0; "
            f"{lengths[short[0]]} there): leave such samples out, or say by zero= which value "
            "means 'not expressed'."
        )
