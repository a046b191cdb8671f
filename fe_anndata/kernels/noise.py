"""What a decoder leaves of the matrix: noise of single genes, and errors that genes share.

A profile is taken to be ``y ~ N(V phi(u), S)`` with ``S = D + V C V'``: D is the noise of single
genes, C the covariance of what the factors of a sample differ from phi(u), the structure that so
few coordinates do not hold. S is never formed (Woodbury's identity): all is k x k.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .._core import processes
from .placement import Quadratic
from .target import Target

ROWS = 4096
"""Samples whose factors are copied at a time."""
FLOOR = 1e-2
"""Least noise of a gene, as a share of the mean over genes."""


@dataclass(frozen=True)
class Noise:
    """D, the variance of each gene (m,), and C, (k, k), float32 and in standardised units."""

    genes: Tensor
    factors: Tensor

    def shared(self, gram: Tensor) -> Tensor:
        """Return W such that ``a' S^-1 b = a' b / D - (a' V / D) W (V' b / D)``, float64.

        With M the Gram matrix ``V' V / D``, as in :meth:`quadratic`, and C = L L', it is
        ``L (1 + L' M L)^-1 L'``: C need not have full rank.
        """
        L = _root(self.factors.double())
        inner = torch.eye(len(L), dtype=L.dtype, device=L.device) + L.T @ gram.double() @ L
        W: Tensor = L @ torch.linalg.solve(inner, L.T.expand_as(inner))
        return W

    def quadratic(self, scores: Tensor, gram: Tensor) -> Quadratic:
        """Return the error of profiles as a function of their factors, in units of the noise.

        With b the scores and M the Gram matrix, ``H = M - M W M`` and ``h = b - M W b``; see
        :meth:`shared`.

        Parameters
        ----------
        scores
            ``V' y / D`` of each profile, (n, k).
        gram
            ``V' V / D`` over the genes observed, (1, k, k) if they are the same for all profiles,
            else (n, k, k).
        """
        H, apart = self.weighing(gram)
        b = scores.double()
        h = b @ apart[0] if len(apart) == 1 else (b[:, None] @ apart)[:, 0]
        return Quadratic(H.to(scores.dtype), h.to(scores.dtype))

    def weighing(self, gram: Tensor) -> tuple[Tensor, Tensor]:
        """Return H of :meth:`quadratic`, and ``1 - W M``, with which scores become h, float64."""
        M = gram.double()
        WM = self.shared(gram) @ M
        H = M - M @ WM
        return (H + H.mT) / 2, torch.eye(M.shape[1], dtype=M.dtype, device=M.device) - WM

    def expected(self, scores: Tensor, gram: Tensor, P: Tensor) -> Tensor:
        """Return what the factors of samples are expected to differ from P by, float64 (n, k).

        It is the conditional mean ``C V' S^-1 (y - V P')`` given the genes observed, which is
        ``W (b - M P)``. Loadings of hidden genes times it are what to expect of their errors.
        Parameters are those of :meth:`quadratic`, and the factors that predict y, (n, k).
        """
        M, W = gram.double(), self.shared(gram)
        left = scores.double()[:, None] - P.double()[:, None] @ M
        return (left @ W)[:, 0]


def residual_noise(
    target: Target,
    filled: Tensor,
    P: Tensor,
    V: Tensor,
    shared: bool,
    known: int = 0,
    left: Tensor | None = None,
) -> tuple[Noise, Tensor]:
    """Return the noise around ``P V'``, and the scores ``Y V / D`` of all samples, (n, k).

    Parameters
    ----------
    target
        The matrix; its samples and entries that count decide.
    filled
        The prediction for its hidden entries.
    P, V
        Sample factors (n, k) and loadings (m, k).
    shared
        Whether genes have noise of their own size, and errors in common; else C is zero and D the
        same for all, as in least squares.
    known
        How many factors, the last ones, are known of samples, such as their batches. No errors are
        in common along them.
    left
        The mean square that is left of each gene, if it is known already.
    """
    counted = target.counted
    (n,) = processes.total(float(counted.sum()))
    genes = mean_squares_left(target, filled, P, V) if left is None else left
    mean = genes.mean().clamp_min(1e-12)
    genes = genes.clamp_min(FLOOR * float(mean)) if shared else mean.expand_as(genes)
    weighted = V / genes[:, None]
    scores = target.times(weighted, filled)
    k = P.shape[1] - known
    if not shared:
        return Noise(genes, P.new_zeros(k, k)), scores
    own = of_free(scores, P, V, genes, known)
    spread = torch.linalg.pinv((V[:, :k].T @ weighted[:, :k]).double(), hermitian=True)
    together = torch.zeros_like(spread)
    for rows in _blocks(len(P)):
        apart = (own[rows].double() @ spread - P[rows, :k].double()) * counted[rows]
        together += apart.T @ apart
    processes.add(together)
    # Noise of single genes reaches the factors too; only what is above it is shared.
    root = _root(together / n - spread)
    return Noise(genes, (root @ root.T).to(P.dtype)), scores


def mean_squares_left(target: Target, filled: Tensor, P: Tensor, V: Tensor) -> Tensor:
    """Return the mean square that ``P V'`` leaves of each gene, (m,).

    Parameters are those of :func:`residual_noise`.
    """
    counted, PC = target.counted, target.shaping(P)
    (n,) = processes.total(float(counted.sum()))
    YP, PP = target.transposed_times(PC, filled), PC.T @ PC
    left = _squares_by_gene(target, filled)
    # Hidden entries were filled with the prediction, so they add nothing.
    hidden = torch.zeros_like(left).index_add_(
        0, target.hidden.columns, counted[target.hidden.rows, 0].double()
    )
    processes.add(PP, left, hidden)
    left += (((V @ PP) - 2 * YP) * V).sum(1)
    return (left.clamp_min(0) / (n - hidden).clamp_min(1)).to(P.dtype)


def of_free(scores: Tensor, P: Tensor, V: Tensor, genes: Tensor, known: int) -> Tensor:
    """Return scores of the factors that are not known, (n, k), of what the known ones leave.

    Parameters are those of :func:`residual_noise`, what it returns, and the noise of genes.
    """
    if not known:
        return scores
    k = P.shape[1] - known
    return scores[:, :k] - P[:, k:] @ (V[:, k:].T @ (V[:, :k] / genes[:, None]))


def misfit(
    target: Target, filled: Tensor, P: Tensor, V: Tensor, noise: Noise, scores: Tensor
) -> Tensor:
    """Return the mean squared residual of each sample in units of the noise of genes, (n,).

    Parameters are those of :func:`residual_noise`, and what it returns.
    """
    hidden = target.hidden
    weight = 1 / noise.genes
    squared = target.X.squares_by_sample(target.offset, weight) / target.scale**2
    change = _change_by_filling(target, filled) * weight[hidden.columns]
    squared.index_add_(0, hidden.rows, change.double())
    gram = V.T @ (V * weight[:, None])
    for rows in _blocks(len(P)):
        squared[rows] += ((P[rows] @ gram - 2 * scores[rows]) * P[rows]).sum(1)
    seen = V.shape[0] - torch.bincount(hidden.rows, minlength=len(P))
    return (squared.clamp_min(0) / seen.clamp_min(1)).to(P.dtype)


def _squares_by_gene(target: Target, filled: Tensor) -> Tensor:
    """Return the squares of the target over the samples that count, float64 (m,)."""
    hidden, counted = target.hidden, target.counted[:, 0]
    total = target.X.squares_by_gene(target.offset, counted) / target.scale**2
    change = _change_by_filling(target, filled) * counted[hidden.rows]
    total.index_add_(0, hidden.columns, change.double())
    return total


def _change_by_filling(target: Target, filled: Tensor) -> Tensor:
    """Return what the square of each hidden entry gains when it is filled."""
    before = (target.hidden.values - target.hidden.gather(target.offset)) / target.scale
    return filled.square() - before.square()


def _blocks(n: int) -> list[slice]:
    return [slice(first, first + ROWS) for first in range(0, n, ROWS)]


def _root(C: Tensor) -> Tensor:
    """Return L with L L' = C, its negative eigenvalues left out."""
    values, vectors = torch.linalg.eigh(C)
    root: Tensor = vectors * values.clamp_min(0).sqrt()
    return root
