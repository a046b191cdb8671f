"""What every kernel of the pair network computes.

A kernel is a function ``loss_and_gradients(u, v, layers, activation, values, bounds)``:

u, v
    Float32 vectors of the samples (a, d) and of the genes (b, k) of a tile.
layers
    Weight (out, in) and bias (out,) of each layer, the first one over [u ; v], the last one with
    a single row. There may be no hidden layer.
activation
    ``"relu"`` or ``"tanh"``, after every layer but the last.
values
    What to predict, float32 (a, b). NaN marks an entry that does not count.
bounds
    None for a linear output; ``(minimum, maximum)`` for
    ``minimum + (maximum - minimum) * sigmoid(y)``.

It returns :class:`Gradients` of the mean squared error over the entries that count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from .network import Layers


@dataclass(frozen=True)
class Gradients:
    """Mean squared error of the entries that count, and its gradients.

    Attributes
    ----------
    loss
        The error; NaN if no entry counts.
    u, v
        Gradients of the sample and gene vectors, (a, d) and (b, k); zero if no entry counts.
    layers
        Gradients of each weight and bias.
    """

    loss: float
    u: Tensor
    v: Tensor
    layers: list[tuple[Tensor, Tensor]]


class Kernel(Protocol):
    """The type of a kernel."""

    def __call__(
        self,
        u: Tensor,
        v: Tensor,
        layers: Layers,
        activation: str,
        values: Tensor,
        bounds: tuple[float, float] | None = None,
    ) -> Gradients:
        """Return loss and gradients on a tile."""
        ...
