"""What batches do to genes, told by samples of different batches that are alike.

Two samples of different batches are a pair if each is among the nearest of the other's batch
(mutual nearest neighbours: Haghverdi et al., Nature Biotechnology 36 (2018)). What pairs differ in
is regressed on how their covariates differ. So batches may hold other classes of samples, or the
same ones in other proportions, which a regression over all samples would take for their effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .._core import processes
from .members import Members
from .target import Target

NEAREST = 20
"""Samples of each other batch that may be in a pair with a sample."""
SHARE = 0.1
"""Of a batch: no more of it are among the nearest."""
FAR = 1.3
"""Of the lower quartile of the distances of pairs of a batch: those that are farther are none."""
FLAT = 1e-4
"""Of the largest variance of differences: along directions with less nothing is told."""
ROUNDS = 10
"""At most, in which pairs are sought anew where effects have been taken out."""


@dataclass(frozen=True)
class Corrected:
    """A target without what covariates of its samples do to it, Y - C B'.

    Attributes
    ----------
    target
        Y.
    covariates, effects
        C (n, q), zero at the mean, and B (m, q).
    """

    target: Target
    covariates: Tensor
    effects: Tensor

    @property
    def counted(self) -> Tensor:
        """Which samples count, (n, 1)."""
        return self.target.counted

    def nothing(self) -> Tensor:
        """Return the filling of hidden entries by zero."""
        return self.target.nothing()

    def times(self, Q: Tensor, filled: Tensor) -> Tensor:
        """Return the product with Q (m, k), of which `filled` are the hidden entries of Y."""
        return self.target.times(Q, filled) - self.covariates @ (self.effects.T @ Q)

    def transposed_times(self, P: Tensor, filled: Tensor) -> Tensor:
        """Return the product of the transpose with P (n, k)."""
        product, in_common = self.target.transposed_times(P, filled), self.covariates.T @ P
        processes.add(in_common)
        return product - self.effects @ in_common

    @property
    def n_observed(self) -> int:
        """Number of the entries that count."""
        return self.target.n_observed

    @cached_property
    def squares(self) -> float:
        """Sum of the squares of these entries."""
        shaping = self.target.shaping(self.covariates)
        with_target = self.target.transposed_times(shaping, self.nothing())
        in_common = shaping.T @ shaping
        processes.add(in_common)
        of_effects = self.effects @ in_common
        explained = float(((2 * with_target - of_effects) * self.effects).sum())
        return self.target.squares - explained


def corrected(
    target: Target, scores: Tensor, covariates: Tensor, groups: Tensor, members: Members
) -> Corrected:
    """Return the target without the effects of batches.

    Parameters
    ----------
    target
        It.
    scores
        Principal components of all samples, (n, k), in which they are alike.
    covariates
        Of all samples, (n, q).
    groups
        The batch of each sample, int64 (n,). Where all are of one, pairs are of any samples.
    members
        Samples among which pairs are sought.
    """
    weights, inverse = _matched(members.of(scores), members.of(covariates), members.of(groups))
    spread = members.among(weights, covariates)
    effects = target.transposed_times(spread, target.nothing()) @ inverse
    return Corrected(target, covariates, effects)


def effects_on(scores: Tensor, covariates: Tensor, groups: Tensor) -> Tensor:
    """Return what a unit of each covariate does to scores (n, k) of samples, (q, k)."""
    weights, inverse = _matched(scores, covariates, groups)
    return inverse @ (weights.T @ scores)


def _matched(S: Tensor, C: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
    """Return W (n, q) and A (q, q) such that ``A W' Y`` are the effects on any table Y (n, k)."""
    apart, found = S, None
    for _ in range(ROUNDS):
        pairs = _pairs(apart, groups)
        if found is not None and torch.equal(pairs, found):
            break
        found = pairs
        weights = _differing(found, C)
        # Levels add up to one, and batches without a pair with others have no effect.
        squares = C.double().T @ weights.double()
        inverse = torch.linalg.pinv(squares, rtol=FLAT, hermitian=True).to(C.dtype)
        apart = S - C @ (inverse @ (weights.T @ S))
    return weights, inverse


def _differing(pairs: Tensor, C: Tensor) -> Tensor:
    """Return ``L C``, L the Laplacian of the graph of pairs: ``C' L C`` sums over differences."""
    weights = pairs.to(C.dtype)
    return weights.sum(1, keepdim=True) * C - weights @ C


def _pairs(S: Tensor, groups: Tensor) -> Tensor:
    """Return which samples are in a pair, bool (n, n)."""
    distances = torch.cdist(S, S)
    near = torch.zeros(distances.shape, dtype=torch.bool, device=S.device)
    several = bool((groups != groups[0]).any())
    if not several:
        distances.fill_diagonal_(torch.inf)
    for group in torch.unique(groups):
        of = (groups == group).nonzero()[:, 0]
        k = min(NEAREST, max(1, int(SHARE * len(of))))
        nearest = of[distances[:, of].topk(k, largest=False).indices]
        near.scatter_(1, nearest, True)
    if several:
        near &= groups[:, None] != groups
    pairs = near & near.T
    usual = distances.new_full((len(S),), torch.inf)
    for group in torch.unique(groups):
        of = groups == group
        found = distances[of][pairs[of]]
        if len(found):
            usual[of] = found.quantile(0.25)
    return pairs & (distances <= FAR * torch.maximum(usual[:, None], usual))
