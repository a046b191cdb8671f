"""Squared deviations of a matrix from a value per gene, summed by gene or by sample."""

from __future__ import annotations

import torch
from torch import Tensor

PART = 1 << 17
"""How many values are looked at at a time."""


def by_gene(X: Tensor, centre: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted sum over samples of ``(x - centre) ** 2``, float64 (m,).

    Parameters
    ----------
    X
        (n, m), strided or CSR.
    centre, weight
        Of each gene (m,), and of each sample (n,).
    """
    n, m = X.shape
    centre, weight = centre.double(), weight.double()
    total = torch.zeros(m, dtype=torch.float64, device=X.device)
    if X.layout == torch.strided:
        for rows in _rows(n, m):
            total += weight[rows] @ (X[rows] - centre).square()
        return total
    columns, values = X.col_indices(), X.values()
    for part in _parts(len(values)):
        at, x = columns[part].long(), values[part].double()
        # What is stored, in place of the zero that every entry is first taken for.
        total.index_add_(0, at, weight[_row_of_each(X, part)] * (x * x - 2 * x * centre[at]))
    return total + weight.sum() * centre.square()


def by_sample(X: Tensor, centre: Tensor, weight: Tensor) -> Tensor:
    """Return the sum over genes of ``weight * (x - centre) ** 2``, float64 (n,); weight (m,)."""
    n, m = X.shape
    centre, weight = centre.double(), weight.double()
    total = torch.zeros(n, dtype=torch.float64, device=X.device)
    if X.layout == torch.strided:
        # Into one vector: small results between large temporaries would keep the memory of these.
        for rows in _rows(n, m):
            total[rows] = (X[rows] - centre).square() @ weight
        return total
    columns, values = X.col_indices(), X.values()
    for part in _parts(len(values)):
        at, x = columns[part].long(), values[part].double()
        total.index_add_(0, _row_of_each(X, part), weight[at] * (x * x - 2 * x * centre[at]))
    return total + weight @ centre.square()


def _rows(n: int, m: int) -> list[slice]:
    step = max(1, PART // m)
    return [slice(first, min(first + step, n)) for first in range(0, n, step)]


def _parts(n: int) -> list[slice]:
    return [slice(first, min(first + PART, n)) for first in range(0, n, PART)]


def _row_of_each(X: Tensor, part: slice) -> Tensor:
    """Return the row of some of the stored values of a CSR matrix."""
    ends = X.crow_indices()[1:]
    place = torch.arange(part.start, part.stop, device=ends.device, dtype=ends.dtype)
    return torch.bucketize(place, ends, right=True)
