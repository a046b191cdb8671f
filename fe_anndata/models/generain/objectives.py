"""The three objectives: what of a list is hidden, and the loss of saying what it was.

Each takes lists and returns the sum of the losses of its targets, one loss per target, and how many
targets each list has.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..._core.random import generator
from .cross_entropy import Lists, cross_entropy
from .network import LEVELS, Batch, Network
from .options import GeneRAIN

KEPT, REPLACED = 0.1, 0.1
"""Of hidden levels of the published layout, those that are shown, and those shown as others."""
SPREAD = math.sqrt(1 / 12)
"""Standard deviation of levels, which are spread evenly from 0 to 1."""


@dataclass(frozen=True)
class Losses:
    """What lists have cost.

    Attributes
    ----------
    total
        Sum over all targets, with a gradient.
    each
        One for each target, without.
    numbers
        Targets of each list.
    """

    total: Tensor
    each: Tensor
    numbers: tuple[int, ...]


class Objective(ABC):
    """What is learned.

    Parameters
    ----------
    options
        Settled.
    """

    unit = "cross_entropy"

    def __init__(self, options: GeneRAIN) -> None:
        self.options = options

    def prepared(self, batch: Batch, rng: np.random.Generator | None) -> Batch:
        """Return lists with what is hidden, drawn by `rng`, or by the length of each if None."""
        return batch

    def shown(self, batch: Batch) -> Batch:
        """Return lists of which nothing is hidden."""
        return batch

    @abstractmethod
    def targets(self, batch: Batch) -> tuple[int, ...]:
        """Return how many targets each list has."""

    @abstractmethod
    def losses(self, network: Network, states: Tensor, batch: Batch, sample: Tensor | None
               ) -> Losses:  # fmt: skip
        """Return the losses of prepared lists, of which the network has made hidden states."""


class NextGene(Objective):
    """Each gene of a list from those before it."""

    def targets(self, batch: Batch) -> tuple[int, ...]:
        """Return how many targets each list has."""
        return tuple(n - 1 for n in batch.lengths)

    def losses(
        self, network: Network, states: Tensor, batch: Batch, sample: Tensor | None
    ) -> Losses:
        """Return -log of the probability of each gene, in our layout among those not yet listed."""
        numbers = self.targets(batch)
        hidden = _rows(network.of_tokens(states), numbers)
        targets = _rows(batch.tokens[:, 1:], numbers)
        lists = None
        if self.options.layout == "ours":
            lists = Lists(_rows(batch.tokens, numbers), numbers)
        total, each = cross_entropy(hidden, network.genes, targets, lists=lists, sample=sample)
        return Losses(total, each, numbers)


class Masked(Objective):
    """What the masked objectives share."""

    def targets(self, batch: Batch) -> tuple[int, ...]:
        """Return how many targets each list has."""
        return tuple(_n_hidden(n, self.options.masked) for n in batch.lengths)

    def prepared(self, batch: Batch, rng: np.random.Generator | None) -> Batch:
        """Hide some places of each list."""
        hidden = np.zeros(batch.tokens.shape, dtype=bool)
        for i, (n, k) in enumerate(zip(batch.lengths, self.targets(batch), strict=True)):
            drawn = (generator(0, "hidden", n) if rng is None else rng).permutation(n)[:k]
            hidden[i, drawn] = True
        return replace(batch, hidden=torch.from_numpy(hidden).to(batch.tokens.device))


class MaskedGene(Masked):
    """Genes that are hidden."""

    def losses(
        self, network: Network, states: Tensor, batch: Batch, sample: Tensor | None
    ) -> Losses:
        """Return -log of the probability of each hidden gene among all."""
        assert batch.hidden is not None
        hidden, bias = network.of_tokens(states)[batch.hidden], None
        if network.head is not None:
            hidden, bias = network.head(hidden), network.head.bias
        total, each = cross_entropy(
            hidden, network.genes, batch.tokens[batch.hidden], bias=bias, sample=sample
        )
        return Losses(total, each, self.targets(batch))


class MaskedExpression(Masked):
    """Levels that are hidden, as numbers, of which the squared error counts."""

    unit = "squared_error"

    def prepared(self, batch: Batch, rng: np.random.Generator | None) -> Batch:
        """Hide some levels of each list."""
        batch = self.shown(super().prepared(batch, rng))
        assert batch.hidden is not None
        assert batch.shown_levels is not None
        return replace(batch, shown_levels=batch.shown_levels.masked_fill(batch.hidden, 0))

    def shown(self, batch: Batch) -> Batch:
        """Return lists of which nothing is hidden."""
        numbers = (batch.levels * LEVELS).long().clamp(0, LEVELS - 1) + 1
        return replace(batch, shown_levels=numbers)

    def losses(
        self, network: Network, states: Tensor, batch: Batch, sample: Tensor | None
    ) -> Losses:
        """Return squared errors in units of the variance of levels."""
        assert batch.hidden is not None
        predicted = network.readout(network.of_tokens(states)[batch.hidden]).float()[:, 0]
        errors = (predicted - (batch.levels[batch.hidden] - 0.5) / SPREAD).square()
        return Losses(errors.sum(), errors.detach(), self.targets(batch))


class MaskedClasses(MaskedExpression):
    """Levels that are hidden, as classes of the sample, as published."""

    unit = "cross_entropy"

    def shown(self, batch: Batch) -> Batch:
        """Bin the levels of each sample again, into as many equal parts."""
        numbers = np.zeros(batch.tokens.shape, dtype=np.int64)
        for i, n in enumerate(batch.lengths):
            ranks = np.argsort(np.argsort(batch.levels[i, :n].cpu().numpy(), kind="stable"))
            numbers[i, :n] = ranks * LEVELS // n + 1
        return replace(batch, shown_levels=torch.from_numpy(numbers).to(batch.tokens.device))

    def prepared(self, batch: Batch, rng: np.random.Generator | None) -> Batch:
        """Hide some levels, show some of these, and others in place of some."""
        whole = self.shown(batch)
        batch = super().prepared(batch, rng)
        assert whole.shown_levels is not None
        if rng is None:
            return replace(batch, levels=whole.shown_levels.float())
        drawn = torch.from_numpy(rng.random(batch.tokens.shape)).to(batch.tokens.device)
        others = torch.from_numpy(rng.integers(1, LEVELS + 1, size=batch.tokens.shape))
        assert batch.hidden is not None
        assert batch.shown_levels is not None
        seen = batch.shown_levels
        seen = torch.where(batch.hidden & (drawn < KEPT), whole.shown_levels, seen)
        changed = batch.hidden & (drawn >= KEPT) & (drawn < KEPT + REPLACED)
        seen = torch.where(changed, others.to(seen.device), seen)
        return replace(batch, shown_levels=seen, levels=whole.shown_levels.float())

    def losses(
        self, network: Network, states: Tensor, batch: Batch, sample: Tensor | None
    ) -> Losses:
        """Return -log of the probability of each hidden class."""
        assert batch.hidden is not None
        assert network.head is not None
        total, each = cross_entropy(
            network.head(network.of_tokens(states)[batch.hidden]),
            network.levels,
            batch.levels[batch.hidden].long(),
            bias=network.head.bias,
        )
        return Losses(total, each, self.targets(batch))


def objective_of(options: GeneRAIN) -> Objective:
    """Return the objective that was chosen."""
    if options.objective == "next-gene":
        return NextGene(options)
    if options.objective == "masked-gene":
        return MaskedGene(options)
    ours = options.layout == "ours"
    return MaskedExpression(options) if ours else MaskedClasses(options)


def _n_hidden(n: int, fraction: float) -> int:
    return min(max(1, round(fraction * n)), n - 1)


def _rows(values: Tensor, numbers: tuple[int, ...]) -> Tensor:
    """Return the first rows of each list, below each other."""
    if min(numbers) == max(numbers):
        return values[:, : numbers[0]].flatten(0, 1)
    return torch.cat([part[:n] for part, n in zip(values, numbers, strict=True)])
