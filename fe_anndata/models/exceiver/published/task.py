"""The training of the published network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...._core.random import generator
from ....training.optimisers import Group
from ....training.problem import Problem
from ....training.ranks import normal
from ... import classes
from ..material import Samples, samples_of
from ..options import Exceiver
from ..sizes import sized
from ..steps import Steps
from .network import Published
from .trained import TrainedPublished, finished
from .values import Rows, Scaling, hide, number_hidden, rows


@dataclass(frozen=True)
class Material(Samples):
    """What a model is trained on.

    Attributes
    ----------
    scaling
        Of the samples that are trained on.
    n_hidden
        Genes that are hidden of a sample.
    """

    scaling: Scaling
    n_hidden: int


def task(problem: Problem, options: Exceiver, facts: Mapping[str, float] | None) -> Training:
    """Return the training of a model; `facts` are None at its start.

    Raises
    ------
    ValueError
        If the options do not suit the matrix, or values are no counts.
    """
    options = sized(options, problem.rows.shape)
    material = gather(problem, options)
    if problem.labels is not None:
        classes.require_classes(problem.labels, material.training)
    network = Published(options, material.n_genes)
    if facts is None:
        begin(network, problem, options)
    network.to(problem.compute.device)
    training = Training(problem, options, material, network)
    training.announce()
    return training


def gather(problem: Problem, options: Exceiver) -> Material:
    """Return what a model is trained on; see :func:`~..material.samples_of`."""
    found = samples_of(problem, options)
    known = found.counts.take(found.training)
    return Material(
        found.counts,
        found.training,
        found.held_out,
        found.n_genes,
        Scaling.of(known, found.n_genes),
        number_hidden(known, options.masked),
    )


def begin(network: Published, problem: Problem, options: Exceiver) -> None:
    """Draw where a network starts."""
    rng = torch.Generator().manual_seed(int(generator(problem.seed, "network").integers(2**31)))
    by_rank = np.arange(len(network.genes))
    network.start(rng)
    with torch.no_grad():
        network.genes.copy_(normal(problem.seed, by_rank, options.width, "gene vectors"))


class Training(Steps):
    """The training of the published network on counts; see :class:`~..steps.Steps`.

    Parameters
    ----------
    problem, options
        What is learned from, and what was chosen, settled.
    material
        The counts.
    network
        At its start.
    """

    material: Material
    network: Published

    def __init__(
        self, problem: Problem, options: Exceiver, material: Material, network: Published
    ) -> None:
        super().__init__(problem, options, material, network)
        self.groups = [Group(self.parameters, options.learning_rate, "adam")]
        # The decay of torch's Adam is a part of the gradient: that of half of it times the squares.
        self.l2 = options.weight_decay / 2

    def samples(self, step: int) -> np.ndarray:
        """Return the samples of a step, the shortest first: so their pieces have little padding."""
        samples = super().samples(step)
        lengths = np.diff(self.material.counts.starts)[samples]
        return samples[np.argsort(lengths, kind="stable")]

    def gradients(
        self, samples: np.ndarray, step: int, leaves: list[Tensor]
    ) -> tuple[float, float, tuple[Tensor | None, ...]]:
        """Return the squared errors of a piece, how many they are, and their gradients."""
        with torch.enable_grad():
            each, n = self.network.losses(self.rows(samples, step // self.steps_per_epoch))
            loss = each.sum()
            found = torch.autograd.grad(loss, [*leaves, *self.parameters.values()])
        return float(loss.detach()), n, found

    def judged(self, samples: np.ndarray, tables: list[Tensor]) -> tuple[float, float]:
        """Return the squared errors of held-out samples, and how many they are."""
        each, n = self.network.losses(self.rows(samples, None))
        return float(each.double().sum()), n

    def finish(self) -> TrainedPublished:
        """Return the trained model, which embeds the training samples as it will new ones."""
        of_counts = self.material.scaling, self.material.n_hidden
        return finished(self.problem, self.options, self.material, of_counts, self.network)

    def rows(self, samples: np.ndarray, epoch: int | None) -> Rows:
        """Return samples of which an epoch hides some genes, or as they are judged."""
        when = "judged" if epoch is None else epoch
        ranks = self.problem.ranks.samples[samples].tolist()

        def chosen(i: int, genes: np.ndarray) -> np.ndarray:
            return generator(self.problem.seed, "hidden", when, ranks[i]).permutation(len(genes))

        counts = self.material.counts.take(samples)
        hidden = hide(counts, self.material.n_hidden, chosen)
        return rows(counts, self.material.scaling.values(counts), hidden).to(self.device)
