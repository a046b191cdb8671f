"""The sample side of the inner decoder and its gradients, by hand.

``phi(u) = A u + MLP([u, sin(u B), cos(u B)])``. Between two solutions for the genes a step is
little but this, on few numbers, so that what autograd keeps account of would be a good part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

BEND = 0.05
"""Output of a unit at which its slope is 1. That of ReLU jumps at zero, and where rounding decides
on which side a unit is, Muon makes a whole step of it. So the slope of a step rises from 0 to 1."""


@dataclass(frozen=True)
class Phi:
    """The function, as tensors.

    Attributes
    ----------
    linear
        A, (k, d).
    layers
        Weight and bias of each layer of the MLP; if there is none, the linear path is all.
    frequencies
        B, (d, n_frequencies).
    activation
        ``"relu"`` or ``"tanh"``.
    """

    linear: Tensor
    layers: list[tuple[Tensor, Tensor]]
    frequencies: Tensor
    activation: str

    def __call__(self, u: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return phi(u), (n, k), and the input of each layer. Autograd can follow it, too."""
        linear = u @ self.linear.T
        if not self.layers:
            return linear, []
        angles = u @ self.frequencies
        inputs = [torch.cat([u, angles.sin(), angles.cos()], dim=1)]
        for weight, bias in self.layers[:-1]:
            z = torch.addmm(bias, inputs[-1], weight.T)
            inputs.append(z.relu_() if self.activation == "relu" else z.tanh_())
        weight, bias = self.layers[-1]
        return linear + torch.addmm(bias, inputs[-1], weight.T), inputs

    def with_tangents(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return phi(u), (n, k), and its derivatives by each coordinate, (n, d, k)."""
        P, inputs = self(u)
        if not self.layers:
            return P, self.linear.T.expand(len(u), -1, -1)
        d, f = self.frequencies.shape
        _, sin, cos = torch.split(inputs[0], [d, f, f], dim=1)
        itself = torch.eye(d, dtype=u.dtype, device=u.device).expand(len(u), d, d)
        turning = [cos[:, None] * self.frequencies, -sin[:, None] * self.frequencies]
        along = torch.cat([itself, *turning], dim=2) @ self.layers[0][0].T
        for (weight, _), x in zip(self.layers[1:], inputs[1:], strict=True):
            slope = x.sign() if self.activation == "relu" else 1 - x.square()
            along = (along * slope[:, None]) @ weight.T
        return P, along + self.linear.T

    def gradients(
        self, gradient: Tensor, inputs: list[Tensor], u: Tensor, counted: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the gradient of u, and those of A and of every weight and bias.

        Units of ReLU that are hardly on have a share of their gradient (``BEND``).

        Parameters
        ----------
        gradient
            That of phi(u), (n, k).
        inputs
            What came with phi(u); overwritten.
        u
            (n, d).
        counted
            (n, 1), 1 for samples that shape what is shared, 0 for the others; None if all do.
        """
        # With the few dimensions of u as rows: as columns they take several times as long.
        of_u = (self.linear.T @ gradient.T).T
        shared: list[Tensor] = []

        def shaping(gradient: Tensor) -> Tensor:
            return gradient if counted is None else gradient * counted

        of_linear = (u.T @ shaping(gradient)).T
        for (weight, _), x in zip(reversed(self.layers), reversed(inputs), strict=True):
            counts = shaping(gradient)
            shared += [counts.sum(0), counts.T @ x]
            gradient = gradient @ weight
            if x is not inputs[0]:
                # The slope, in the place of the activation, which has served.
                is_relu = self.activation == "relu"
                slope = x.div_(BEND).clamp_(max=1) if is_relu else x.square_().neg_().add_(1)
                gradient.mul_(slope)
        if self.layers:
            d, f = self.frequencies.shape
            _, sin, cos = torch.split(inputs[0], [d, f, f], dim=1)
            of_itself, of_sin, of_cos = torch.split(gradient, [d, f, f], dim=1)
            of_u.add_(of_itself).addmm_(of_sin * cos - of_cos * sin, self.frequencies.T)
        return of_u, [of_linear, *reversed(shared)]
