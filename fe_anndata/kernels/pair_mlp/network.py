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
    by_sample = functional.linear(u, layers[0][0][:, : u.shape[1]])
    return _rest(by_sample + gene_side(v, layers, u.shape[1]), layers, activation)


def gene_side(v: Tensor, layers: Layers, d: int) -> Tensor:
    """Return what genes `v` (b, k) add to the first layer, (b, h), beside samples of length d."""
    weight, bias = layers[0]
    return functional.linear(v, weight[:, d:], bias)


def tile(u: Tensor, by_gene: Tensor, layers: Layers, activation: str) -> Tensor:
    """Return the output for all samples `u` (a, d) with all genes, by their side: (a, b)."""
    by_sample = functional.linear(u, layers[0][0][:, : u.shape[1]])
    return _rest(by_sample[:, None, :] + by_gene[None, :, :], layers, activation)


def tile_with_tangents(
    u: Tensor, by_gene: Tensor, layers: Layers, activation: str
) -> tuple[Tensor, Tensor]:
    """Return :func:`tile`, (a, b), and its derivatives by each coordinate of u, (a, d, b)."""
    of_samples = layers[0][0][:, : u.shape[1]]
    x = functional.linear(u, of_samples)[:, None, :] + by_gene
    along = None
    for weight, bias in layers[1:]:
        x = ACTIVATIONS[activation](x)
        slope = (x > 0).to(x.dtype) if activation == "relu" else 1 - x.square()
        if along is None:
            # Before the first activation, the derivatives are the samples' weights, the same for
            # all entries. So it is cheaper to multiply them into the next weights than into the
            # slopes of every entry.
            folded = of_samples.T[:, None, :] * weight  # (d, h', h)
            along = functional.linear(slope, folded.flatten(0, 1))
            along = along.view(*slope.shape[:2], *folded.shape[:2])  # (a, b, d, h')
        else:
            along = functional.linear(along * slope[:, :, None], weight)
        x = functional.linear(x, weight, bias)
    if along is None:
        along = of_samples.T.expand(len(u), len(by_gene), -1, -1)
    return x.squeeze(-1), along.squeeze(-1).mT


def _rest(x: Tensor, layers: Layers, activation: str) -> Tensor:
    for weight, bias in layers[1:]:
        x = functional.linear(ACTIVATIONS[activation](x), weight, bias)
    return x.squeeze(-1)
