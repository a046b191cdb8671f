"""The steps of a training on counts: what each sees, and how the gradients of its pieces add up.

A step sees some samples, in pieces of a fixed size whose gradients are added in their order: the
sums do not depend on the number of threads. All that is drawn is named by the seed, the epoch and
the sample, so that nothing but the step has to be known to go on.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..._core import processes
from ..._core.log import logger
from ..._core.progress import duration
from ..._core.warn import warn_user
from ...kernels.workers import in_parallel, number
from ...training.order import samples_of_step
from ...training.problem import Problem
from ...training.task import Task
from .. import timetable
from .material import Samples
from .options import Exceiver
from .sizes import steps_per_epoch

PIECE = 32
"""Samples of a piece on a processor; a GPU takes all at once."""
LONG = 3600.0
"""Seconds of a training from which on a warning says so."""


class Steps(Task):
    """The training of a network on counts, whatever it is; what is left are its gradients.

    Parameters
    ----------
    problem, options
        What is learned from, and what was chosen, settled.
    material
        The counts.
    network
        At its start.
    """

    material: Samples
    network: nn.Module

    def __init__(
        self, problem: Problem, options: Exceiver, material: Samples, network: nn.Module
    ) -> None:
        self.problem, self.options, self.material = problem, options, material
        self.network, self.device = network, problem.compute.device
        self.parameters = dict(network.named_parameters())
        self.steps_per_epoch = steps_per_epoch(options, len(material.counts))
        # Ours has a timetable of its own.
        self.schedule = timetable.schedule(options, self.steps_per_epoch, options.warm_up_steps)
        self.n_held_out = len(material.held_out)
        size = min(options.minibatch_size, len(material.training))
        self.entries_per_step = size * material.n_genes
        self.piece = options.minibatch_size if self.device.type == "cuda" else PIECE

    def tables(self) -> list[Tensor]:
        """Return what is computed of parameters once for all pieces of a step."""
        return []

    @abstractmethod
    def gradients(
        self, samples: np.ndarray, step: int, leaves: list[Tensor]
    ) -> tuple[float, float, tuple[Tensor | None, ...]]:
        """Return the loss of a piece, what it is divided by, and its gradients.

        These are of `leaves`, which stand for :meth:`tables`, and then of all parameters.
        """

    @abstractmethod
    def judged(self, samples: np.ndarray, tables: list[Tensor]) -> tuple[float, float]:
        """Return the loss of held-out samples, and what it is divided by."""

    def backward(self, step: int) -> float:
        """Fill the gradients of a minibatch of samples."""
        samples = self.samples(step)
        pieces = [samples[i : i + self.piece] for i in range(0, len(samples), self.piece)]
        own = processes.share(len(pieces))
        with torch.enable_grad():
            tables = self.tables()
        # Pieces see the tables as they are; what reaches them goes back through them once.
        leaves = [table.detach().requires_grad_() for table in tables]
        found: list[Any] = [None] * len(own)

        def run(i: int) -> None:
            found[i] = self.gradients(pieces[own[i]], step, leaves)

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

    def validation_loss(self) -> float:
        """Return the mean loss of a target of the held-out samples, of which genes are hidden."""
        samples = self.material.held_out
        if not len(samples):
            return math.nan
        pieces = [samples[i : i + self.piece] for i in range(0, len(samples), self.piece)]
        sums, counts = np.zeros(len(pieces)), np.zeros(len(pieces))
        with torch.no_grad():
            tables = self.tables()

        @torch.no_grad()
        def judge(i: int) -> None:
            sums[i], counts[i] = self.judged(pieces[i], tables)

        in_parallel(judge, len(pieces))
        return float(sums.sum() / max(counts.sum(), 1.0))

    def announce(self) -> None:
        """Say how long the training will take, by a piece of its first step."""
        piece, steps = self.samples(0)[: self.piece], self.schedule.steps
        threads = number() if self.device.type == "cpu" else 1
        with torch.no_grad():
            leaves = [t.requires_grad_() for t in self.tables()]
        taken = timetable.seconds(lambda: self.gradients(piece, 0, leaves))
        n_pieces = math.ceil(self.options.minibatch_size / self.piece / threads)
        expected = taken * (n_pieces + 0.5) * steps
        words = duration(expected)
        logger.info(
            "%d steps of %d samples of %d genes will take about %s",
            steps, self.options.minibatch_size, self.material.n_genes, words,
        )  # fmt: skip
        if expected > LONG:
            warn_user(
                f"the training will take about {words} on this machine: lower steps or epochs, or "
                "take a GPU; checkpoint= lets it survive."
            )

    def samples(self, step: int) -> np.ndarray:
        """Return the samples of a step; an epoch sees every training sample once."""
        size, seed = self.options.minibatch_size, self.problem.seed
        return samples_of_step(step, size, self.material.training, seed, "samples")
