"""How neighbours keep together while a model is trained: whose, how strongly, in which steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..._core import processes
from ..._core.random import generator
from ...kernels.members import Members
from ...kernels.neighbours import Neighbours
from ...training.ranks import Ranks
from .options import FE
from .sizes import FEW_DIMENSIONS, number

MOST = 2048
"""Samples that take part; of more, an evenly spaced choice. The others follow the decoder."""
DRAWN = 64
"""Samples that look for their neighbours in a step."""
SHARPNESS = 8.0, 1.0
"""For coordinates of unit variance, in few dimensions, where only the nearest count, and above."""
COMPONENTS = 50
"""Principal components in which neighbours are near."""


def chosen(ranks: Ranks, counted: Tensor, most: int) -> Members:
    """Return samples that count, in the order of their names; of many an evenly spaced choice."""
    samples = torch.from_numpy(ranks.rows).to(counted.device)
    samples = samples[processes.gathered(counted[:, 0] > 0)[samples]]
    if len(samples) > most:
        samples = samples[torch.arange(most, device=samples.device) * len(samples) // most]
    return Members.numbered(samples, ranks.own)


@dataclass(frozen=True)
class Keeping:
    """The neighbour term of the loss.

    Attributes
    ----------
    neighbours
        Who should be near to whom.
    weight, sharpness
        Of the term; see :mod:`fe_anndata.kernels.neighbours`.
    seed
        It decides who is drawn.
    """

    neighbours: Neighbours
    weight: float
    sharpness: float
    seed: int

    @classmethod
    def of(cls, scores: Tensor, counted: Tensor, ranks: Ranks, options: FE, seed: int) -> Keeping:
        """Find neighbours among the samples that count, which are numbered by name."""
        assert isinstance(options.neighbor_weight, float)
        members = chosen(ranks, counted, MOST)
        neighbours = Neighbours.of(scores[:, :COMPONENTS], members)
        sharpness = SHARPNESS[number(options.sample_dim) > FEW_DIMENSIONS]
        return cls(neighbours, options.neighbor_weight, sharpness, seed)

    def gradient(self, table: Tensor, step: int) -> Tensor:
        """Return the gradient of the term by the sample table in one step."""
        members = self.neighbours.members.number
        drawn = generator(self.seed, "neighbours", step).permutation(members)[:DRAWN]
        of_drawn = torch.from_numpy(drawn).to(table.device)
        return self.weight * self.neighbours.gradient(table, of_drawn, self.sharpness)
