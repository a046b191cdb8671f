"""From the values of a sample to its list of genes.

A sample is kept as its expressed genes and their *levels*, numbers from 0 to 1: where a value
stands among those of its gene in the training. A list shows some of them in an order. Genes are
numbered in the order of their names, so that the order of columns does not matter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from ..._core.random import generator
from ...kernels import bins
from .options import GeneRAIN

FEWEST = 16
"""Expressed genes of a sample that can be told anything from."""

Found = tuple[NDArray[np.int64], NDArray[np.float32], int]
"""Of a sample: its expressed genes, rising, their levels, and how many genes have a value."""


class Scale(ABC):
    """What tells levels of values, fitted to training samples."""

    zero: float

    @abstractmethod
    def levels(self, block: Any) -> Iterator[Found]:
        """Yield what is found in each row of a float32 array or CSR matrix, NaN where missing."""

    @abstractmethod
    def of_genes(self, genes: NDArray[np.int64]) -> Scale:
        """Return the scale of some of the genes."""

    @abstractmethod
    def taking(self, other: Scale, known: NDArray[np.int64], columns: NDArray[np.int64]) -> Scale:
        """Return the scale in which genes at `columns` are what they are in another at `known`.

        Those of which the other one knows no value stay as they are.
        """

    @abstractmethod
    def arrays(self) -> dict[str, Any]:
        """Return all numbers, a row for each gene where they belong to genes."""


class Bins(Scale):
    """The bin of a value among those of its gene."""

    def __init__(self, panel: bins.Panel) -> None:
        self.panel, self.zero = panel, panel.zero

    def levels(self, block: Any) -> Iterator[Found]:
        """Yield what is found in each row."""
        found, top = bins.apply(self.panel, block), self.panel.n_bins - 1
        if sparse.issparse(found):
            for row in range(found.shape[0]):
                part = slice(*found.indptr[row : row + 2])
                yield self._of(found.indices[part], found.data[part], top, found.shape[1])
        else:
            for row in found:
                stored = np.flatnonzero(row)
                yield self._of(stored, row[stored], top, len(row))

    def _of(self, genes: Any, found: Any, top: int, m: int) -> Found:
        known = found != bins.UNKNOWN
        levels = (found[known].astype(np.float32) - np.float32(0.5)) / np.float32(top)
        return genes[known].astype(np.int64), levels, m - int((~known).sum())

    def of_genes(self, genes: NDArray[np.int64]) -> Bins:
        """Return the bins of some of the genes."""
        return Bins(self.panel.at(genes))

    def taking(self, other: Scale, known: NDArray[np.int64], columns: NDArray[np.int64]) -> Bins:
        """Return the bins in which some genes have the panel that they have in others."""
        assert isinstance(other, Bins)
        there = other.panel.at(known)
        taken = there.points > 0
        columns, own = columns[taken], self.panel
        width = max(own.values.shape[1], there.values.shape[1])
        values = np.full((len(own.values), width), np.nan, np.float32)
        values[:, : own.values.shape[1]] = own.values
        values[columns] = np.nan
        values[columns, : there.values.shape[1]] = there.values[taken]
        points, number = own.points.copy(), own.n_expressed.copy()
        points[columns], number[columns] = there.points[taken], there.n_expressed[taken]
        return Bins(bins.Panel(values, points, number, own.n_bins, own.zero))

    def arrays(self) -> dict[str, Any]:
        """Return the panel."""
        panel = self.panel
        return {
            "panel": panel.values,
            "points": panel.points.astype(np.float32),
            "n_expressed": panel.n_expressed.astype(np.float32),
        }


class ZScores(Scale):
    """The normal probability of a value below it, by mean and standard deviation of its gene."""

    def __init__(self, mean: np.ndarray, spread: np.ndarray, zero: float) -> None:
        self.mean, self.spread, self.zero = mean, spread, zero

    def levels(self, block: Any) -> Iterator[Found]:
        """Yield what is found in each row."""
        for row in block.toarray() if sparse.issparse(block) else block:
            known = ~np.isnan(row) & (self.spread > 0)
            genes = np.flatnonzero(known & (row != np.float32(self.zero)))
            z = (row[genes] - self.mean[genes]) / self.spread[genes]
            yield genes, special.ndtr(z).astype(np.float32), int(known.sum())

    def of_genes(self, genes: NDArray[np.int64]) -> ZScores:
        """Return the scores of some of the genes."""
        return ZScores(self.mean[genes], self.spread[genes], self.zero)

    def taking(self, other: Scale, known: NDArray[np.int64], columns: NDArray[np.int64]) -> ZScores:
        """Return the scores in which some genes have the mean and spread that others have."""
        assert isinstance(other, ZScores)
        taken = other.spread[known] > 0
        mean, spread = self.mean.copy(), self.spread.copy()
        mean[columns[taken]] = other.mean[known][taken]
        spread[columns[taken]] = other.spread[known][taken]
        return ZScores(mean, spread, self.zero)

    def arrays(self) -> dict[str, Any]:
        """Return means and standard deviations."""
        return {"mean": self.mean, "spread": self.spread}


def load_scale(options: GeneRAIN, arrays: dict[str, Any]) -> Scale:
    """Return the scale of its arrays."""
    if options.values == "z":
        return ZScores(np.asarray(arrays["mean"]), np.asarray(arrays["spread"]), options.zero)
    values = np.asarray(arrays["panel"], dtype=np.float32)
    points, number = (np.asarray(arrays[n]).astype(np.int32) for n in ("points", "n_expressed"))
    return Bins(bins.Panel(values, points, number, options.n_bins, options.zero))


@dataclass(frozen=True)
class Corpus:
    """Samples as lists may show them.

    Attributes
    ----------
    starts
        Where each sample begins, int64 (n + 1,).
    genes, levels
        Of all samples, each in rising order of genes, int32 and float32.
    """

    starts: NDArray[np.int64]
    genes: NDArray[np.int32]
    levels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, sample: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return genes and levels of a sample."""
        part = slice(self.starts[sample], self.starts[sample + 1])
        return self.genes[part], self.levels[part]

    @classmethod
    def joined(cls, samples: Iterable[tuple[np.ndarray, np.ndarray]]) -> Corpus:
        """Return the corpus of samples."""
        genes, levels = [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        for of_sample, values in samples:
            genes.append(of_sample.astype(np.int32))
            levels.append(values)
        ends = np.cumsum([len(part) for part in genes], dtype=np.int64)
        return cls(ends, np.concatenate(genes), np.concatenate(levels))


class Lister:
    """What makes lists of samples.

    Parameters
    ----------
    options
        Settled.
    number
        The number of each gene in the order of names, -1 for those that are never listed.
    """

    def __init__(self, options: GeneRAIN, number: NDArray[np.int64]) -> None:
        self.most, self.number = options.tokens, number
        self.by_value = options.objective != "masked-expression"
        self.extremes = options.values == "z"
        of_all = int(number.max(initial=-1)) + 1
        self.fixed = generator(0, "genes of a list", of_all).permutation(of_all)

    def kept(
        self, genes: NDArray[np.int64], levels: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return those that some list may show, by number: of equal levels all."""
        number = self.number[genes]
        known = number >= 0
        number, levels = number[known], levels[known]
        if self.by_value and len(levels) > self.most:
            key = self._key(levels)
            kept = key >= np.partition(key, -self.most)[-self.most]
            number, levels = number[kept], levels[kept]
        order = np.argsort(number)
        return number[order], levels[order]

    def order(self, genes: np.ndarray, levels: np.ndarray, rng: Any) -> np.ndarray:
        """Return what a list shows, in its order, as places in what is kept.

        Genes of equal level stand in an order drawn by `rng`, or in that of their names if it is
        None. Where values are hidden, genes are drawn by `rng`, or the same ones for all samples.
        """
        if not self.by_value:
            drawn = self.fixed[genes] if rng is None else rng.random(len(genes))
            return np.argsort(drawn)[: self.most]
        drawn = np.arange(len(genes)) if rng is None else rng.random(len(genes))
        shown = np.lexsort((drawn, -self._key(levels)))[: self.most]
        if self.extremes:
            shown = shown[np.lexsort((drawn[shown], -levels[shown]))]
        return shown

    def _key(self, levels: np.ndarray) -> np.ndarray:
        return np.abs(levels - 0.5) if self.extremes else levels


def in_words(samples: Sequence[int]) -> str:
    """Return numbers of samples, the first ones of many."""
    shown = ", ".join(map(str, samples[:3]))
    return f"{shown}, ..." if len(samples) > 3 else shown
