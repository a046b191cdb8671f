"""Truncated SVD of a target, by products alone.

Halko, Martinsson and Tropp, SIAM Review 53 (2011). The centring is implicit, so a sparse matrix
stays sparse; hidden entries are filled with zero, the mean of their gene.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .._core import processes
from .matched import Corrected
from .target import Target


def truncated_svd(
    target: Target | Corrected, probe: Tensor, k: int, n_iter: int = 3
) -> tuple[Tensor, Tensor]:
    """Return scores (n, k) and orthonormal loadings (m, k) of the target.

    Samples that are held out whole have scores, but no part in the loadings.

    Parameters
    ----------
    target
        What is to be decomposed.
    probe
        Random numbers (m, at least k): the columns above k are oversampling.
    k
        Number of components.
    n_iter
        Power iterations.
    """
    filled, counted = target.nothing(), target.counted
    basis = probe
    for _ in range(n_iter):
        left = _orthonormal(target.times(basis, filled).mul_(counted))
        basis = torch.linalg.qr(target.transposed_times(left, filled))[0]
        del left
    # Of the triangle, which has the same right singular vectors as the whole.
    product = target.times(basis, filled)
    triangle = _triangle(product * counted)
    rotation = torch.linalg.svd(triangle)[2].T[:, :k]
    # A sign that depends on no order of the genes: the long tail of each component is positive.
    rotation = rotation * torch.where((basis @ rotation).pow(3).sum(0) < 0, -1.0, 1.0)
    return product @ rotation, basis @ rotation


def _orthonormal(rows: Tensor) -> Tensor:
    """Return an orthonormal basis of the columns of a table; of its rows, those of this process.

    Each process makes a triangle of its rows, and the basis of all triangles leads to that of all
    rows (Demmel, Grigori, Hoemmen and Langou, SIAM Journal on Scientific Computing 34 (2012)).
    """
    basis: Tensor
    basis, triangle = torch.linalg.qr(rows)
    if processes.share_rows():
        of_triangles = torch.linalg.qr(processes.gathered(triangle))[0]
        basis = basis @ of_triangles[processes.place(len(triangle))]
    return basis


def _triangle(rows: Tensor) -> Tensor:
    """Return the triangle R of the rows of all processes."""
    triangle: Tensor = torch.linalg.qr(rows, mode="r")[1]
    if processes.share_rows():
        triangle = torch.linalg.qr(processes.gathered(triangle), mode="r")[1]
    return triangle
