"""The inner decoder over the whole matrix: exact loss and gradients from two products with X.

The model predicts ``offset_g + scale <p_s, q_g>``. With E the matrix of standardised residuals
``(x - prediction) / scale`` and N the number of observed cells, the loss is ``sum(E^2) / N`` and
its gradients are ``-2 E Q / N`` and ``-2 E' P / N``. E is never formed:

``scale E Q = X Q - 1 (offset' Q) - scale P (Q' Q)``.

Cells that must not count (held out, or missing) are filled with the prediction, so that their
residual is zero. The filling is a sparse matrix C = prediction - stored value, refreshed at every
call, and ``X + C`` stands for X above. So the result is exact for any set of hidden cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .products import Cells, Products


@dataclass(frozen=True)
class Gradients:
    """Mean squared standardised residual of the observed cells, and its gradients."""

    loss: float
    P: Tensor
    Q: Tensor


def loss_and_gradients(
    X: Products,
    hidden: Cells,
    P: Tensor,
    Q: Tensor,
    *,
    offset: Tensor,
    scale: float,
    squares: float,
) -> Gradients:
    """Evaluate the loss and its gradients over all observed cells.

    Parameters
    ----------
    X
        The matrix, n x m, with any finite number at the missing cells.
    hidden
        The cells that do not count.
    P, Q
        Sample and gene factors, (n, k) and (m, k).
    offset
        Of each gene, (m,), in the units of X.
    scale
        Of all cells, in the units of X.
    squares
        What :func:`observed_squares` returns for these cells and this offset.
    """
    n, m = X.shape
    n_observed = n * m - len(hidden)
    inner = hidden.inner(P, Q)
    filling = scale * inner + hidden.gather(offset) - hidden.values
    XQ = (X.times(Q) + hidden.times(filling, Q) - offset @ Q) / scale
    XP = (X.transposed_times(P) + hidden.transposed_times(filling, P)) / scale
    XP -= torch.outer(offset / scale, P.sum(0))
    PP, QQ = P.T @ P, Q.T @ Q
    # ||E||^2 = ||Y||^2 - 2 <P, Y Q> + <P'P, Q'Q> with Y = (X + C - offset) / scale loses digits
    # when the fit is good, so these few sums are taken in float64.
    total = squares / scale**2 + inner.double().square().sum()
    loss = total - 2 * (P.double() * XQ.double()).sum() + (PP.double() * QQ.double()).sum()
    factor = -2.0 / n_observed
    return Gradients(
        loss=float(loss) / n_observed, P=factor * (XQ - P @ QQ), Q=factor * (XP - Q @ PP)
    )


def observed_squares(X: Products, hidden: Cells, offset: Tensor) -> float:
    """Return the sum over the observed cells of ``(x - offset_g)^2``."""
    n = X.shape[0]
    column_sums = X.transposed_times(torch.ones(n, 1, device=offset.device))[:, 0].double()
    centre = offset.double()
    squares = torch.linalg.vector_norm(X.stored, dtype=torch.float64) ** 2
    total = squares - 2 * (column_sums @ centre) + n * (centre @ centre)
    return float(total - (hidden.values - hidden.gather(offset)).double().square().sum())
