"""The training of Exceiver: from a problem and options to a task of the trainer.

Here is what a step hides of its samples, and what that costs; the rest stands in :mod:`.steps`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from ..._core.random import generator
from ...kernels.matched import effects_on
from ...training.optimisers import Group
from ...training.problem import Batches, Problem
from ...training.ranks import normal
from .. import classes, timetable
from ..continued import require_same
from .continued import Continued
from .finish import finished
from .likelihoods import Hidden, losses
from .material import Material, gather
from .network import GENES_SCALE, Network, Shown
from .options import Exceiver
from .sizes import sized
from .steps import Steps
from .trained import Coordinates, TrainedExceiver

MOST = 3072
"""Samples among which pairs of different batches are sought."""


def task(problem: Problem, options: Exceiver, facts: Mapping[str, float] | None) -> Training:
    """Return the training of a model.

    Raises
    ------
    ValueError
        If the options do not suit the matrix, or values are no counts.
    """
    options = sized(options, problem.rows.shape)
    material = gather(problem, options)
    continued = Continued.of(problem.origin, problem)
    if continued is not None:
        material = continued.of_material(material)
    labels = problem.labels
    if labels is not None:
        classes.require_classes(labels, material.training)
    with_body = labels is not None and options.head == "with-body"
    n_classes = classes.number(labels) if with_body else 0
    n_covariates = 0 if problem.batches is None else problem.batches.covariates.shape[1]
    network = Network(options, material.n_genes, n_classes, n_covariates)
    known = dict(facts or {})
    if facts is not None and continued is not None:
        require_same(continued.model, facts)
    elif facts is None and continued is not None:
        by_rank = np.arange(material.n_genes)
        drawn = normal(problem.seed, by_rank, options.width, "gene vectors").numpy()
        names = () if labels is None else labels.classes
        known = continued.begin(network, material, drawn, names)
    elif facts is None:
        begin(network, problem, options, material)
    if problem.batches is not None:
        begin_batches(network, problem.batches, options, material)
    network.to(problem.compute.device)
    coordinates = None if continued is None else continued.coordinates
    training = Training(problem, options, material, network, known, coordinates)
    training.announce()
    return training


def begin(network: Network, problem: Problem, options: Exceiver, material: Material) -> None:
    """Fill a network with where it starts."""
    rng = torch.Generator().manual_seed(int(generator(problem.seed, "network").integers(2**31)))
    by_rank = np.arange(material.n_genes)
    vectors = normal(problem.seed, by_rank, options.width, "gene vectors").numpy() * GENES_SCALE
    unit = None
    if options.start != "random" or options.linear:
        factor = GENES_SCALE / float(np.sqrt(np.square(material.loadings).mean()))
        if options.linear:
            unit = 1 / (factor * material.projection.scale)
    if "start" in problem.starts:
        found = np.empty_like(problem.starts["start"])
        found[problem.ranks.genes] = problem.starts["start"]
        vectors = found * (GENES_SCALE / max(float(np.sqrt(np.square(found).mean())), 1e-12))
    elif options.start == "pca":
        vectors[:, : material.loadings.shape[1]] = material.loadings * factor
    share = material.projection.share.astype(np.float64)
    total = float(material.counts.counts.sum(dtype=np.float64))
    with torch.no_grad():
        network.start(rng, unit)
        network.genes.copy_(torch.from_numpy(np.ascontiguousarray(vectors, np.float32)))
        network.offset.copy_(torch.from_numpy(np.log(share + 0.5 / total)))


def begin_batches(
    network: Network, batches: Batches, options: Exceiver, material: Material
) -> None:
    """Let coordinates start without what batches do to their linear path."""
    if not options.linear:
        return
    some = material.training[:: -(-len(material.training) // MOST)]
    everything = np.ones((1, material.n_genes), dtype=bool)
    projection = material.projection
    lie = projection.of(material.counts.take(some), seen=projection.seen(everything))
    C, groups = (torch.from_numpy(of[some]) for of in (batches.covariates, batches.groups))
    with torch.no_grad():
        network.batch_shift.copy_(effects_on(torch.from_numpy(lie), C, groups))


class Training(Steps):
    """The training of a network on counts.

    Parameters
    ----------
    problem, options
        What is learned from, and what was chosen, settled.
    material
        The counts.
    network
        At its start.
    facts
        What is known of the model that is continued, if one is.
    coordinates
        Its coordinates.
    """

    material: Material
    network: Network

    def __init__(
        self,
        problem: Problem,
        options: Exceiver,
        material: Material,
        network: Network,
        facts: Mapping[str, float],
        coordinates: Coordinates | None,
    ) -> None:
        super().__init__(problem, options, material, network)
        self.facts, self.coordinates = facts, coordinates
        self.groups = _groups(options, self.parameters)
        self.codes = None
        if problem.labels is not None and options.head == "with-body":
            self.codes = torch.from_numpy(problem.labels.codes)

    def tables(self) -> list[Tensor]:
        """Return what genes say to queries, and give."""
        return list(self.network.tables_of_genes())

    def rate(self, step: int) -> float:
        """Return what learning rates are multiplied with."""
        return timetable.cosine(step, self.schedule.steps, self.options.warm_up)

    def finish(self) -> TrainedExceiver:
        """Return the trained model, which embeds the training samples as it will new ones."""
        model = self.problem, self.options, self.material, self.network
        return finished(*model, self.coordinates)

    def _hidden(self, samples: np.ndarray, epoch: int | None) -> tuple[Shown, Hidden]:
        """Return samples of which an epoch hides some genes, or as they are judged."""
        when = "judged" if epoch is None else epoch
        hidden = np.empty((len(samples), self.material.n_genes), dtype=bool)
        least, most = self.options.masked_least, self.options.masked_most
        for i, rank in enumerate(self.problem.ranks.samples[samples].tolist()):
            rng = generator(self.problem.seed, "hidden", when, rank)
            fraction = rng.uniform(least, most)
            hidden[i] = rng.random(hidden.shape[1], dtype=np.float32) < fraction
        shown, asked = self.material.hide(samples, hidden, self.options.linear)
        return shown.to(self.device), asked.to(self.device)

    def _losses(self, shown: Shown, hidden: Hidden, tables: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the loss of each sample, and its coordinates."""
        network = self.network
        latent = network.latent_vectors(shown, (tables[0], tables[1]))
        coordinates = network.coordinates(shown, latent)
        expecting = network.expecting(coordinates, shown.covariates)
        return losses(self.options, *expecting, hidden), coordinates

    def gradients(
        self, samples: np.ndarray, step: int, leaves: list[Tensor]
    ) -> tuple[float, float, tuple[Tensor | None, ...]]:
        """Return the loss of some samples, what it is divided by, and its gradients."""
        shown, hidden = self._hidden(samples, step // self.steps_per_epoch)
        n_targets = hidden.n_targets(self.options.likelihood)
        with torch.enable_grad():
            each, coordinates = self._losses(shown, hidden, leaves)
            loss = total = each.sum()
            if self.codes is not None:
                codes = self.codes[samples].to(self.device)
                # A label counts as a sample: all are divided by their targets.
                weight = self.options.labels_weight * n_targets / len(samples)
                total = loss + weight * classes.loss(self.network, coordinates, codes)
            wanted = [*leaves, *self.parameters.values()]
            found = torch.autograd.grad(total, wanted, allow_unused=True)
        return float(loss.detach()), n_targets, found

    def judged(self, samples: np.ndarray, tables: list[Tensor]) -> tuple[float, float]:
        """Return the loss of held-out samples, and what it is divided by."""
        shown, hidden = self._hidden(samples, None)
        each = self._losses(shown, hidden, tables)[0]
        return float(each.double().sum()), hidden.n_targets(self.options.likelihood)


def _groups(options: Exceiver, parameters: Mapping[str, nn.Parameter]) -> list[Group]:
    tables = {n: p for n, p in parameters.items() if n == "genes"}
    rest = {n: p for n, p in parameters.items() if n not in tables}
    decay, moves = options.weight_decay, not options.frozen
    of_labels = {n: rest.pop(n) for n in classes.LABELS if n in rest}
    return [
        Group(tables, options.table_learning_rate * moves, "adamw", decay),
        Group(rest, options.learning_rate * moves, "adamw", decay),
        Group(of_labels, options.learning_rate, "adamw", decay),
    ]
