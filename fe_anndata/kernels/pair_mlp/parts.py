"""A tile in parts, where there is too little memory to compute it as a whole."""

from __future__ import annotations

import torch
from torch import Tensor

from ..._core.warn import warn_user
from .gradients import Gradients, Kernel
from .network import Layers

Bounds = tuple[float, float] | None

# Refused by the processor's memory, and by the library of matrix products on a GPU.
_REFUSALS = ("can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")


def is_out_of_memory(error: Exception) -> bool:
    """Return whether `error` says that there is no memory left."""
    known = isinstance(error, (torch.OutOfMemoryError, MemoryError))
    return known or any(text in str(error) for text in _REFUSALS)


class InParts:
    """A kernel that halves the longer side of a tile for which there is no memory.

    Later calls halve larger tiles at once. The first time, a warning says so.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.largest: tuple[int, int] | None = None
        self.has_warned = False

    def __call__(
        self,
        u: Tensor,
        v: Tensor,
        layers: Layers,
        activation: str,
        values: Tensor,
        bounds: Bounds = None,
    ) -> Gradients:
        """Return loss and gradients on a tile; see :mod:`.gradients`."""
        before = self.largest
        gradients = self._halve_or_not(u, v, layers, activation, values, bounds)
        if self.largest != before and self.largest is not None and not self.has_warned:
            self.has_warned = True
            warn_user(
                f"the memory of {u.device} does not hold what a tile of {len(u)} x {len(v)} needs; "
                f"it is computed in parts of at most {' x '.join(map(str, self.largest))}, from "
                "now on at once. The result is the same. A smaller minibatch_size avoids the parts."
            )
        return gradients

    def _halve_or_not(
        self,
        u: Tensor,
        v: Tensor,
        layers: Layers,
        activation: str,
        values: Tensor,
        bounds: Bounds,
    ) -> Gradients:
        n, m = values.shape
        if self.largest is None or n * m <= self.largest[0] * self.largest[1]:
            try:
                return self.kernel(u, v, layers, activation, values, bounds)
            except Exception as error:
                if not is_out_of_memory(error) or n * m <= 1:
                    raise
            # Only here, outside of `except`, are the tensors of the failed call free.
            self.largest = (-(-n // 2), m) if n >= m else (n, -(-m // 2))
            if u.device.type == "cuda":
                torch.cuda.empty_cache()
        us = u.tensor_split(2) if n >= m else (u, u)
        vs = (v, v) if n >= m else v.tensor_split(2)
        parts = list(zip(us, vs, values.tensor_split(2, dim=int(n < m)), strict=True))
        found = [self._halve_or_not(a, b, layers, activation, x, bounds) for a, b, x in parts]
        counts = [int((~x.isnan()).sum()) for _, _, x in parts]
        return _joined(found, counts, split_samples=n >= m)


def _joined(halves: list[Gradients], counts: list[int], split_samples: bool) -> Gradients:
    """Return the mean squared error of two halves together, and its gradients."""
    total = sum(counts)
    shares = [count / max(total, 1) for count in counts]
    # The loss of a half in which no entry counts is NaN.
    losses = [s * half.loss for s, half in zip(shares, halves, strict=True) if s]
    u = [s * half.u for s, half in zip(shares, halves, strict=True)]
    v = [s * half.v for s, half in zip(shares, halves, strict=True)]
    layers = [
        (shares[0] * w + shares[1] * w2, shares[0] * b + shares[1] * b2)
        for (w, b), (w2, b2) in zip(halves[0].layers, halves[1].layers, strict=True)
    ]
    return Gradients(
        sum(losses) if total else float("nan"),
        torch.cat(u) if split_samples else u[0] + u[1],
        v[0] + v[1] if split_samples else torch.cat(v),
        layers,
    )
