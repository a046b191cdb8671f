"""The network on (sample, gene) pairs, its first layer split.

``W [u ; v] + b = W_u u + (W_v v + b)``: on a tile of samples x genes the first layer is computed
once per sample and once per gene and added by broadcasting.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}

Layers = Sequence[tuple[Tensor, Tensor]]
"""Weight (out, in) and bias (out,) of each layer, the first one over [u ; v]."""


def pairs(u: Tensor, v: Tensor, layers: Layers, activation: str) -> Tensor:
    """Return the output for each pair of rows of `u` (b, d) and `v` (b, k): (b,)."""
    by_sample, by_gene = _first_layer(u, v, layers)
    return _rest(by_sample + by_gene, layers, activation)


def tile(u: Tensor, v: Tensor, layers: Layers, activation: str) -> Tensor:
    """Return the output for all samples `u` (a, d) with all genes `v` (b, k): (a, b)."""
    by_sample, by_gene = _first_layer(u, v, layers)
    return _rest(by_sample[:, None, :] + by_gene[None, :, :], layers, activation)


def tile_with_tangents(
    u: Tensor, v: Tensor, layers: Layers, activation: str
) -> tuple[Tensor, Tensor]:
    """Return :func:`tile`, (a, b), and its derivatives by each coordinate of u, (a, d, b)."""
    by_sample, by_gene = _first_layer(u, v, layers)
    x = by_sample[:, None, :] + by_gene
    d = u.shape[1]
    along = layers[0][0][:, :d].T.expand(len(u), len(v), -1, -1)  # (a, b, d, h)
    for weight, bias in layers[1:]:
        x = ACTIVATIONS[activation](x)
        slope = x.sign() if activation == "relu" else 1 - x.square()
        along = functional.linear(along * slope[:, :, None], weight)
        x = functional.linear(x, weight, bias)
    return x.squeeze(-1), along.squeeze(-1).mT


def _first_layer(u: Tensor, v: Tensor, layers: Layers) -> tuple[Tensor, Tensor]:
    weight, bias = layers[0]
    d = u.shape[1]
    return functional.linear(u, weight[:, :d]), functional.linear(v, weight[:, d:], bias)


def _rest(x: Tensor, layers: Layers, activation: str) -> Tensor:
    for weight, bias in layers[1:]:
        x = functional.linear(ACTIVATIONS[activation](x), weight, bias)
    return x.squeeze(-1)
