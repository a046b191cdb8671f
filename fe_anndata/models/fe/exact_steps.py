"""The last steps of new samples, where a decoder as loadings times factors is an approximation.

All genes of a sample go through the network, a sample at a time: so no other sample can change its
digits, and only those that still move are followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ...kernels.placement import BRAKE, DAMPING, EASE, Prior, damped
from .network import AtGenes
from .reduced_basis import Reduced

GENES = 2048
"""Genes that go through the network at a time."""
STEPS = 12
"""At most, for one sample."""
SETTLED = 0.1
"""A sample stays where a step is expected to gain less, in units of the noise: the square root of
the gain is about how far it would move in standard errors."""


@dataclass(frozen=True)
class Profile:
    """What one position is sought for.

    Attributes
    ----------
    y
        Deviations from the centre, (m,), in units of the scale, zero where missing.
    seen
        Which genes have a value, (m,).
    weight
        One over the noise of each gene, (m,), zero where missing.
    shared
        Of the noise (:meth:`fe_anndata.kernels.noise.Noise.shared`), (k, k).
    """

    y: Tensor
    seen: Tensor
    weight: Tensor
    shared: Tensor


class ExactSteps:
    """A decoder at some genes, as it is, and the prior of positions.

    Parameters
    ----------
    view
        The decoder with its approximate form.
    genes
        Those that profiles have a value for.
    loadings
        Of these genes.
    prior
        Of positions.
    """

    def __init__(self, view: Reduced, genes: Tensor, loadings: Tensor, prior: Prior) -> None:
        self.view, self.genes, self.prior = view, genes, prior
        self.centre, self.loadings = view.centre[genes], loadings

    @cached_property
    def parts(self) -> list[AtGenes]:
        """The decoder, some genes at a time."""
        assert self.view.at is not None
        return [self.view.at(part) for part in torch.split(self.genes, GENES)]

    def settle(
        self, u: Tensor, profile: Profile, steps: int = STEPS, settled: float = SETTLED
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Follow one sample from `u` (d,) downhill, while a step promises to gain `settled`.

        Returns where it ends, the residuals there (m,), and the curvature (d, d).
        """
        damping = torch.tensor(DAMPING, dtype=u.dtype)
        residual, downhill, curvature = self._slopes(u, profile)
        error = self._error(u, residual, profile)
        for _ in range(steps):
            step = torch.linalg.solve_ex(damped(curvature, damping), downhill)[0]
            # If the error were the quadratic that it looks like here.
            if not 2 * step @ downhill - step @ curvature @ step > settled:
                break
            residual_there, *slopes_there = self._slopes(u + step, profile)
            error_there = self._error(u + step, residual_there, profile)
            if error_there <= error:  # not where it is NaN
                u, residual, error = u + step, residual_there, error_there
                downhill, curvature = slopes_there
                damping = damping * EASE
            else:
                damping = damping * BRAKE
        return u, residual, curvature

    def residual(self, u: Tensor, y: Tensor, seen: Tensor) -> Tensor:
        """Return what the decoder leaves of a profile at `u`, (m,)."""
        decoded = torch.cat([part.values(u[None].float())[0] for part in self.parts])
        return self._apart(decoded, y, seen)

    def _apart(self, decoded: Tensor, y: Tensor, seen: Tensor) -> Tensor:
        return (y - (decoded.double() - self.centre) / self.view.scale).where(seen, 0.0)

    def _error(self, u: Tensor, residual: Tensor, profile: Profile) -> Tensor:
        weighted = residual * profile.weight
        on_loadings = weighted @ self.loadings
        in_common: Tensor = on_loadings @ profile.shared @ on_loadings
        return weighted @ residual - in_common + self.prior.error(u)

    def _slopes(self, u: Tensor, profile: Profile) -> tuple[Tensor, Tensor, Tensor]:
        """Return residual (m,), downhill direction (d,) and curvature (d, d) of half the error."""
        parts = [part.with_tangents(u[None].float()) for part in self.parts]
        decoded = torch.cat([values[0] for values, _ in parts])
        residual = self._apart(decoded, profile.y, profile.seen)
        J = torch.cat([along[0] for _, along in parts], 1).double() / self.view.scale
        JD = J * profile.weight
        on_loadings = JD @ self.loadings
        in_common = on_loadings @ profile.shared
        downhill = JD @ residual - in_common @ ((residual * profile.weight) @ self.loadings)
        curvature = JD @ J.T - in_common @ on_loadings.T
        return residual, downhill - self.prior.pull(u), curvature + self.prior.precision
