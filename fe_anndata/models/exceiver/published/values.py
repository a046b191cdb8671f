"""From counts to values, and to rows of them in which some genes are hidden.

The value of a count is the z-score of its logarithm, cut off above, plus 1: a gene at its mean has
1, and so has one that is hidden.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..counts import Counts
from ..projection import log_profiles

HIGHEST = 10.0
"""Greatest z-score."""


@dataclass(frozen=True)
class Scaling:
    """Mean and spread of the log profiles of the training samples, zeros included.

    Attributes
    ----------
    mean, spread
        Of each gene by its number, float32 (m,).
    """

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, counts: Counts, n_genes: int) -> Scaling:
        """Return those of some samples, none of them empty; a gene without a spread has 1."""
        logs = log_profiles(counts, counts.totals, n_genes)
        x, n = logs.data.astype(np.float64), len(counts)
        mean = np.bincount(counts.genes, x, n_genes) / n
        variance = np.bincount(counts.genes, np.square(x), n_genes) / n - np.square(mean)
        spread = np.sqrt(np.maximum(variance, 0))
        spread[spread < 1e-6] = 1
        return cls(mean.astype(np.float32), spread.astype(np.float32))

    def values(self, counts: Counts) -> np.ndarray:
        """Return the value of each count, float32."""
        logs = log_profiles(counts, counts.totals, len(self.mean)).data
        z = (logs - self.mean[counts.genes]) / self.spread[counts.genes]
        return np.asarray(np.minimum(z, HIGHEST) + 1, np.float32)


@dataclass(frozen=True)
class Rows:
    """Some samples, padded to the longest.

    Attributes
    ----------
    genes, values
        What is counted in each, (n, t); 0 where a gene is hidden and where there is none.
    there
        Where there is a gene, hidden or not, bool (n, t); None if they are of equal length.
    asked, answers
        The hidden genes and their values, (n, k).
    wanted
        Which of these there are, bool (n, k).
    """

    genes: Tensor
    values: Tensor
    there: Tensor | None
    asked: Tensor
    answers: Tensor
    wanted: Tensor

    def to(self, device: torch.device) -> Rows:
        """Return them on a device."""
        there = None if self.there is None else self.there.to(device)
        others = self.asked.to(device), self.answers.to(device), self.wanted.to(device)
        return Rows(self.genes.to(device), self.values.to(device), there, *others)


def rows(counts: Counts, values: np.ndarray, hidden: np.ndarray) -> Rows:
    """Return samples as rows.

    Parameters
    ----------
    counts
        Of the samples.
    values
        Of each count.
    hidden
        Which of them are hidden, bool.
    """
    genes = counts.genes.astype(np.int64)
    # A hidden gene has value 1 and the vector 0, as has any gene with value 0.
    shown = np.where(hidden, np.float32(0), values)
    lengths = np.diff(counts.starts)
    padded_genes, padded, there = _padded(lengths, genes, shown)
    n_hidden = np.diff(np.concatenate([[0], np.cumsum(hidden)])[counts.starts])
    asked, answers, wanted = _padded(n_hidden, genes[hidden], values[hidden])
    return Rows(padded_genes, padded, None if bool(there.all()) else there, asked, answers, wanted)


def _padded(
    lengths: np.ndarray, genes: np.ndarray, values: np.ndarray
) -> tuple[Tensor, Tensor, Tensor]:
    there = np.arange(lengths.max(initial=0)) < lengths[:, None]
    padded_genes, padded = np.zeros(there.shape, np.int64), np.zeros(there.shape, np.float32)
    padded_genes[there], padded[there] = genes, values
    return torch.from_numpy(padded_genes), torch.from_numpy(padded), torch.from_numpy(there)


def hide(counts: Counts, most: int, chosen: Callable[[int, np.ndarray], np.ndarray]) -> np.ndarray:
    """Return which counts are hidden, bool: `most` of a sample, or half of the few that it has.

    Parameters
    ----------
    counts
        Of the samples.
    most
        How many at most.
    chosen
        Gives for the place of a sample and its genes the order in which they are hidden.
    """
    hidden = np.zeros(len(counts.genes), dtype=bool)
    for i, (start, end) in enumerate(zip(counts.starts[:-1], counts.starts[1:], strict=True)):
        order = chosen(i, counts.genes[start:end])
        hidden[start + order[: min(most, len(order) // 2)]] = True
    return hidden


def number_hidden(counts: Counts, fraction: float) -> int:
    """Return how many genes are hidden of a sample, if it has twice as many."""
    return max(1, int(fraction * float(np.median(np.diff(counts.starts)))))
