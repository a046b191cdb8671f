"""A family of models as somebody else would add it: the low-rank product of two tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from fe_anndata.models.base import Family, Recipe
from fe_anndata.models.documented import documented
from fe_anndata.models.option import AUTO, option
from fe_anndata.models.options import Options
from fe_anndata.models.trained import Trained
from fe_anndata.training.optimisers import Group
from fe_anndata.training.task import Schedule, Task


@documented
@dataclass(frozen=True)
class Toy(Options):
    """Options of the family ``"toy"``."""

    RENAMED: ClassVar = {"rank": "toy_rank"}

    toy_rank: int | str = option(3, "Number of products that are added.", least=1)
    widths: tuple[int, ...] | None = option(None, "Nothing is done with these sizes.")
    loud: bool = option(False, "Whether it is *loud*, in <b>dB</b>.")
    sizes: tuple[int, ...] = option((4, 2), "More sizes.")
    steps: int = option(5, "Number of steps.", least=1)
    rate: float | None = option(None, "Learning rate; None for 0.1.", above=0)
    kind: str = option(AUTO, "What nobody knows.")


class TrainedToy(Trained):
    def __init__(self, options, u, v):
        self.options, self._u, self._v = options, u, v

    def samples(self):
        return self._u

    def genes(self):
        return self._v

    def arrays(self):
        return {"model": {"nothing": np.zeros(1, dtype=np.float32)}}


class ToyTask(Task):
    def __init__(self, problem, options):
        self._options = options
        self._X = torch.from_numpy(np.asarray(problem.rows.take(np.arange(problem.rows.shape[0]))))
        draw = torch.Generator().manual_seed(problem.seed)
        for name, n in zip(("u", "v"), problem.rows.shape, strict=True):
            table = torch.randn(n, options.toy_rank, generator=draw)
            setattr(self, name, nn.Parameter(table))
        self.parameters = {"u": self.u, "v": self.v}
        self.groups = [Group(self.parameters, options.rate or 0.1)]
        self.schedule = Schedule(options.steps, 1)
        self.steps_per_epoch, self.entries_per_step, self.n_held_out = 1, self._X.numel(), 0

    def backward(self, step):
        loss = ((self._X - self.u @ self.v.T) ** 2).mean()
        loss.backward()
        return float(loss.detach())

    def validation_loss(self):
        return float("nan")

    def finish(self):
        return TrainedToy(self._options, *(p.detach().numpy().copy() for p in (self.u, self.v)))


class ToyFamily(Family):
    name = "toy"
    options = Toy
    recipes: ClassVar = {"default": Recipe("as it is"), "wide": Recipe("wider", {"toy_rank": 7})}

    def task(self, problem, options, facts):
        return ToyTask(problem, options)

    def load(self, options, samples, genes, arrays):
        return TrainedToy(options, samples, genes)
