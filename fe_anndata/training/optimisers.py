"""Optimisers by name, with a learning rate each for the network and the two tables."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..models.factorized import Factorized
from .config import Config


class Optimiser:
    """One or two torch optimisers that step together, and their state as named arrays.

    Muon is for the weight matrices between layers alone; beside it Adam takes all else, the
    biases and the last layer at a tenth of its rate.

    Parameters
    ----------
    model, config
        What is trained, and how.
    """

    def __init__(self, model: Factorized, config: Config) -> None:
        self.l2 = config.l2
        self.parameters = dict(model.named_parameters())
        network = {n: p for n, p in self.parameters.items() if n.startswith("decoder.")}
        rate = config.learning_rate
        groups = [
            {"params": [model.samples], "lr": config.sample_learning_rate or rate},
            {"params": [model.genes], "lr": config.gene_learning_rate or rate},
        ]
        self.optimisers: list[torch.optim.Optimizer] = []
        if config.optimizer == "muon":
            matrices = _between_layers(network)
            others = [p for n, p in network.items() if n not in matrices]
            if matrices:
                muon = torch.optim.Muon(list(matrices.values()), lr=rate, weight_decay=0.0)
                self.optimisers.append(muon)
            groups.append({"params": others, "lr": rate / 10})
        else:
            groups.append({"params": list(network.values()), "lr": rate})
        groups = [group for group in groups if group["params"]]
        if config.optimizer == "rmsprop":
            self.optimisers.append(torch.optim.RMSprop(groups, alpha=0.99))
        else:
            self.optimisers.append(torch.optim.Adam(groups))
        self._rates = [[g["lr"] for g in o.param_groups] for o in self.optimisers]

    def step(self, factor: float) -> None:
        """Move the parameters along their gradients, at `factor` times the learning rates."""
        with torch.no_grad():
            for parameter in self.parameters.values():
                if self.l2 and parameter.grad is not None:
                    # The gradient of l2 times the sum of squares, before any rescaling.
                    parameter.grad.add_(parameter, alpha=2 * self.l2)
        for optimiser, rates in zip(self.optimisers, self._rates, strict=True):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimiser.step()
            optimiser.zero_grad()

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of all moments as ``{"parameter:moment": array}``."""
        return {
            f"{name}:{moment}": np.atleast_1d(value.cpu().numpy().copy())
            for name, parameter in self.parameters.items()
            for optimiser in self.optimisers
            for moment, value in optimiser.state.get(parameter, {}).items()
        }

    def load_state(self, arrays: dict[str, np.ndarray]) -> None:
        """Set the moments from what :meth:`state` returned."""
        for name, parameter in self.parameters.items():
            for optimiser in self.optimisers:
                if not any(parameter is p for g in optimiser.param_groups for p in g["params"]):
                    continue
                optimiser.state[parameter] = {
                    moment: _moment(moment, array, parameter)
                    for key, array in arrays.items()
                    for of, _, moment in [key.rpartition(":")]
                    if of == name
                }


def _between_layers(network: dict[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    """Return the weight matrices but the last layer's, which has a single row."""
    return {n: p for n, p in network.items() if p.ndim == 2 and p.shape[0] > 1}


def _moment(name: str, array: np.ndarray, parameter: Tensor) -> Tensor:
    value = torch.from_numpy(np.array(array))
    # torch keeps step counters, which have no dimension, on the CPU.
    return value.reshape(()) if name == "step" else value.to(parameter.device)
