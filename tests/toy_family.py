"""The smallest family: all that one is, in one file.

The model is the mean of each gene, a sample is the mean of its deviations from them. Learning the
means by steps is roundabout, and is here so that there is something to stop and to continue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from fe_anndata import models
from fe_anndata.models.base import Family, Recipe
from fe_anndata.models.documented import documented
from fe_anndata.models.option import option
from fe_anndata.models.options import Options
from fe_anndata.models.trained import Placed, Trained
from fe_anndata.training.optimisers import Group
from fe_anndata.training.problem import Problem
from fe_anndata.training.task import Schedule, Task


@documented
@dataclass(frozen=True)
class Toy(Options):
    """Options of the toy family."""

    steps: int = option(20, "At most so many steps.", least=1)
    rate: float = option(0.1, "Learning rate, in units of the matrix.", above=0)
    mood: str = option("good", "Has no effect.")


class TrainedToy(Trained):
    """Means of the genes, and the mean deviation of each sample."""

    def __init__(self, options: Toy, samples: np.ndarray, means: np.ndarray) -> None:
        self.options, self._samples, self.means = options, samples, means

    def samples(self) -> np.ndarray:
        return self._samples

    def genes(self) -> np.ndarray:
        return self.means[:, None]

    def arrays(self) -> dict[str, dict[str, Any]]:
        return {"model": {"twice": 2 * self.means}}

    def placing(self, known: np.ndarray) -> Callable[[np.ndarray], Placed]:
        def place(X: np.ndarray) -> Placed:
            u = np.nanmean(X - self.means[known], axis=1, keepdims=True)
            return Placed(u.astype(np.float32), None, np.isfinite(X).sum(axis=1), {})

        return place

    @property
    def can_decode(self) -> bool:
        return True

    def decode(self, u: np.ndarray, genes: np.ndarray) -> np.ndarray:
        return np.asarray(u + self.means[genes], dtype=np.float32)

    def decode_pairs(self, samples: np.ndarray, genes: np.ndarray) -> np.ndarray:
        return self._samples[samples, 0] + self.means[genes]


class ToyTask(Task):
    """Means of the genes by gradient descent."""

    n_held_out, steps_per_epoch = 0, 1

    def __init__(self, problem: Problem, options: Toy) -> None:
        self.problem, self.options = problem, options
        self.target = torch.from_numpy(problem.audit.sums / problem.audit.observed).float()
        self.means = nn.Parameter(torch.zeros(len(self.target)))
        self.parameters = {"means": self.means}
        self.groups = [Group(self.parameters, options.rate)]
        self.schedule = Schedule(options.steps, evaluate_every=5)
        self.entries_per_step = int(problem.audit.observed.sum())

    def backward(self, step: int) -> float:
        loss = (self.means - self.target).square().mean()
        loss.backward()
        return float(loss)

    def validation_loss(self) -> float:
        return float("nan")

    def finish(self) -> TrainedToy:
        means = self.means.detach().numpy().copy()
        placing = TrainedToy(self.options, np.empty((0, 1)), means).placing(np.arange(len(means)))
        placed = [
            placing(np.asarray(X.todense()) if hasattr(X, "todense") else X).u
            for _, X in self.problem.rows.blocks()
        ]
        return TrainedToy(self.options, np.concatenate(placed), means)


class ToyFamily(Family):
    """The family "toy"."""

    name = "toy"
    options = Toy
    recipes: Mapping[str, Recipe] = {"default": Recipe(""), "slow": Recipe("", {"rate": 0.01})}
    per_gene = frozenset({"model/twice"})

    def task(self, problem: Problem, options: Options, facts: Any) -> ToyTask:
        assert isinstance(options, Toy)
        return ToyTask(problem, options)

    def load(self, options: Options, samples: Any, genes: Any, arrays: Any) -> TrainedToy:
        assert isinstance(options, Toy)
        np.testing.assert_array_equal(arrays["model"]["twice"], 2 * genes[:, 0])
        return TrainedToy(options, samples, genes[:, 0])


FAMILY = ToyFamily()


def register() -> None:
    """Make the family known."""
    models.register(FAMILY)
