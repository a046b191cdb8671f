"""Optimisers by name, over groups of parameters with a learning rate each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ..kernels.workers import in_parallel
from .stored import require_array

MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5


@dataclass(frozen=True)
class Group:
    """Parameters that move alike.

    Attributes
    ----------
    parameters
        By name, under which their moments are kept.
    rate
        Learning rate.
    method
        ``"adam"``, ``"adamw"``, ``"rmsprop"``, ``"muon"`` for matrices, or ``"sparse_adam"`` for
        tables of which a step sees some rows: the others stay as they are, and so do their moments.
    decay
        What parameters of AdamW lose of themselves in a step, in units of the learning rate;
        matrices of Muon times the fraction of the variance that is unexplained.
    """

    parameters: Mapping[str, nn.Parameter]
    rate: float
    method: Literal["adam", "adamw", "rmsprop", "muon", "sparse_adam"] = "adam"
    decay: float = 0.0


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal (Jordan et al., 2024), in float32.

    torch.optim.Muon multiplies in bfloat16, which processors without it do in software, 50 times
    slower; for matrices of this size float32 costs little anywhere.

    Parameters
    ----------
    params
        Matrices, or groups of them.
    lr
        Learning rate: the spectral norm of a step on a matrix that is not taller than wide.
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3) -> None:
        super().__init__(params, {"lr": lr, "decay": 0.0})

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every matrix; ``decay`` times the rate is what it loses of itself before."""
        _together(self.moves())

    def moves(self) -> list[Callable[[], None]]:
        """Return the moves of the matrices, the longest first."""
        moved = [(p, group) for group in self.param_groups for p in group["params"]]
        moved = [(p, group) for p, group in moved if p.grad is not None]
        moved.sort(key=lambda pair: -pair[0].numel())
        return [partial(self._move, *pair) for pair in moved]

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
    in_parallel(lambda i: moves[i](), len(moves))


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


_METHODS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "muon": lambda groups: Muon(groups),
    "sparse_adam": lambda groups: torch.optim.SparseAdam(groups),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, alpha=0.99),
    "adam": lambda groups: torch.optim.Adam(groups, fused=True),
    "adamw": lambda groups: torch.optim.AdamW(groups, fused=True),
}

_MOMENTS = {
    "muon": ("momentum",),
    "sparse_adam": ("step", "exp_avg", "exp_avg_sq"),
    "rmsprop": ("step", "square_avg"),
    "adam": ("step", "exp_avg", "exp_avg_sq"),
    "adamw": ("step", "exp_avg", "exp_avg_sq"),
}
"""What each keeps of a parameter."""


class Optimisers:
    """Torch's optimisers, one per method, that step together; their state as named arrays.

    Parameters
    ----------
    groups
        What moves, and how.
    l2
        Weight of the sum of squares of all parameters in the loss.
    """

    def __init__(self, groups: Sequence[Group], l2: float = 0.0) -> None:
        self.l2 = l2
        self.parameters = {name: p for group in groups for name, p in group.parameters.items()}
        self.optimisers: list[torch.optim.Optimizer] = []
        self._groups: list[list[Group]] = []
        for method, make in _METHODS.items():
            alike = [group for group in groups if group.method == method and group.parameters]
            if alike:
                given = [{"params": list(g.parameters.values()), "lr": g.rate} for g in alike]
                self.optimisers.append(make(given))
                self._groups.append(alike)

    def step(self, factor: float, unexplained: float = 1.0) -> None:
        """Move the parameters along their gradients, at `factor` times the learning rates.

        The matrices of Muon decay in proportion to the `unexplained` fraction of the variance:
        what the data do not tell, noise must not.
        """
        for parameter in self.parameters.values():
            if self.l2 and parameter.grad is not None:
                parameter.grad = _penalised(parameter.detach(), parameter.grad, self.l2)
        for optimiser, alike in zip(self.optimisers, self._groups, strict=True):
            method = alike[0].method
            for settings, group in zip(optimiser.param_groups, alike, strict=True):
                settings["lr"] = group.rate * factor
                if isinstance(optimiser, Muon):
                    settings["decay"] = group.decay * unexplained
                elif method == "adamw":
                    settings["weight_decay"] = group.decay
        # The largest matrix of Muon takes longest, so all else runs on other threads meanwhile.
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

    def load_state(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Set the moments from what :meth:`state` returned.

        Raises
        ------
        ValueError
            If they are not those of these parameters.
        """
        by_name: dict[str, dict[str, np.ndarray]] = {name: {} for name in self.parameters}
        for key, array in arrays.items():
            of, _, moment = key.rpartition(":")
            if of not in by_name:
                raise ValueError(
                    f"state['moments'][{key!r}] of the run belongs to no parameter of its model: "
                    "it is damaged; begin again."
                )
            by_name[of][moment] = array
        for optimiser, alike in zip(self.optimisers, self._groups, strict=True):
            wanted = _MOMENTS[alike[0].method]
            for group in alike:
                for name, parameter in group.parameters.items():
                    found = by_name[name]
                    # Before its first step a parameter has none.
                    for moment in wanted if found else ():
                        what = f"state['moments'][{f'{name}:{moment}'!r}]"
                        shape = (1,) if moment == "step" else tuple(parameter.shape)
                        require_array(found.get(moment), shape, what)
                    whole = isinstance(optimiser, torch.optim.SparseAdam)
                    optimiser.state[parameter] = {
                        moment: _moment(found[moment], parameter, moment == "step", whole)
                        for moment in (wanted if found else ())
                    }


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


def _moment(array: np.ndarray, parameter: Tensor, is_count: bool, whole: bool) -> Any:
    if is_count:
        # Adam counts in tensors without dimension, SparseAdam in whole numbers.
        count = float(array.item())
        return int(count) if whole else torch.tensor(count, device=parameter.device)
    return torch.from_numpy(np.array(array)).to(parameter)
