"""Loss and gradients of the pair network on a tile, by autograd: the numerics of record."""

from __future__ import annotations

import torch
from torch import Tensor

from .gradients import Gradients
from .network import Layers, gene_side, tile


@torch.enable_grad()  # as other kernels, it can be called where gradients are off
def loss_and_gradients(
    u: Tensor,
    v: Tensor,
    layers: Layers,
    activation: str,
    values: Tensor,
    bounds: tuple[float, float] | None = None,
    *,
    precision: str = "float32",
) -> Gradients:
    """Return the mean squared error and its gradients; see :mod:`.gradients`.

    With precision ``"bf16"`` the operands of matrix products and the activations are bfloat16;
    parameters, their gradients, errors and the loss are not.
    """
    leaves = [u, v, *(tensor for layer in layers for tensor in layer)]
    leaves = [leaf.detach().requires_grad_() for leaf in leaves]
    u, v, flat = leaves[0], leaves[1], leaves[2:]
    # Entered even for float32: else an autocast around this call would have an effect.
    with torch.autocast(u.device.type, torch.bfloat16, enabled=precision == "bf16"):
        layers = list(zip(flat[::2], flat[1::2], strict=True))
        predicted = tile(u, gene_side(v, layers, u.shape[1]), layers, activation)
    predicted = predicted.to(u.dtype)
    if bounds is not None:
        minimum, maximum = bounds
        predicted = minimum + (maximum - minimum) * torch.sigmoid(predicted)
    seen = ~values.isnan()
    # Entries that do not count are filled with zeros; where() passes no gradient to them.
    errors = torch.where(seen, predicted - values.nan_to_num(), 0.0).square()
    n = int(seen.sum())
    by_leaf = torch.autograd.grad(errors.sum() / max(n, 1), leaves)
    loss = float(errors.detach().double().sum()) / n if n else float("nan")
    weights = list(zip(by_leaf[2::2], by_leaf[3::2], strict=True))
    return Gradients(loss, by_leaf[0], by_leaf[1], weights)
