"""How well risks rank times to an event, and how sure that is.

A pair of samples is comparable if one had its event before the other was last seen. Its risks are
concordant if the one with the earlier event has the greater risk; of equal risks half a pair
counts. Harrell's c-index is the share of concordant pairs.

The c-index of a resample is a ratio of two quadratic forms of how often each sample was drawn, so
thousands of resamples are a few products of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._core.random import generator

AT_ONCE = 1000
"""Resamples that are computed together."""


@dataclass(frozen=True)
class Block:
    """The pairs of some samples, each compared with the others of the block alone.

    Attributes
    ----------
    first, others
        Numbers of the samples with an event, (e,), and of all samples of the block, (b,).
    comparable
        Which had its event before the other was last seen, float32 (e, b).
    """

    first: np.ndarray
    others: np.ndarray
    comparable: np.ndarray

    def concordant(self, risk: np.ndarray) -> np.ndarray:
        """Return how concordant each pair is, 0, 1/2 or 1; 0 where it is not comparable."""
        ahead = np.sign(risk[self.first, None] - risk[None, self.others])
        found: np.ndarray = self.comparable * ((1 + ahead) / 2).astype(np.float32)
        return found


def comparable_pairs(time: np.ndarray, event: np.ndarray, within: np.ndarray) -> list[Block]:
    """Return the comparable pairs of samples with the same code.

    Parameters
    ----------
    time
        To the event, or to when the sample was last seen, (n,).
    event
        Whether there was one, bool (n,). At the same time an event comes before the end of the
        observation of another sample.
    within
        Codes, (n,).
    """
    blocks = []
    for code in np.unique(within):
        others = np.flatnonzero(within == code)
        first = others[event[others]]
        earlier = time[first, None] < time[None, others]
        earlier |= (time[first, None] == time[None, others]) & ~event[None, others]
        if earlier.any():
            blocks.append(Block(first, others, earlier.astype(np.float32)))
    return blocks


def n_pairs(blocks: list[Block]) -> int:
    """Return the number of comparable pairs."""
    return sum(int(block.comparable.sum(dtype=np.float64)) for block in blocks)


def c_index(blocks: list[Block], risk: np.ndarray) -> float:
    """Return the share of comparable pairs that are concordant; NaN if there is no pair."""
    found = sum(float(block.concordant(risk).sum(dtype=np.float64)) for block in blocks)
    return found / n_pairs(blocks) if blocks else float("nan")


def resampled_c_indices(
    blocks: list[Block], risks: np.ndarray, units: np.ndarray, n: int, seed: int
) -> np.ndarray:
    """Return the c-indices of resamples, float64 (n, k); NaN of a resample without a pair.

    Parameters
    ----------
    blocks
        Of :func:`comparable_pairs`.
    risks
        Several risks of the same samples, (k, n_obs). All have the same resamples, so that their
        differences are paired.
    units
        What is drawn with replacement, as many as there are: a code from 0 on for each sample,
        (n_obs,), such as that of its patient.
    n
        Number of resamples.
    seed
        Seed of the draws.
    """
    draw = generator(seed, "resamples")
    tables = [[block.comparable, *(block.concordant(risk) for risk in risks)] for block in blocks]
    found = np.empty((n, len(risks)))
    for start in range(0, n, AT_ONCE):
        drawn = _times_drawn(draw, min(AT_ONCE, n - start), int(units.max()) + 1)[:, units]
        sums = np.zeros((len(drawn), 1 + len(risks)))
        for block, of_block in zip(blocks, tables, strict=True):
            sums += _weighted(drawn[:, block.first], drawn[:, block.others], of_block)
        pairs = np.where(sums[:, :1] > 0, sums[:, :1], np.nan)
        found[start : start + len(drawn)] = sums[:, 1:] / pairs
    return found


def _times_drawn(draw: np.random.Generator, n: int, units: int) -> np.ndarray:
    """Return how often each unit is in each resample, float32 (n, units)."""
    places = draw.integers(units, size=(n, units)) + units * np.arange(n)[:, None]
    counts = np.bincount(places.ravel(), minlength=n * units)
    return counts.reshape(n, units).astype(np.float32)


def _weighted(first: np.ndarray, others: np.ndarray, tables: list[np.ndarray]) -> np.ndarray:
    """Return the sums of tables of pairs, each as often as both samples were drawn, (n, k)."""
    sums = [((first @ table) * others).sum(axis=1, dtype=np.float64) for table in tables]
    return np.stack(sums, axis=1)
