"""The training of GeneRAIN: from a problem and options to a task of the trainer.

A step sees some samples, in pieces of a fixed size whose gradients are added in their order: the
sums do not depend on the number of threads. All that is drawn is named by the seed, the epoch and
the sample, so that nothing but the step has to be known to go on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..._core import processes
from ..._core.log import logger
from ..._core.progress import duration
from ..._core.random import generator
from ..._core.warn import warn_user
from ...kernels.workers import in_parallel, number
from ...training.optimisers import Group
from ...training.order import samples_of_step
from ...training.problem import Problem
from ...training.ranks import normal
from ...training.task import Task
from .. import classes, timetable
from ..continued import PREFIX, require_same
from .continued import Continued
from .corpus import Material, gather
from .finish import finished
from .held_out import HeldOut
from .network import Batch, Network
from .objectives import Losses, objective_of
from .options import GeneRAIN
from .sizes import sized, steps_per_epoch
from .start import begin, components, scores_of
from .timetable import rate
from .trained import TrainedGeneRAIN

PIECE = 2048
"""Tokens of a piece on a processor, about; a GPU takes all at once."""
GAINS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Lengths of hidden states at the start, of which the best is taken."""
LONG = 3600.0
"""Seconds of a training from which on a warning says so."""


def task(problem: Problem, options: GeneRAIN, facts: Mapping[str, float] | None) -> Training:
    """Return the training of a model.

    Raises
    ------
    ValueError
        If the options do not suit the matrix, or a sample tells nothing.
    """
    options = sized(options, problem.rows.shape)
    continued = Continued.of(problem.origin)
    material = gather(problem, options, continued)
    labels = problem.labels
    if labels is not None:
        classes.require_classes(labels, material.training)
    with_body = labels is not None and options.head == "with-body"
    network = Network(options, material.n_genes, classes.number(labels) if with_body else 0)
    origin = {n: v for n, v in (facts or {}).items() if n.startswith(PREFIX)}
    if facts is not None and continued is not None:
        require_same(continued.model, facts)
    if facts is None:
        scores = pca = None
        by_scores = options.start in ("pca", "fe") and "start" not in problem.starts
        if by_scores or len(material.held_out) or continued is not None:
            scores = scores_of(problem, material.training)
            pca = components(scores, options.width)
        if continued is not None:
            assert pca is not None
            drawn = normal(problem.seed, problem.ranks.genes, options.width, "gene vectors")
            names = () if labels is None else labels.classes
            origin = continued.begin(network, material.number, pca, drawn, names)
        else:
            begin(network, problem, options, material.genes, scores, pca)
        held_out = HeldOut.begun(material, options, network.genes.detach().clone(), pca)
    else:
        baselines = {name: v for name, v in facts.items() if name not in origin}
        held_out = HeldOut(material, options, baselines)
    network.to(problem.compute.device)
    training = Training(problem, options, material, network, held_out, origin)
    if facts is None and continued is None:
        training.begin()
    training.announce()
    return training


class Training(Task):
    """The training of a network on lists.

    Parameters
    ----------
    problem, options
        What is learned from, and what was chosen, settled.
    material
        The lists.
    network
        At its start.
    held_out
        What is known of the lists held out.
    origin
        What is known of the model that is continued, if one is.
    """

    def __init__(
        self,
        problem: Problem,
        options: GeneRAIN,
        material: Material,
        network: Network,
        held_out: HeldOut,
        origin: Mapping[str, float],
    ) -> None:
        self.problem, self.options, self.material = problem, options, material
        self.network, self.held_out, self.origin = network, held_out, origin
        self.objective = objective_of(options)
        self.device = problem.compute.device
        self.parameters = dict(network.named_parameters())
        self.groups = _groups(options, self.parameters)
        self.steps_per_epoch = steps_per_epoch(options, len(material.corpus))
        self.schedule = timetable.schedule(options, self.steps_per_epoch)
        self.n_held_out = len(material.held_out)
        self.facts = {**held_out.facts, **origin}
        lists = [min(options.tokens, n) for n in np.diff(material.corpus.starts)]
        self.entries_per_step = int(np.mean(lists) * min(options.minibatch_size, len(lists)))
        by_tokens = max(1, PIECE // options.tokens)
        self.codes = None
        if problem.labels is not None and options.head == "with-body":
            self.codes = torch.from_numpy(problem.labels.codes)
        # Gradients are of sums over genes, divided by their number: a label counts as a list.
        shown = np.mean(lists) * (options.masked if options.objective != "next-gene" else 1)
        self.of_label = options.labels_weight * float(shown)
        self.piece = options.minibatch_size if self.device.type == "cuda" else by_tokens

    def begin(self) -> None:
        """Let hidden states begin as long as suits a few training lists best."""
        gain = self.network.gain
        if gain is None:
            return

        def loss(value: float) -> float:
            with torch.no_grad():
                gain.fill_(value)
            return self._judged(self.material.training[: self.piece])[0]

        best = min(GAINS, key=loss)
        with torch.no_grad():
            gain.fill_(best)

    def backward(self, step: int) -> float:
        """Fill the gradients of a minibatch of lists."""
        samples = self._samples(step)
        drawn = self._drawn(step)
        pieces = [samples[i : i + self.piece] for i in range(0, len(samples), self.piece)]
        own = processes.share(len(pieces))
        total = n_targets = 0.0
        gradients = [torch.zeros_like(p) for p in self.parameters.values()]
        at_once = max(1, number()) if self.device.type == "cpu" else 1
        for first in range(0, len(own), at_once):
            group = own[first : first + at_once]
            found: list[Any] = [None] * len(group)

            def run(i: int, group: list[int] = group, found: list[Any] = found) -> None:
                found[i] = self._gradients(pieces[group[i]], step, group[i], drawn)

            in_parallel(run, len(group))
            for losses, of_piece in found:
                total += float(losses.total.detach())
                n_targets += sum(losses.numbers)
                torch._foreach_add_(gradients, of_piece)
        total, n_targets = processes.summed(gradients, total, n_targets)
        with torch.no_grad():
            torch._foreach_div_(gradients, n_targets)
            for parameter, gradient in zip(self.parameters.values(), gradients, strict=True):
                parameter.grad = gradient
            if self.options.clip:
                nn.utils.clip_grad_norm_(self.parameters.values(), self.options.clip)
        return total / n_targets

    def rate(self, step: int) -> float:
        """Return what learning rates are multiplied with."""
        return rate(self.options, step, self.schedule.steps, self.steps_per_epoch)

    def validation_loss(self) -> float:
        """Return the mean loss of a target of the held-out lists, all genes being candidates."""
        samples = self.material.held_out
        if not len(samples):
            return math.nan
        pieces = [samples[i : i + self.piece] for i in range(0, len(samples), self.piece)]
        sums, counts = np.zeros(len(pieces)), np.zeros(len(pieces))

        def judge(i: int) -> None:
            sums[i], counts[i] = self._judged(pieces[i])

        in_parallel(judge, len(pieces))
        return float(sums.sum() / counts.sum())

    def _judged(self, samples: np.ndarray) -> tuple[float, int]:
        """Return the sum of the losses of the lists of samples, and the number of targets."""
        batch = self.objective.prepared(self._batch(samples, None), None)
        with torch.no_grad():
            with self._precision():
                states = self.network.states(batch)
            losses = self.objective.losses(self.network, states, batch, None)
        return float(losses.each.double().sum()), sum(losses.numbers)

    def finish(self) -> TrainedGeneRAIN:
        """Return the trained model, which embeds the training samples as it will new ones."""
        self.held_out.conclude(self.network.genes.detach().cpu())
        known = {"preprocessing": self.material.unit, "baselines": self.held_out.baselines}
        if self.origin:
            known["origin"] = {name.removeprefix(PREFIX): v for name, v in self.origin.items()}
        return finished(self.problem, self.options, self.material, self.network, known)

    def announce(self) -> None:
        """Say how long the training will take, by a piece of its first step and one embedded."""
        samples, drawn = self._samples(0), self._drawn(0)
        piece, steps = samples[: self.piece], self.schedule.steps
        threads = number() if self.device.type == "cpu" else 1
        of_piece = timetable.seconds(lambda: self._gradients(piece, 0, 0, drawn))
        of_sample = timetable.seconds(lambda: self._judged(piece)) / len(piece)
        evaluations = steps // self.schedule.evaluate_every + 2
        embedded = evaluations * self.n_held_out + len(self.material.corpus)
        expected = of_piece * steps * math.ceil(len(samples) / self.piece / threads)
        expected += of_sample * embedded / threads
        words = duration(expected)
        logger.info(
            "%d steps of %d lists of %d genes will take about %s",
            steps, len(samples), self.options.tokens, words,
        )  # fmt: skip
        if expected > LONG:
            warn_user(
                f"the training will take about {words} on this machine: lower steps or epochs, "
                "tokens, layers or width, or take a GPU; checkpoint= lets it survive."
            )

    def _samples(self, step: int) -> np.ndarray:
        """Return the samples of a step; an epoch sees every training sample once."""
        size, seed = self.options.minibatch_size, self.problem.seed
        return samples_of_step(step, size, self.material.training, seed, "lists")

    def _drawn(self, step: int) -> Tensor | None:
        """Return the genes that stand for all in the softmax of a step."""
        n = self.material.n_genes
        assert isinstance(self.options.negatives, int)
        if not 0 < self.options.negatives < n:
            return None
        rng = generator(self.problem.seed, "negatives", step)
        drawn = np.sort(rng.choice(n, self.options.negatives, replace=False))
        return torch.from_numpy(drawn).to(self.device)

    def _batch(self, samples: np.ndarray, epoch: int | None) -> Batch:
        return self.material.batch(samples, epoch, self.problem).to(self.device)

    def _gradients(
        self, samples: np.ndarray, step: int, piece: int, drawn: Tensor | None
    ) -> tuple[Losses, list[Tensor]]:
        """Return losses of some samples, and the gradients of their sum."""
        seed = self.problem.seed
        batch = self._batch(samples, step // self.steps_per_epoch)
        batch = self.objective.prepared(batch, generator(seed, "hidden", step, piece))
        dropping = torch.Generator(self.device)
        dropping.manual_seed(int(generator(seed, "dropout", step, piece).integers(2**62)))
        with torch.enable_grad():
            with self._precision():
                states = self.network.states(batch, dropping)
            losses = self.objective.losses(self.network, states, batch, drawn)
            total = losses.total
            if self.codes is not None:
                pooled = self.network.pooled(states, batch.lengths)
                codes = self.codes[samples].to(self.device)
                total = total + self.of_label * classes.loss(self.network, pooled, codes)
            parameters = list(self.parameters.values())
            found = torch.autograd.grad(total, parameters, allow_unused=True)
        return losses, [
            torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)
        ]

    def _precision(self) -> Any:
        if self.problem.compute.precision != "bf16":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


def _groups(options: GeneRAIN, parameters: dict[str, nn.Parameter]) -> list[Group]:
    tables = {n: p for n, p in parameters.items() if n == "genes"}
    rest = {n: p for n, p in parameters.items() if n not in tables}
    decay = options.weight_decay
    return [
        Group(tables, options.table_learning_rate, "adamw", decay),
        Group(rest, options.learning_rate, "adamw", decay),
    ]
