"""Truncated SVD of a target, by products alone.

Halko, Martinsson and Tropp, SIAM Review 53 (2011). The centring is implicit, so a sparse matrix
stays sparse; hidden entries are filled with zero, the mean of their gene.
"""

from __future__ import annotations

import torch
from torch import Tensor

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
        left = torch.linalg.qr(target.times(basis, filled).mul_(counted))[0]
        basis = torch.linalg.qr(target.transposed_times(left, filled))[0]
        del left
    # Of the triangle, which has the same right singular vectors as the whole.
    product = target.times(basis, filled)
    triangle = torch.linalg.qr(product * counted, mode="r")[1]
    rotation = torch.linalg.svd(triangle)[2].T[:, :k]
    # A sign that depends on no order of the genes: the long tail of each component is positive.
    rotation = rotation * torch.where((basis @ rotation).pow(3).sum(0) < 0, -1.0, 1.0)
    return product @ rotation, basis @ rotation
