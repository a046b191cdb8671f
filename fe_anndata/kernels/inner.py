"""The inner decoder over the whole matrix: exact loss and gradients from two products with it.

The model predicts ``<p_s, q_g>`` for the target Y. With E = Y - P Q' the residuals and N the number
of cells that count, the loss is ``sum(E^2) / N`` and its gradients are ``-2 E Q / N`` and
``-2 E' P / N``. E is never formed: ``E Q = Y Q - P (Q' Q)``.

Hidden cells are filled with the prediction, so that their residual is zero; the filling is
refreshed at every call. So the result is exact for any set of hidden cells.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .target import Target


@dataclass(frozen=True)
class Gradients:
    """Mean squared residual of the cells that count, and its gradients.

    For a sample held out whole, its row of P has the gradient of its own squared error, which is
    not a part of the loss.
    """

    loss: float
    P: Tensor
    Q: Tensor


def loss_and_gradients(target: Target, P: Tensor, Q: Tensor) -> Gradients:
    """Evaluate the loss and its gradients over all observed cells.

    Parameters
    ----------
    target
        What is to be predicted.
    P, Q
        Sample and gene factors, (n, k) and (m, k).
    """
    filled = target.hidden.inner(P, Q)
    counted = target.counted
    P_counted = P * counted
    YQ = target.times(Q, filled)
    YP = target.transposed_times(P_counted, filled)
    PP, QQ = P_counted.T @ P_counted, Q.T @ Q
    # ||E||^2 = ||Y||^2 - 2 <P, Y Q> + <P'P, Q'Q> loses digits when the fit is good, so these few
    # sums are taken in float64.
    of_filled = filled.double().square() @ counted[target.hidden.rows, 0].double()
    total = target.squares + of_filled
    loss = total - 2 * (P_counted.double() * YQ.double()).sum() + (PP.double() * QQ.double()).sum()
    factor = -2.0 / target.n_observed
    return Gradients(
        loss=float(loss) / target.n_observed,
        P=factor * (YQ - P @ QQ),
        Q=factor * (YP - Q @ PP),
    )
