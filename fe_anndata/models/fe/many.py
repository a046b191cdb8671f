"""Many samples: a choice of them trains the model, and then all take part.

From some thousands of samples on, most of a training is steps of phi over each of them, and more of
them tell phi hardly more. So of many an even choice is trained on, in memory, as if there were no
others. After that one pass over the matrix places every sample, and sums up what the exact solution
for the genes needs; another one places them again, by the genes that were solved for. Nothing is
ever held that has as many numbers for each sample as there are factors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..._core import processes
from ...kernels.inner import ridge_solution
from ...kernels.target import Target
from ...matrix.audit import audit
from ...matrix.entries import Entries
from ...matrix.rows import InMemory
from ...training.holdout import Holdout
from ...training.problem import Problem
from ...training.ranks import Ranks
from .options import FE
from .placing import Placing
from .reduced_basis import Reduced, factors_of
from .residuals import Residuals
from .sizes import FEW_DIMENSIONS, number
from .target import Sums, target_of

MOST = 8192
"""Samples that train the model; of more than twice as many, an evenly spaced choice."""


@dataclass(frozen=True)
class Many:
    """All samples, and those that are trained on.

    Attributes
    ----------
    problem
        Of all.
    numbers
        Of the chosen, rising.
    """

    problem: Problem
    numbers: np.ndarray

    @property
    def part(self) -> slice:
        """Which of the chosen this process has."""
        own = self.problem.ranks.own
        return slice(*np.searchsorted(self.numbers, (own.start, own.stop)).tolist())

    @property
    def rows(self) -> np.ndarray:
        """The rows of these among those of this process."""
        found: np.ndarray = self.numbers[self.part] - self.problem.ranks.own.start
        return found

    @classmethod
    def of(cls, problem: Problem, options: FE) -> Many | None:
        """Return all samples and a choice; None if each has to be trained on.

        That is so if they are few, and where more than its profile says where a sample lies, or its
        profile has missing values: what is known of those that are chosen does not place others. In
        more than a few dimensions, whose components are weaker, fewer samples cost too much loss.
        """
        n = problem.shape[0]
        more = problem.labels, problem.batches, problem.factors, options.record_every
        by_profile = options.gene_step == "solve" and bool(options.place_samples)
        is_flat = number(options.sample_dim) <= FEW_DIMENSIONS
        complete = not problem.audit.n_missing and number(options.gene_dim) < MOST
        if n <= 2 * MOST or more != (None,) * 4 or not (by_profile and is_flat and complete):
            return None
        # By rank of their names, so that their order decides nothing.
        return cls(problem, np.sort(problem.ranks.rows[np.arange(MOST) * n // MOST]))

    def chosen(self) -> Problem:
        """Return the problem of the chosen samples, which are read for that."""
        problem, starts = self.problem, dict(self.problem.starts)
        rows = InMemory(problem.rows.take(self.rows), self.part.start)
        order = np.argsort(np.argsort(problem.ranks.samples[self.numbers]))
        if "sample_start" in starts:
            starts["sample_start"] = starts["sample_start"][self.rows]
        ranks = Ranks(order, problem.ranks.genes, self.part)
        return replace(problem, rows=rows, audit=audit(rows), ranks=ranks, starts=starts)

    def holdout(self, of_chosen: Holdout) -> Holdout:
        """Return what is held out of the chosen, in the numbers of all samples."""
        entries, counted = of_chosen.entries, np.ones(self.problem.rows.shape[0], dtype=bool)
        counted[self.rows] = of_chosen.counted
        return Holdout(Entries(self.rows[entries.rows], entries.cols, entries.values), counted)

    def sums(self, chosen: Problem, counting: Sums) -> Sums:
        """Return the sums over all samples that count, given those over the chosen that do."""
        found, few = self.problem.audit, chosen.audit
        return Sums(
            found.sums - few.sums + counting.values,
            found.observed - few.observed + counting.number,
            found.squares - few.squares + counting.squares,
        )


class Everyone:
    """All samples, after the training of some.

    Parameters
    ----------
    many
        Which they are.
    chosen
        The problem of those that were trained on.
    trained
        Their target.
    holdout
        What is held out of them.
    """

    def __init__(self, many: Many, chosen: Problem, trained: Target, holdout: Holdout) -> None:
        sums, of_all = many.sums(chosen, Sums.of(chosen, holdout)), many.holdout(holdout)
        centre = trained.offset
        target = target_of(many.problem, of_all, sums, centre, standardise=False, kept=False)
        squares = target.squares / trained.scale**2
        self.target = replace(target, scale=trained.scale, squares=squares)
        self.trained = trained
        self.rows = torch.from_numpy(many.rows).to(centre.device)

    @torch.no_grad()
    def genes(
        self, view: Reduced, residuals: Residuals, chosen: Tensor, prior: float, penalty: float
    ) -> Tensor:
        """Return the gene factors that fit all samples best, (m, k).

        Parameters
        ----------
        view, residuals
            The decoder, and what it leaves of the chosen samples.
        chosen
            Their places.
        prior, penalty
            Of the ridge regression; see :func:`fe_anndata.kernels.inner.best_gene_factors`.
        """
        Q, filled = view.loadings, self._filled(view, chosen)
        shaping = processes.gathered(chosen[self.trained.counted[:, 0] > 0])
        placing = Placing(view, shaping, residuals.noise, residuals.prior)
        YP, PP = torch.zeros_like(Q), Q.new_zeros(Q.shape[1], Q.shape[1], dtype=torch.float64)
        for _, inside, part in self.target.by_blocks():
            scores = part.times(placing.weighted, filled[inside])
            P = part.shaping(factors_of(view, placing.of_scores(scores, None, roughly=True)))
            YP += part.of_own_rows(P, filled[inside])
            PP += (P.T @ P).double()
        processes.add(YP, PP)
        return ridge_solution(self.target, filled, YP, PP, Q, prior, penalty)

    @torch.no_grad()
    def places(self, view: Reduced, residuals: Residuals, chosen: Tensor) -> Tensor:
        """Return the places of all samples, (n, d); parameters are those of :meth:`genes`."""
        table = chosen.new_empty(len(self.target.counted), chosen.shape[1])
        filled = self._filled(view, chosen)
        placing = Placing(view, processes.gathered(chosen), residuals.noise, residuals.prior)
        for rows, inside, part in self.target.by_blocks():
            scores = part.times(placing.weighted, filled[inside])
            table[rows] = placing.of_scores(scores, None)
        return table

    def _filled(self, view: Reduced, chosen: Tensor) -> Tensor:
        """Return the prediction for what is held out, all of it of chosen samples."""
        return self.trained.hidden.inner(factors_of(view, chosen), view.loadings)
