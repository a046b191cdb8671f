"""The training of Exceiver: from a problem and options to a task of the trainer.

A step sees some samples, in pieces of a fixed size whose gradients are added in their order: the
sums do not depend on the number of threads. All that is drawn is named by the seed, the epoch and
the sample, so that nothing but the step has to be known to go on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..._core.log import logger
from ..._core.random import generator
from ..._core.warn import warn_user
from ...kernels.workers import in_parallel, number
from ...training import processes
from ...training.optimisers import Group
from ...training.order import Permutation
from ...training.problem import Problem
from ...training.ranks import normal
from ...training.task import Schedule, Task
from .. import classes, timetable
from .continued import Continued
from .finish import finished
from .likelihoods import Hidden, losses
from .material import Material, gather
from .network import GENES_SCALE, Network, Shown
from .options import Exceiver
from .sizes import sized, steps_per_epoch
from .trained import Coordinates, TrainedExceiver

PIECE = 16
"""Samples of a piece on a processor; a GPU takes all at once."""
LONG = 3600.0
"""Seconds of a training from which on a warning says so."""


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
    network = Network(options, material.n_genes, classes.number(labels) if with_body else 0)
    known = dict(facts or {})
    if facts is not None and continued is not None:
        continued.require_same(facts)
    elif facts is None and continued is not None:
        by_rank = np.arange(material.n_genes)
        drawn = normal(problem.seed, by_rank, options.width, "gene vectors").numpy()
        names = () if labels is None else labels.classes
        known = continued.begin(network, material, drawn, names)
    elif facts is None:
        begin(network, problem, options, material)
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


class Training(Task):
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

    def __init__(
        self,
        problem: Problem,
        options: Exceiver,
        material: Material,
        network: Network,
        facts: Mapping[str, float],
        coordinates: Coordinates | None,
    ) -> None:
        self.problem, self.options, self.material = problem, options, material
        self.network, self.device = network, problem.compute.device
        self.facts, self.coordinates = facts, coordinates
        self.parameters = dict(network.named_parameters())
        self.groups = _groups(options, self.parameters)
        self.steps_per_epoch = steps_per_epoch(options, len(material.counts))
        self.schedule = _schedule(options, self.steps_per_epoch)
        self.n_held_out = len(material.held_out)
        size = min(options.minibatch_size, len(material.training))
        self.entries_per_step = size * material.n_genes
        self.codes = None
        if problem.labels is not None and options.head == "with-body":
            self.codes = torch.from_numpy(problem.labels.codes)
        self.piece = options.minibatch_size if self.device.type == "cuda" else PIECE

    def backward(self, step: int) -> float:
        """Fill the gradients of a minibatch of samples."""
        samples = self._samples(step)
        pieces = [samples[i : i + self.piece] for i in range(0, len(samples), self.piece)]
        own = processes.share(len(pieces))
        with torch.enable_grad():
            tables = self.network.tables_of_genes()
        # Pieces see the tables as they are; what reaches them goes back through them once.
        leaves = [table.detach().requires_grad_() for table in tables]
        found: list[Any] = [None] * len(own)

        def run(i: int) -> None:
            found[i] = self._gradients(pieces[own[i]], step, leaves)

        in_parallel(run, len(own))
        wanted = [*leaves, *self.parameters.values()]
        gradients = [torch.zeros_like(p) for p in wanted]
        total = n_targets = 0.0
        for loss, n, of_piece in found:
            total += loss
            n_targets += n
            for gradient, more in zip(gradients, of_piece, strict=True):
                if more is not None:
                    gradient += more
        total, n_targets = processes.summed(gradients, total, n_targets)
        torch._foreach_div_(gradients, max(n_targets, 1.0))
        torch.autograd.backward(tables, gradients[: len(tables)])
        for parameter, gradient in zip(
            self.parameters.values(), gradients[len(tables) :], strict=True
        ):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        if self.options.clip:
            nn.utils.clip_grad_norm_(self.parameters.values(), self.options.clip)
        return total / max(n_targets, 1.0)

    def rate(self, step: int) -> float:
        """Return what learning rates are multiplied with."""
        return timetable.cosine(step, self.schedule.steps, self.options.warm_up)

    def validation_loss(self) -> float:
        """Return the mean loss of a target of the held-out samples, of which genes are hidden."""
        samples = self.material.held_out
        if not len(samples):
            return math.nan
        pieces = [samples[i : i + self.piece] for i in range(0, len(samples), self.piece)]
        sums, counts = np.zeros(len(pieces)), np.zeros(len(pieces))
        with torch.no_grad():
            tables = self.network.tables_of_genes()

        @torch.no_grad()
        def judge(i: int) -> None:
            shown, hidden = self._hidden(pieces[i], None)
            each = self._losses(shown, hidden, list(tables))[0]
            sums[i] = float(each.double().sum())
            counts[i] = hidden.n_targets(self.options.likelihood)

        in_parallel(judge, len(pieces))
        return float(sums.sum() / max(counts.sum(), 1.0))

    def finish(self) -> TrainedExceiver:
        """Return the trained model, which embeds the training samples as it will new ones."""
        model = self.problem, self.options, self.material, self.network
        return finished(*model, self.coordinates)

    def announce(self) -> None:
        """Say how long the training will take, by a piece of its first step."""
        piece, steps = self._samples(0)[: self.piece], self.schedule.steps
        threads = number() if self.device.type == "cpu" else 1
        with torch.no_grad():
            leaves = [t.requires_grad_() for t in self.network.tables_of_genes()]
        taken = timetable.seconds(lambda: self._gradients(piece, 0, leaves))
        n_pieces = math.ceil(self.options.minibatch_size / self.piece / threads)
        expected = taken * (n_pieces + 0.5) * steps
        words = timetable.in_words(expected)
        logger.info(
            "%d steps of %d samples of %d genes will take about %s",
            steps, self.options.minibatch_size, self.material.n_genes, words,
        )  # fmt: skip
        if expected > LONG:
            warn_user(
                f"the training will take about {words} on this machine: lower steps or epochs, or "
                "take a GPU; checkpoint= lets it survive."
            )

    def _samples(self, step: int) -> np.ndarray:
        """Return the samples of a step; an epoch sees every training sample once."""
        training, size = self.material.training, self.options.minibatch_size
        epoch, place = divmod(step, self.steps_per_epoch)
        places = np.arange(place * size, min((place + 1) * size, len(training)))
        order = Permutation(len(training), self.problem.seed, "samples", epoch)
        samples: np.ndarray = training[order(places)]
        return samples

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
        each = losses(
            self.options,
            network.states(coordinates),
            network.genes,
            network.offset,
            network.sizes_of_genes,
            hidden,
        )
        return each, coordinates

    def _gradients(
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
                weight = self.options.label_weight * n_targets / len(samples)
                total = loss + weight * classes.loss(self.network, coordinates, codes)
            wanted = [*leaves, *self.parameters.values()]
            found = torch.autograd.grad(total, wanted, allow_unused=True)
        return float(loss.detach()), n_targets, found


def _schedule(options: Exceiver, per_epoch: int) -> Schedule:
    if isinstance(options.steps, int):
        steps = options.steps
    else:
        epochs = options.epochs if isinstance(options.epochs, float) else 1.0
        steps = math.ceil(epochs * per_epoch)
    assert isinstance(options.evaluate_every, int)
    return Schedule(
        steps=steps,
        evaluate_every=options.evaluate_every,
        patience=options.patience,
        tolerance=options.tolerance,
    )


def _groups(options: Exceiver, parameters: dict[str, nn.Parameter]) -> list[Group]:
    tables = {n: p for n, p in parameters.items() if n == "genes"}
    rest = {n: p for n, p in parameters.items() if n not in tables}
    decay, moves = options.weight_decay, not options.frozen
    of_labels = {n: rest.pop(n) for n in classes.LABELS if n in rest}
    return [
        Group(tables, options.table_learning_rate * moves, "adamw", decay),
        Group(rest, options.learning_rate * moves, "adamw", decay),
        Group(of_labels, options.learning_rate, "adamw", decay),
    ]
