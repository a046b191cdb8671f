"""Optimisers by name, with a learning rate each for the network and the two tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..kernels.workers import share
from ..models.factorized import Factorized
from .config import Config

MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal (Jordan et al., 2024), in float32.

    torch.optim.Muon multiplies in bfloat16, which processors without it do in software, 50 times
    slower; for matrices of this size float32 costs little anywhere.

    Parameters
    ----------
    params
        Matrices.
    lr
        Learning rate: the spectral norm of a step on a matrix that is not taller than wide.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(params, {"lr": lr, "decay": 0.0})

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every matrix; ``decay`` times the rate is what it loses of itself before."""
        _together(self.moves())

    def moves(self) -> list[Callable[[], None]]:
        """Return the moves of the matrices, the longest first."""
        moved = [(p, group) for group in self.param_groups for p in group["params"]]
        moved = [(p, group) for p, group in moved if p.grad is not None]
        moved.sort(key=lambda each: -each[0].numel())
        return [partial(self._move, *each) for each in moved]

    @torch.no_grad()
    def _move(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        parameter.mul_(max(0.0, 1 - group["lr"] * group["decay"]))
        rows, columns = parameter.shape
        direction = _orthogonal(gradient.lerp(momentum, MOMENTUM))
        parameter.add_(direction, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)


def _together(moves: list[Callable[[], None]]) -> None:
    share(lambda i: moves[i](), len(moves))


def _orthogonal(matrix: Tensor) -> Tensor:
    """Return a matrix with the same singular vectors and singular values near 1."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp_min(1e-30)
    for _ in range(NEWTON_SCHULZ_STEPS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class Optimiser:
    """One or two torch optimisers that step together, and their state as named arrays.

    Muon is for the weight matrices of networks alone; beside it Adam takes all else, what is not
    in a table at a tenth of its rate. If a step sees only some rows of the tables
    (``config.row_wise``), the others stay as they are, and so do their moments.

    Parameters
    ----------
    model, config
        What is trained, and how.
    """

    def __init__(self, model: Factorized, config: Config) -> None:
        self.l2 = config.l2
        self.parameters = dict(model.named_parameters())
        network = {n: p for n, p in self.parameters.items() if n.startswith("decoder.")}
        self.weight_decay = config.weight_decay
        rate = config.learning_rate
        tables: list[dict[str, Any]] = [
            {"params": [model.samples], "lr": _rate(config.sample_learning_rate, rate)},
            {"params": [model.genes], "lr": _rate(config.gene_learning_rate, rate)},
        ]
        others = {"params": list(network.values()), "lr": rate}
        self.optimisers: list[torch.optim.Optimizer] = []
        if config.optimizer == "muon":
            matrices = _matrices(network)
            others = {
                "params": [p for n, p in network.items() if n not in matrices],
                "lr": rate / 10,
            }
            if matrices:
                self.optimisers.append(Muon(matrices.values(), lr=rate))
        if config.row_wise:
            self.optimisers.append(torch.optim.SparseAdam(tables))
            tables = []
        groups = [group for group in [*tables, others] if group["params"]]
        if config.optimizer == "rmsprop":
            self.optimisers.append(torch.optim.RMSprop(groups, alpha=0.99))
        elif groups:
            self.optimisers.append(torch.optim.Adam(groups, fused=True))
        self._rates = [[g["lr"] for g in o.param_groups] for o in self.optimisers]

    def step(self, factor: float, unexplained: float = 1.0) -> None:
        """Move the parameters along their gradients, at `factor` times the learning rates.

        The matrices of Muon decay in proportion to the `unexplained` share of the variance: what
        the data do not tell, noise must not.
        """
        for parameter in self.parameters.values():
            if self.l2 and parameter.grad is not None:
                parameter.grad = _penalised(parameter.detach(), parameter.grad, self.l2)
        for optimiser, rates in zip(self.optimisers, self._rates, strict=True):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * factor
                if isinstance(optimiser, Muon):
                    group["decay"] = self.weight_decay * unexplained
        # Beside the largest matrix of Muon all the rest has time.
        _together(
            [
                move
                for optimiser in self.optimisers
                for move in (optimiser.moves() if isinstance(optimiser, Muon) else [optimiser.step])
            ]
        )
        for parameter in self.parameters.values():
            parameter.grad = None

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of all moments as ``{"parameter:moment": array}``."""
        return {
            f"{name}:{moment}": np.atleast_1d(torch.as_tensor(value).cpu().numpy().copy())
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


def _rate(own: float | str | None, other: float) -> float:
    return other if own is None else float(own)


def _matrices(network: dict[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    """Return the weight matrices of MLPs; a last layer with a single row is none."""
    return {n: p for n, p in network.items() if "mlp" in n and p.ndim == 2 and p.shape[0] > 1}


def _penalised(parameter: Tensor, gradient: Tensor, l2: float) -> Tensor:
    """Add the gradient of l2 times the sum of squares, before any rescaling."""
    if not gradient.is_sparse:
        return gradient.add_(parameter, alpha=2 * l2)
    # A row feels its penalty when it is visited, for all the steps in which it is not.
    rows = gradient.indices()[0]
    every = len(parameter) / len(rows)
    values = gradient.values() + 2 * l2 * every * parameter[rows]
    return torch.sparse_coo_tensor(
        gradient.indices(), values, gradient.shape, is_coalesced=True, check_invariants=False
    )


def _moment(name: str, array: np.ndarray, parameter: Tensor) -> Any:
    if name == "step":
        # Adam counts in tensors without dimension, SparseAdam in whole numbers.
        count = array.reshape(())[()]
        return (
            int(count) if array.dtype.kind == "i" else torch.tensor(count, device=parameter.device)
        )
    return torch.from_numpy(np.array(array)).to(parameter.device)
