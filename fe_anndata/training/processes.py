"""Several processes that train one model: each takes a share of a step, and all add their sums.

They are those of torch.distributed, once ``init_process_group`` was called, as in a script that
``torchrun`` starts. Every process does the same all the same, on its own copy of the parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed


def share(n: int) -> list[int]:
    """Return which of `n` pieces this process takes; all if it is alone."""
    if not _are_several():
        return list(range(n))
    return list(range(distributed.get_rank(), n, distributed.get_world_size()))


def summed(gradients: list[Tensor], *numbers: float) -> tuple[float, ...]:
    """Add up gradients, in place, and numbers over all processes, in float64."""
    if not _are_several():
        return numbers
    flat = torch.cat([gradient.flatten().double() for gradient in gradients])
    more = torch.tensor(numbers, dtype=torch.float64, device=flat.device)
    together = torch.cat([flat, more])
    distributed.all_reduce(together)
    first = 0
    for gradient in gradients:
        part = together[first : first + gradient.numel()]
        gradient.copy_(part.view_as(gradient))
        first += gradient.numel()
    return tuple(together[first:].tolist())


def _are_several() -> bool:
    return distributed.is_available() and distributed.is_initialized()
