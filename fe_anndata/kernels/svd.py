"""Truncated SVD of a centred matrix with hidden cells, by products alone.

Halko, Martinsson and Tropp, SIAM Review 53 (2011). The centring is implicit, so a sparse matrix
stays sparse; hidden cells are filled with the gene's offset, that is zero once centred.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .products import Cells, Products


def truncated_svd(
    X: Products, hidden: Cells, offset: Tensor, probe: Tensor, k: int, n_iter: int = 3
) -> tuple[Tensor, Tensor]:
    """Return scores (n, k) and orthonormal loadings (m, k) of ``X - offset``.

    Parameters
    ----------
    X, hidden, offset
        As in :func:`~fe_anndata.kernels.inner.loss_and_gradients`.
    probe
        Random numbers (m, at least k): the columns above k are oversampling.
    k
        Number of components.
    n_iter
        Power iterations.
    """
    filling = hidden.gather(offset) - hidden.values

    def times(Q: Tensor) -> Tensor:
        return X.times(Q) + hidden.times(filling, Q) - offset @ Q

    def transposed_times(P: Tensor) -> Tensor:
        centre = torch.outer(offset, P.sum(0))
        return X.transposed_times(P) + hidden.transposed_times(filling, P) - centre

    basis = torch.linalg.qr(transposed_times(torch.linalg.qr(times(probe))[0]))[0]
    for _ in range(n_iter - 1):
        basis = torch.linalg.qr(transposed_times(torch.linalg.qr(times(basis))[0]))[0]
    scores = times(basis)
    _, _, rotation = torch.linalg.svd(scores, full_matrices=False)
    loadings = basis @ rotation.T[:, :k]
    # A sign that depends on no order of the genes: the long tail of each component is positive.
    loadings = loadings * torch.where(loadings.pow(3).sum(0) < 0, -1.0, 1.0)
    return times(loadings), loadings
