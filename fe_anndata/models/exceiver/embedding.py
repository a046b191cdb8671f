"""What every trained model on counts does, whatever its network: samples are embedded one by one.

So none feels which others come.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from ..._core.warn import warn_user
from ...kernels.workers import in_parallel
from .. import classes
from ..trained import Place, Placed, Trained
from .counts import FEW, Counts, of_block
from .network import OF_BATCHES, OfGenes
from .options import Exceiver

ROWS = 256


class TrainedOnCounts(Trained):
    """A network, and the embedding of the training samples.

    Parameters
    ----------
    options
        With every value that was used.
    network
        On the processor; genes are numbered in the order of their names.
    rank
        The number of each trained gene.
    facts
        Sections of :meth:`arrays` that are kept as they are: what is known of the training.
    samples
        The embedding of the training samples.
    """

    options: Exceiver
    network: OfGenes
    loss: ClassVar[str]
    """What the loss of a sample is called."""

    def __init__(
        self,
        options: Exceiver,
        network: OfGenes,
        rank: np.ndarray,
        facts: Mapping[str, Mapping[str, Any]],
        samples: np.ndarray,
    ) -> None:
        self.options, self.network = options, network.eval().requires_grad_(False)
        self.rank, self.facts, self._samples = rank, facts, samples

    @property
    def module(self) -> nn.Module:
        """The network."""
        return self.network

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the model tells apart."""
        found = self.facts.get("labels", {}).get("classes", ())
        return tuple(map(str, np.atleast_1d(np.asarray(found, dtype=object))))

    def samples(self) -> np.ndarray:
        """Return the embedding of the training samples."""
        return self._samples

    def genes(self) -> np.ndarray:
        """Return the vectors of genes."""
        found: np.ndarray = self.network.genes.detach().numpy()[self.rank]
        return found

    def weights(self) -> dict[str, np.ndarray]:
        """Return the parameters of the network but its gene vectors, in the order of the data."""
        weights = {}
        for name, array in self.network.state_dict().items():
            if name != "genes" and not name.startswith(OF_BATCHES):
                of_gene = name in self.network.per_gene
                weights[name] = array.numpy()[self.rank] if of_gene else array.numpy().copy()
        return weights

    @property
    def rows_at_a_time(self) -> int:
        """How many samples :meth:`placing` likes to get at a time."""
        return ROWS

    def placing(self, known: np.ndarray) -> Place:
        """Return what embeds blocks of new samples."""
        reader = self.reader(known)
        limit = self.facts.get("fit", {}).get("loss_limit", np.inf)

        def place(X: Any, covariates: np.ndarray | None = None) -> Placed:
            counts, visible = reader.counts(X)
            counts = replace(counts, covariates=covariates)
            n = len(counts)
            inner = np.full((n, self.inner_dim), np.nan, np.float32)
            fit = np.full(n, np.nan, np.float32)

            def embed(i: int) -> None:
                one = counts.take(np.array([i]))
                if len(one.genes):
                    inner[i] = reader.embedded(one, visible(i))
                    fit[i] = reader.loss(one, visible(i))

            in_parallel(embed, n)
            n_genes = np.diff(counts.starts)
            few = (n_genes < FEW) & (n_genes > 0)
            if few.any():
                warn_user(
                    f"{few.sum()} samples have counts of fewer than {FEW} genes that the model "
                    "knows: they were placed, and called outliers."
                )
            u = self.outer(inner)
            facts = {self.loss: fit, "outlier": (fit > limit) | few}
            told = None
            if self.classes:
                temperature = classes.temperature(self.facts)
                told = classes.probabilities(self.network, inner, temperature)
            return Placed(u, None, n_genes, facts, told)

        return place

    def unit(self) -> tuple[np.ndarray, float]:
        """Return the mean of each gene, and the overall spread around it."""
        known = self.facts["preprocessing"]
        return np.asarray(known["expected"], dtype=np.float64), float(known["around"])

    @property
    @abstractmethod
    def inner_dim(self) -> int:
        """How many numbers a sample is embedded by."""

    @abstractmethod
    def reader(self, known: np.ndarray) -> ReaderOfCounts:
        """Return what embeds samples of which these genes are known."""

    def outer(self, inner: np.ndarray) -> np.ndarray:
        """Return inner coordinates as users see them."""
        return inner


class ReaderOfCounts(ABC):
    """What a model sees of samples of which some genes are known.

    Parameters
    ----------
    rank
        The number of each trained gene.
    known
        Which of them the columns are.
    """

    def __init__(self, rank: np.ndarray, known: np.ndarray) -> None:
        self.number = rank[known]
        self.known = np.zeros(len(rank), dtype=bool)
        self.known[self.number] = True

    def counts(self, X: Any) -> tuple[Counts, Callable[[int], np.ndarray]]:
        """Return the counts of a block, and what says which genes of a sample are known."""
        counts = of_block(X, self.number)
        missing = np.isnan(X) if isinstance(X, np.ndarray) else None

        def visible(i: int) -> np.ndarray:
            if missing is None or not missing[i].any():
                return self.known
            of_sample = self.known.copy()
            of_sample[self.number[missing[i]]] = False
            return of_sample

        return counts, visible

    @abstractmethod
    def embedded(self, one: Counts, visible: np.ndarray) -> np.ndarray:
        """Return the inner coordinates of a sample, (d,)."""

    @abstractmethod
    def loss(self, one: Counts, visible: np.ndarray) -> float:
        """Return the mean loss of counts of a sample that are hidden from the network."""


def fill(network: OfGenes, weights: Mapping[str, Any], column: np.ndarray) -> None:
    """Fill a network with stored weights; gene number i is in row ``column[i]`` of theirs."""
    network.load_state_dict(
        {
            name: torch.from_numpy(
                np.array(array)[column] if name in network.per_gene else np.array(array)
            )
            for name, array in weights.items()
        }
    )
