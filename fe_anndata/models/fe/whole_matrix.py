"""Trainings on all observed entries at once, for the inner decoder.

With noise on the sample table, new in every step, the decoder cannot tell neighbouring samples
apart by less than that, and so does not fit the noise of the entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from ..._core import processes
from ...kernels import inner
from ...kernels.entry_set import EntrySet
from ...kernels.workers import in_parallel
from ...training.ranks import normal
from .decoders import Inner
from .objective import Objective
from .setting import Setting
from .sizes import number

DRAWS = 2
"""Over how many draws of the noise the gene table is solved for."""
ROWS = 1024
"""Samples whose activations a thread holds at a time."""


class _WholeMatrix(Objective):
    """What both share."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        model, holdout = setting.model, setting.holdout
        assert isinstance(model.decoder, Inner)
        assert setting.target is not None
        self.decoder, self.target = model.decoder, setting.target
        self.noise, self.keeping = setting.sample_noise, setting.keeping
        self.steps_per_epoch, self.entries_per_step = 1, self.target.n_observed
        held_out, shape = holdout.entries, self.target.X.shape
        self.naming, self.tables = setting.naming, setting.tables
        self.held_out = EntrySet.of(
            held_out.rows, held_out.cols, held_out.values, shape, model.offset.device
        )
        self.whole_samples = not holdout.counted.all()

    def noisy(self, *words: str | int) -> Tensor:
        """Return the sample table under noise; `words` name the draw."""
        samples = self.model.samples.detach()
        if not self.noise:
            return samples
        of, dim, own = self.ranks.samples, samples.shape[1], self.ranks.own
        drawn = normal(self.seed, of, dim, "noise", *words, own=own)
        return samples.add(drawn.to(samples.device), alpha=self.noise)

    def _fraction(self, loss: float) -> float:
        """Return the loss as a fraction of the variance."""
        return loss * self.target.n_observed / max(self.target.squares, 1e-30)

    def keep_neighbours(self, step: int) -> None:
        """Add the gradient of the neighbour term to that of the sample table."""
        if self.keeping is not None:
            samples = self.model.samples
            assert samples.grad is not None
            # It is to weigh the same against what there is to be told of the samples, not of noise.
            explained = max(1 - self.unexplained, 0.0)
            samples.grad.add_(self.keeping.gradient(samples.detach(), step), alpha=explained)

    def _pull_factors(self) -> None:
        """Hand the gradient of the samples on to the factors that they are made of, if of any."""
        if self.tables is not None:
            samples = self.model.samples
            assert samples.grad is not None
            self.tables.pull(samples.grad)
            samples.grad = None

    @torch.no_grad()
    def after(self, steps: int, *, ends: bool = False) -> None:
        """Make the samples of the factors as they are now."""
        if self.tables is not None:
            self.model.samples.copy_(self.tables.samples())

    def _fill_head(self, gradients: Sequence[Tensor]) -> None:
        """Fill the gradients of what tells classes."""
        assert self.naming is not None
        for parameter, gradient in zip(self.naming.head.of_labels, gradients, strict=True):
            parameter.grad = gradient

    def descend(self, P: Tensor, u: Tensor, gradient: Tensor, counted: Tensor) -> None:
        """Backpropagate the gradient of P to the leaf `u`, and to all that is shared.

        Samples held out whole learn their own vector, from gradients that reach nothing else.
        """
        if not self.whole_samples:
            P.backward(gradient)  # type: ignore[no-untyped-call]
            return
        (own,) = torch.autograd.grad(P, u, gradient * (1 - counted), retain_graph=True)
        P.backward(gradient * counted)  # type: ignore[no-untyped-call]
        assert u.grad is not None
        u.grad += own

    def factors(self, u: Tensor) -> Tensor:
        """Return phi of the vectors `u`, without a graph, some samples at a time."""
        factors = u.new_empty(len(u), self.model.genes.shape[1])
        parts = self.parts()

        def evaluate(i: int) -> None:
            with torch.no_grad():  # which is of the thread
                factors[parts[i]] = self.decoder.phi(u[parts[i]])

        in_parallel(evaluate, len(parts))
        return factors

    def parts(self) -> list[slice]:
        """Return the samples in parts, for threads to share."""
        n = len(self.model.samples)
        if self.model.offset.device.type != "cpu":  # which shares work by itself
            return [slice(0, n)]
        number = min(max(2, -(-n // ROWS)), n)
        ends = [n * i // number for i in range(number + 1)]
        return [slice(first, last) for first, last in pairwise(ends)]

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Return the mean squared error of the held-out entries, NaN if there are none."""
        if not self.n_held_out:
            return float("nan")
        P = self.setting.beside(self.factors(self.model.samples))
        Q = self.setting.with_effects(self.decoder.psi(self.model.genes))
        predicted = self.model.scale * self.held_out.inner(P, Q)
        predicted += self.held_out.gather(self.model.offset)
        squares = (predicted - self.held_out.values).double().square().sum()
        return processes.total(float(squares))[0] / self.n_held_out


class JointSteps(_WholeMatrix):
    """Samples, genes and network move along their gradients in every step."""

    def backward(self, step: int) -> float:
        """Fill the gradients; return the loss before the step, under this step's noise."""
        u = self.noisy(step).clone().requires_grad_()
        P, Q = self.decoder.phi(u), self.decoder.psi(self.model.genes)
        with torch.no_grad():
            gradients = inner.loss_and_gradients(self.target, P, Q)
        of_factors = gradients.P
        if self.naming is not None:
            named, *of_head = self.naming.gradients(P.detach(), slice(None))
            of_factors = of_factors + named
            self._fill_head(of_head)
        self.descend(P, u, of_factors, self.target.counted)
        processes.add(*(p.grad for p in self.decoder.parameters() if p.grad is not None))
        Q.backward(gradients.Q)  # type: ignore[no-untyped-call]
        self.model.samples.grad = u.grad
        self.unexplained = self._fraction(gradients.loss)
        self.keep_neighbours(step)
        self._pull_factors()
        return gradients.loss * self.target.scale**2


class Alternating(_WholeMatrix):
    """Many steps of samples and network between exact solutions for the genes.

    While the gene table is fixed, the loss is known from the scores of the samples on it, k
    numbers each, so that these steps do not touch the matrix. Then the network is fixed, and the
    best gene table has a closed form. Both together cost two products with the matrix.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.every = number(setting.options.solve_every)
        self.steps_per_epoch = self.every
        self.entries_per_step = max(1, self.target.n_observed // self.every)
        self.scores: inner.Scores | None = None

    def backward(self, step: int) -> float:
        """Fill the gradients; return the loss when the scores were taken."""
        if self.scores is None:
            self.scores = self._take_scores()
            self.unexplained = self._fraction(self.scores.loss)
        self._descend_in_parts(self.scores, self.noisy(step))
        self.keep_neighbours(step)
        self._pull_factors()
        return self.scores.loss * self.target.scale**2

    def _descend_in_parts(self, scores: inner.Scores, noisy: Tensor) -> None:
        """Fill the gradients of the samples and the network, some samples at a time."""
        samples, counted = self.model.samples, self.target.counted
        shared = list(self.decoder.parameters())
        of_samples = samples.grad = torch.empty_like(samples)
        parts = self.parts()
        found: list[list[Tensor]] = [[]] * len(parts)
        of_head: list[list[Tensor]] = [[]] * len(parts)
        phi = self.decoder.kernel()

        @torch.no_grad()  # which is of the thread
        def descend(i: int) -> None:
            rows = parts[i]
            P, inputs = phi(noisy[rows])
            gradient = scores.gradient(P, rows)
            if self.naming is not None:
                named, *of_head[i] = self.naming.gradients(P, rows)
                gradient += named
            counts = counted[rows] if self.whole_samples else None
            of_samples[rows], found[i] = phi.gradients(gradient, inputs, noisy[rows], counts)

        in_parallel(descend, len(parts))
        gradients = [torch.stack(list(of_parts)).sum(0) for of_parts in zip(*found, strict=True)]
        processes.add(*gradients)
        for parameter, gradient in zip(shared, gradients, strict=True):
            parameter.grad = gradient
        if self.naming is not None:
            self._fill_head([torch.stack(list(of)).sum(0) for of in zip(*of_head, strict=True)])

    def after(self, steps: int, *, ends: bool = False) -> None:
        """Solve for the gene table every so many steps, and at the end."""
        super().after(steps, ends=ends)
        if (steps % self.every == 0) != ends:
            self._solve(steps)

    @torch.no_grad()
    def _take_scores(self) -> inner.Scores:
        P = self.setting.beside(self.factors(self.model.samples))
        scores = inner.Scores.of(self.target, P, self.setting.with_effects(self.model.genes))
        return scores.of_first(self.model.genes.shape[1], P)

    @torch.no_grad()
    def _solve(self, steps: int) -> None:
        self.scores = None
        draws = DRAWS if self.noise else 1
        k, genes = self.model.genes.shape[1], self.model.genes
        Q = self.setting.with_effects(genes)
        mean = genes.new_zeros(len(self.model.samples), Q.shape[1])
        square = mean.new_zeros(Q.shape[1], Q.shape[1], dtype=torch.float64)
        for draw in range(draws):
            P = self.setting.beside(self.factors(self.noisy("solve", steps, draw)))
            P = P.mul_(self.target.counted)
            mean.add_(P, alpha=1 / draws)
            square += (P.T @ P).double() / draws
            del P
        processes.add(square)
        prior = float(self.options.gene_prior)
        best = inner.best_gene_factors(self.target, mean, square, Q, prior, self.l2)
        genes.copy_(best[:, :k])
        if self.setting.covariates is not None:
            self.model.effects.copy_(best[:, k:])
