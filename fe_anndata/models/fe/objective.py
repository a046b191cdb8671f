"""What the trainings of factorized embeddings share: groups of parameters, and their end.

Gradients are those of the standardised error (divided by scale^2), so that learning rates mean the
same whatever the units; losses are mean squared errors in the units of the matrix.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from torch import nn

from ..._core import processes
from ...training.optimisers import Group
from ...training.task import Task
from .finish import finish
from .options import FE
from .setting import Setting
from .trained import TrainedFE

REST_OF_MUON = 0.1
"""Rate of what is in no matrix and no table, as a fraction of that of Muon beside it."""


class Objective(Task):
    """A training of factorized embeddings.

    Parameters
    ----------
    setting
        What it is set up with.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting, self.model, self.options = setting, setting.model, setting.options
        self.ranks, self.seed = setting.problem.ranks, setting.problem.seed
        self.l2 = setting.options.l2
        self.parameters = dict(setting.model.named_parameters())
        if setting.naming is not None:
            self.parameters |= dict(setting.naming.head.named_parameters())
        if setting.tables is not None:
            self.parameters |= setting.tables.by_name
        self.groups = _groups(setting)
        self.facts = {"sample_noise": setting.sample_noise}
        self.n_held_out = int(processes.total(len(setting.holdout.entries))[0])
        self.of_samples, self.own = frozenset({"samples"}), self.ranks.own

    def table(self) -> np.ndarray:
        """Return the sample table."""
        table: np.ndarray = processes.gathered(self.model.sample_vectors()).cpu().numpy().copy()
        return table

    def finish(self) -> TrainedFE:
        """Return the trained model."""
        return finish(self.setting)


def _groups(setting: Setting) -> list[Group]:
    """Return the tables, the network's matrices and the rest, each with its optimiser and rate."""
    options, model = setting.options, setting.model
    parameters = dict(model.named_parameters())
    network = {n: p for n, p in parameters.items() if n.startswith("decoder.")}
    rate, method = float(options.learning_rate), options.optimizer
    beside: Literal["adam", "rmsprop"] = "rmsprop" if method == "rmsprop" else "adam"
    of_tables: Literal["adam", "rmsprop", "sparse_adam"] = (
        "sparse_adam" if row_wise(options) else beside
    )
    matrices = _matrices(network) if method == "muon" else {}
    rest = {n: p for n, p in network.items() if n not in matrices}
    samples = {"samples": model.samples}
    if setting.tables is not None:
        samples = setting.tables.by_name
    head = {} if setting.naming is None else dict(setting.naming.head.named_parameters())
    return [
        Group(matrices, rate, "muon", float(options.weight_decay)),
        Group(samples, _rate(options.sample_learning_rate, rate), of_tables),
        Group({"genes": model.genes}, _rate(options.gene_learning_rate, rate), of_tables),
        Group(rest, REST_OF_MUON * rate if method == "muon" else rate, beside),
        Group(head, rate, beside),
    ]


def row_wise(options: FE) -> bool:
    """Return whether a step moves only those rows of the tables that it has seen."""
    tiles = options.decoder == "concat" and options.minibatch == "tiles"
    return tiles and options.optimizer != "rmsprop"


def _rate(own: float | str | None, other: float) -> float:
    return other if own is None else float(own)


def _matrices(network: dict[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    """Return the weight matrices of MLPs; a last layer with a single row is none."""
    return {n: p for n, p in network.items() if "mlp" in n and p.ndim == 2 and p.shape[0] > 1}
