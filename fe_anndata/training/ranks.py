"""Random numbers dealt out by name, so that permuted samples or genes permute the result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from .._core import processes
from .._core.random import generator


@dataclass(frozen=True)
class Ranks:
    """Ranks of the sample and gene names: the order in which random numbers are dealt out.

    Attributes
    ----------
    samples, genes
        Of all samples, those of other processes as well, and of all genes.
    part
        Which samples are those of this process; None for as many as each other one has.
    """

    samples: np.ndarray
    genes: np.ndarray
    part: slice | None = None

    @cached_property
    def own(self) -> slice:
        """Which samples are those of this process; all if it is alone."""
        return self.part or processes.part(len(self.samples))

    @cached_property
    def rows(self) -> np.ndarray:
        """Which row of the matrix has a given rank."""
        return np.argsort(self.samples)

    @cached_property
    def cols(self) -> np.ndarray:
        """Which column of the matrix has a given rank."""
        return np.argsort(self.genes)


def normal(
    seed: int, rank: np.ndarray, dim: int, *words: str | int, own: slice = slice(None)
) -> Tensor:
    """Return standard normal numbers, float32 (len(rank), dim), row by row in order of rank.

    Only `own` of these rows are returned.
    """
    drawn = generator(seed, "normal", *words).standard_normal((len(rank), dim), dtype=np.float32)
    # Where numpy's memory begins varies, and so do the last digits of products with it.
    return torch.from_numpy(drawn).index_select(0, torch.from_numpy(rank[own]))
