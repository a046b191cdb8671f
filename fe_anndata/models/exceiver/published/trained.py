"""A trained model of the published kind, from its network or from its stored arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from ...._core.random import generator
from ....training.problem import Problem
from ... import classes
from ...unit import unit_of
from ..counts import Counts
from ..embedding import ReaderOfCounts, TrainedOnCounts, fill
from ..finish import concluded, take
from ..material import Samples
from ..options import Exceiver
from .network import Published
from .values import Rows, Scaling, hide, rows


class TrainedPublished(TrainedOnCounts):
    """A network, and how counts become values; a sample is embedded by all its latent vectors.

    Parameters
    ----------
    options, network, rank, facts, samples
        See :class:`~..embedding.TrainedOnCounts`.
    scaling
        Of the training samples, by the number of the gene.
    """

    network: Published
    loss = "squared_error"

    def __init__(
        self,
        options: Exceiver,
        network: Published,
        rank: np.ndarray,
        scaling: Scaling,
        facts: Mapping[str, Mapping[str, Any]],
        samples: np.ndarray,
    ) -> None:
        super().__init__(options, network, rank, facts, samples)
        self.scaling = scaling

    def arrays(self) -> dict[str, dict[str, Any]]:
        """Return weights, the scaling, the order of names, and what is known of the training."""
        return {
            "model": self.weights(),
            "vocabulary": {"rank": self.rank.astype(np.float32)},
            "scaling": {
                "mean": self.scaling.mean[self.rank],
                "spread": self.scaling.spread[self.rank],
            },
            **{name: dict(section) for name, section in self.facts.items()},
        }

    @property
    def inner_dim(self) -> int:
        """How many numbers a sample is embedded by."""
        return self.options.latents * self.options.width

    def reader(self, known: np.ndarray) -> Reader:
        """Return what embeds samples of which these genes are known."""
        return Reader(self, known)


class Reader(ReaderOfCounts):
    """What a model sees of samples; see :class:`~..embedding.ReaderOfCounts`.

    A gene that is not known is none of the keys, as one without a count.
    """

    def __init__(self, model: TrainedPublished, known: np.ndarray) -> None:
        super().__init__(model.rank, known)
        self.model = model
        n = len(model.rank)
        self.place = generator(0, "hidden genes", n).permutation(n)
        self.n_hidden = int(model.facts["fit"]["n_hidden"])

    @torch.no_grad()
    def embedded(self, one: Counts, visible: np.ndarray) -> np.ndarray:
        """Return the latent vectors of a sample of which nothing is hidden, flat, (d,)."""
        found = self.model.network.latent_vectors(self._rows(one, 0))
        return found[0].flatten().numpy()

    @torch.no_grad()
    def loss(self, one: Counts, visible: np.ndarray) -> float:
        """Return the mean squared error of hidden genes, which their numbers choose."""
        summed, n = self.model.network.losses(self._rows(one, self.n_hidden))
        return float(summed[0]) / n if n else float("nan")

    def _rows(self, one: Counts, n_hidden: int) -> Rows:
        hidden = hide(one, n_hidden, lambda _, genes: np.argsort(self.place[genes]))
        return rows(one, self.model.scaling.values(one), hidden)


def finished(
    problem: Problem,
    options: Exceiver,
    material: Samples,
    of_counts: tuple[Scaling, int],
    learned: nn.Module,
) -> TrainedPublished:
    """Return the trained model, which embeds the training samples as it will new ones.

    Parameters
    ----------
    problem, options, material
        What was learned from, and what was chosen.
    of_counts
        How counts become values, and how many of a sample are hidden.
    learned
        The network, on any device.
    """
    network = Published(options, material.n_genes, classes.number(problem.labels))
    take(network, learned)
    scaling, n_hidden = of_counts
    facts: dict[str, dict[str, Any]] = {
        "preprocessing": unit_of(problem),
        "fit": {"n_hidden": n_hidden},
    }

    def model(samples: np.ndarray) -> TrainedPublished:
        return TrainedPublished(options, network, problem.ranks.genes, scaling, facts, samples)

    return model(concluded(problem, model(np.zeros((0, 0), np.float32)), facts, material))


def load(
    options: Exceiver,
    samples: np.ndarray,
    genes: np.ndarray,
    arrays: Mapping[str, Mapping[str, Any]],
) -> TrainedPublished:
    """Return the trained model of its stored arrays."""
    rank = np.asarray(arrays["vocabulary"]["rank"]).astype(np.int64)
    column = np.argsort(rank)
    n_classes = np.size(arrays.get("labels", {}).get("classes", ()))
    network = Published(options, len(rank), n_classes)
    fill(network, {**arrays["model"], "genes": genes}, column)
    mean, spread = (np.asarray(arrays["scaling"][name])[column] for name in ("mean", "spread"))
    facts = {k: arrays[k] for k in ("preprocessing", "fit", "labels") if k in arrays}
    return TrainedPublished(options, network, rank, Scaling(mean, spread), facts, samples)
