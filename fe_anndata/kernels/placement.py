"""Where samples lie: nonlinear least squares in few coordinates, for many samples at once.

A decoder sees a sample through the k factors p = phi(u) of its coordinates u, and the error of a
profile y is a quadratic of them, ``p'Hp - 2 p'h`` up to a constant. So once H and h are known, a
search costs k numbers per candidate, however many genes there are: every decoded candidate is
compared by one matrix product, and the best are refined by damped Gauss-Newton steps (Levenberg,
1944; Marquardt, 1963), whose derivatives are carried forward through the network.

The last digits of a product depend on where a row stands in it. So that they decide nothing, new
samples are placed in float64, and a step that changes the error by less than that is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Factors = Callable[[Tensor], Tensor]
"""Coordinates (n, d) to factors (n, k)."""
Tangents = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Coordinates (n, d) to factors (n, k) and their derivatives by each coordinate, (n, d, k)."""

DAMPING, EASE, BRAKE, LEAST = 1e-2, 0.3, 5.0, 1e-3
"""Damping at the start, what a good and a bad step make of it, and its share for flat axes."""
SLACK = {torch.float64: 1e-11, torch.float32: 1e-6}
"""Relative change of the error that is none."""


@dataclass(frozen=True)
class Quadratic:
    """The error of n profiles as a function of their factors, less its value at zero.

    Attributes
    ----------
    H
        (1, k, k) if it is the same for all, else (n, k, k); symmetric.
    h
        (n, k).
    """

    H: Tensor
    h: Tensor

    def __getitem__(self, rows: slice) -> Quadratic:
        return Quadratic(self.H if len(self.H) == 1 else self.H[rows], self.h[rows])

    def curved(self, P: Tensor) -> Tensor:
        """Return P H, (n, ..., k), for factors (n, ..., k)."""
        if len(self.H) == 1:
            return P @ self.H[0]
        return (P.flatten(1, -2) @ self.H).view(P.shape)

    def error(self, P: Tensor) -> Tensor:
        """Return the error of each of some candidates per profile, (n, c), of factors (n, c, k)."""
        return (P * (self.curved(P) - 2 * self.h[:, None])).sum(2)

    def errors(self, P: Tensor) -> Tensor:
        """Return the error of each profile at the same candidates, (n, g), of factors (g, k)."""
        if len(self.H) == 1:
            square = ((P @ self.H[0]) * P).sum(1)
        else:
            square = torch.stack([((P @ H) * P).sum(1) for H in self.H])
        return torch.addmm(square.expand(len(self.h), len(P)), self.h, P.T, alpha=-2)


@dataclass(frozen=True)
class Prior:
    """Where samples lie before their profiles are seen: normal, (d,) and (d, d).

    It holds what profiles say nothing about: directions of u that the decoder hardly follows, or
    that the genes at hand do not show.
    """

    mean: Tensor
    precision: Tensor

    @classmethod
    def of(cls, table: Tensor, weight: float = 1.0) -> Prior:
        """Return the normal distribution nearest to a table of positions, seen `weight` times.

        What the table holds is float64.
        """
        mean = table.mean(0)
        deviations = table - mean
        covariance = deviations.T @ deviations / len(table)
        return cls(mean, weight * torch.linalg.pinv(covariance, hermitian=True))

    def to(self, dtype: torch.dtype) -> Prior:
        """Return it in another precision."""
        return Prior(self.mean.to(dtype), self.precision.to(dtype))

    def pull(self, u: Tensor) -> Tensor:
        """Return the precision times what `u` (..., d) are away from the mean."""
        return (u - self.mean) @ self.precision

    def error(self, u: Tensor) -> Tensor:
        """Return minus twice the logarithm of the density, but for a constant."""
        return (self.pull(u) * (u - self.mean)).sum(-1)


@dataclass(frozen=True)
class Candidates:
    """Coordinates (g, d) to begin at, their factors (g, k) and error of the prior (g,)."""

    u: Tensor
    P: Tensor
    error: Tensor

    @classmethod
    def of(cls, factors: Factors, prior: Prior, *tables: Tensor) -> Candidates:
        """Decode the rows of some tables."""
        u = torch.cat(tables)
        P = torch.cat([factors(part) for part in torch.split(u, 4096)])
        return cls(u, P, prior.error(u))

    def __getitem__(self, rows: slice) -> Candidates:
        return Candidates(self.u[rows], self.P[rows], self.error[rows])


def lattice(table: Tensor, points: int, margin: float = 0.05) -> Tensor:
    """Return ``points ** 2`` positions over the box of a flat table, and a little beyond."""
    least, most = table.amin(0), table.amax(0)
    step = torch.linspace(-margin, 1 + margin, points, device=table.device)
    axes = (least + step[:, None] * (most - least)).T
    return torch.cartesian_prod(*axes)


def search(profiles: Quadratic, candidates: Candidates, number: int, apart: float) -> Tensor:
    """Return the best candidates of each profile, (n, number, d), at least `apart` apart."""
    errors = profiles.errors(candidates.P) + candidates.error
    found = []
    for left in reversed(range(number)):
        best = candidates.u[errors.argmin(1)]
        found.append(best)
        if left:
            errors.masked_fill_(torch.cdist(best, candidates.u) < apart, torch.inf)
    return torch.stack(found, 1)


@dataclass(frozen=True)
class Landscape:
    """The error of n profiles as a function of their coordinates, that of the prior included.

    Attributes
    ----------
    profiles
        The error as a function of factors.
    factors, tangents
        The decoder.
    prior
        Of positions.
    """

    profiles: Quadratic
    factors: Factors
    tangents: Tangents
    prior: Prior

    def error(self, u: Tensor) -> Tensor:
        """Return the error at some positions u (n, s, d) of each profile, (n, s)."""
        P = self.factors(u.flatten(0, 1)).view(*u.shape[:2], -1)
        return self.profiles.error(P) + self.prior.error(u)

    def slopes(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return error (n, s), downhill direction (n, s, d) and curvature (n, s, d, d).

        They are those of half the error, the curvature that of Gauss and Newton.
        """
        n, number, d = u.shape
        P, J = self.tangents(u.flatten(0, 1))
        P, J = P.view(n, number, -1), J.view(n, number, d, -1)
        JH = self.profiles.curved(J)
        downhill = (JH @ P[..., None]).squeeze(3).neg_()
        downhill += (J @ self.profiles.h[:, None, :, None]).squeeze(3)
        downhill -= self.prior.pull(u)
        error = self.profiles.error(P) + self.prior.error(u)
        return error, downhill, JH @ J.mT + self.prior.precision


def damped(curvature: Tensor, damping: Tensor) -> Tensor:
    """Return curvatures (..., d, d) with their diagonals enlarged by a share (...)."""
    axes = curvature.diagonal(dim1=-2, dim2=-1)
    axes = axes + LEAST * axes.mean(-1, keepdim=True) + torch.finfo(axes.dtype).tiny
    return curvature + torch.diag_embed(damping[..., None] * axes)


def refine(landscape: Landscape, starts: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Move each of some starts (n, s, d) downhill; return the best end of each profile, (n, d).

    The error there (n,) comes with it, less that of the profile at zero factors.
    """
    u, slack = starts, SLACK[starts.dtype]
    error, downhill, curvature = landscape.slopes(u)
    damping = torch.full_like(error, DAMPING)
    for left in reversed(range(steps)):
        tried = u + torch.linalg.solve_ex(damped(curvature, damping), downhill)[0]
        if left:
            error_there, downhill_there, curvature_there = landscape.slopes(tried)
        else:
            error_there = landscape.error(tried)
        better = error_there <= error + slack * error.abs()
        u = torch.where(better[..., None], tried, u)
        error = torch.where(better, error_there, error)
        if left:
            downhill = torch.where(better[..., None], downhill_there, downhill)
            curvature = torch.where(better[..., None, None], curvature_there, curvature)
            damping = torch.where(better, damping * EASE, damping * BRAKE)
    # The first that is as good as the best: several may have come to the same position.
    least = error.amin(1, keepdim=True)
    first = (error <= least + slack * least.abs()).to(torch.uint8).argmax(1)
    best = torch.arange(len(u), device=u.device), first
    return u[best], error[best]
