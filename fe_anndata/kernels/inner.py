"""The inner decoder over the whole matrix: exact loss and gradients from two products with it.

Two ways: :func:`loss_and_gradients` of both factors, and :class:`Scores` with
:func:`best_gene_factors`, which keep one side fixed at a time and need those products only once
for many steps.

The model predicts ``<p_s, q_g>`` for the target Y. With E = Y - P Q' the residuals and N the number
of entries that count, the loss is ``sum(E^2) / N`` and its gradients are ``-2 E Q / N`` and
``-2 E' P / N``. E is never formed: ``E Q = Y Q - P (Q' Q)``.

Hidden entries are filled with the prediction, so that their residual is zero. Where the filling is
refreshed at every call, in :func:`loss_and_gradients`, the result is exact for any set of them.

P may be that of the samples of this process, if several share them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .._core import processes
from .target import Target

ROWS = 4096
"""Over how many rows at a time two factors are compared."""


@dataclass(frozen=True)
class Gradients:
    """Mean squared residual of the entries that count, and its gradients.

    For a sample held out whole, its row of P has the gradient of its own squared error, which is
    not a part of the loss.
    """

    loss: float
    P: Tensor
    Q: Tensor


def loss_and_gradients(target: Target, P: Tensor, Q: Tensor) -> Gradients:
    """Evaluate the loss and its gradients over all observed entries.

    Parameters
    ----------
    target
        What is to be predicted.
    P, Q
        Sample and gene factors, (n, k) and (m, k).
    """
    filled = target.hidden.inner(P, Q)
    P_counted = target.shaping(P)
    YQ = target.times(Q, filled)
    YP = target.transposed_times(P_counted, filled)
    PP, QQ = P_counted.T @ P_counted, Q.T @ Q
    cross = _inner(P_counted, YQ)
    processes.add(PP, cross)
    factor = -2.0 / target.n_observed
    return Gradients(
        loss=_squares(target, filled, cross, PP, QQ) / target.n_observed,
        P=factor * (YQ - P @ QQ),
        Q=factor * (YP - Q @ PP),
    )


@dataclass(frozen=True)
class Scores:
    """The loss as a function of P alone, Q fixed: k numbers per sample are all there is to know.

    Hidden entries hold the prediction of the P they were filled with, so gradients are exact there;
    elsewhere they hold P back a little, as in expectation-maximisation, until the scores are taken
    again.

    Attributes
    ----------
    YQ, QQ
        Y Q, (n, k), and Q' Q, (k, k).
    loss
        Mean squared residual of the entries that count, at that P.
    n_observed
        Number of these entries.
    """

    YQ: Tensor
    QQ: Tensor
    loss: float
    n_observed: int

    @classmethod
    def of(cls, target: Target, P: Tensor, Q: Tensor) -> Scores:
        """Take the scores of `target` on Q (m, k), its hidden entries filled by P (n, k)."""
        filled = target.hidden.inner(P, Q)
        YQ, QQ = target.times(Q, filled), Q.T @ Q
        counted = target.shaping(P)
        PP, cross = counted.T @ counted, _inner(counted, YQ)
        processes.add(PP, cross)
        loss = _squares(target, filled, cross, PP, QQ) / target.n_observed
        return cls(YQ, QQ, loss, target.n_observed)

    def of_first(self, k: int, P: Tensor) -> Scores:
        """Return the loss as a function of the first k columns of P, the others fixed."""
        if k == P.shape[1]:
            return self
        YQ = self.YQ[:, :k] - P[:, k:] @ self.QQ[k:, :k]
        return Scores(YQ, self.QQ[:k, :k].contiguous(), self.loss, self.n_observed)

    def gradient(self, P: Tensor, rows: slice) -> Tensor:
        """Return the gradient of the loss for some rows of P."""
        return (P @ self.QQ - self.YQ[rows]).mul_(2.0 / self.n_observed)


def best_gene_factors(
    target: Target, P: Tensor, PP: Tensor, Q: Tensor, prior: float, penalty: float
) -> Tensor:
    """Return the gene factors that fit best, by ridge regression, (m, k).

    Parameters
    ----------
    target
        What is to be predicted.
    P, PP
        Sample factors (n, k), zero for samples that do not count, and P' P (k, k), float64, over
        the samples of all processes. If P is random, their means: then the expected loss is what
        is least.
    Q
        The gene factors so far (m, k), which fill the hidden entries.
    prior
        Precision of the normal prior of the gene factors.
    penalty
        Weight of their sum of squares in the loss.
    """
    filled = target.hidden.inner(P, Q)
    YP = target.transposed_times(P, filled)
    return ridge_solution(target, filled, YP, PP, Q, prior, penalty)


def ridge_solution(
    target: Target, filled: Tensor, YP: Tensor, PP: Tensor, Q: Tensor, prior: float, penalty: float
) -> Tensor:
    """Return :func:`best_gene_factors`, whose parameters these are, from Y' P and P' P.

    Hidden entries hold `filled` in Y.
    """
    loss = _squares(target, filled, _inner(Q, YP), Q.T @ Q, PP) / target.n_observed
    # A direction that P leaves empty, up to rounding, is given up, even without a prior.
    empty = 1e-5 * float(PP.trace()) / len(PP) + 1e-30
    ridge = prior * loss + penalty * target.n_observed + empty
    ridged = PP + ridge * torch.eye(len(PP), dtype=PP.dtype, device=PP.device)
    # Without a check of its own: where P is not finite, the loss is what tells.
    inverse = torch.linalg.inv_ex(ridged).inverse.to(YP.dtype)
    best: Tensor = YP @ inverse
    return best


def _squares(target: Target, filled: Tensor, cross: Tensor, AA: Tensor, BB: Tensor) -> float:
    """Return the sum of squared residuals, ``||Y||^2 - 2 <A, Y B> + <A'A, B'B>``.

    The terms lose digits when the fit is good, so their sums are taken in float64.
    """
    of_filled = filled.double().square() @ target.counted[target.hidden.rows, 0].double()
    processes.add(of_filled)
    return float(target.squares + of_filled - 2 * cross + (AA.double() * BB.double()).sum())


def _inner(A: Tensor, B: Tensor) -> Tensor:
    """Return <A, B>, float64."""
    total = A.new_zeros((), dtype=torch.float64)
    for a, b in zip(torch.split(A, ROWS), torch.split(B, ROWS), strict=True):
        total += (a * b).sum(dtype=torch.float64)
    return total
