"""Where a trained model places samples: the one way for new samples and for those of the training.

Everything learned is fixed. A sample is sought among a lattice (in two dimensions), the positions
of training samples and what a linear map of its factors says, all scored at once; the best few are
refined together, and the best end is kept. The error that is least is that of the profile in units
of the noise (:mod:`fe_anndata.kernels.noise`), plus that of the position under a normal prior, the
mean and covariance of the training samples.

No sample feels which others came with it: see :mod:`fe_anndata.kernels.placement` for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ...kernels import placement
from ...kernels.noise import Noise
from ...kernels.placement import Candidates, Landscape, Prior, Quadratic
from ...kernels.workers import in_parallel
from .exact_steps import ExactSteps, Profile
from .reduced_basis import Reduced

ROWS = 128
"""Samples that are placed at a time."""
LATTICE = 48
FEW = 3
"""Above so many dimensions there are fewer minima, and a linear map gives a start."""
STARTS, STEPS = (4, 1), (12, 5)
"""In few dimensions, and above."""
STARTS_OF_FORM, STEPS_OF_FORM = (2, 1), (4, 5)
"""Where exact steps follow on an approximate form."""
STEPS_OF_TRAINED = (3, 2)
"""For samples of the training; those that have been trained are near where they belong."""
ROUGH, ROUGH_STEPS = 4, 2
"""Of so many candidates one is looked at where places need not be more than rough."""
PARTS, MANY_ROWS = 16, 512
"""In how many parts samples of the training are placed, and the most of a part."""
APART = 0.03
"""Of the diagonal of the table: how far starts are apart at least."""
MOST_POSITIONS = 2048
"""Training samples among the candidates; of more, an evenly spaced choice."""
RIDGE = 1e-2


@dataclass(frozen=True)
class Placements:
    """Samples, placed; one entry or row per sample, float32.

    Attributes
    ----------
    u
        Coordinates, (n, d); NaN for a sample without a value.
    error
        Their standard errors, (n, d), by the curvature of the likelihood.
    r2
        Fraction of the squared deviations from the gene means of the training that is predicted.
    n_genes
        Number of genes with a value.
    misfit
        Mean squared residual of a gene in units of its noise.
    """

    u: np.ndarray
    error: np.ndarray
    r2: np.ndarray
    n_genes: np.ndarray
    misfit: np.ndarray

    @classmethod
    def joined(cls, parts: list[Placements]) -> Placements:
        """Return those of several parts, in their order."""
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0]))
        )


class Placing:
    """A decoder and its noise, ready to place samples.

    Parameters
    ----------
    view
        The decoder, whose precision is that of all that is done here.
    table
        Places of the training samples, (n, d).
    noise
        In the standardised units of the decoder.
    weight
        Of the prior.
    genes
        Those that profiles have a value for, all by default.
    """

    def __init__(
        self,
        view: Reduced,
        table: Tensor,
        noise: Noise,
        weight: float,
        genes: Tensor | None = None,
    ) -> None:
        dtype = view.loadings.dtype
        self.view, self.table = view, table.to(dtype)
        self.genes = torch.arange(len(view.loadings)) if genes is None else genes
        self.noise = noise = Noise(noise.genes.to(dtype)[self.genes], noise.factors.to(dtype))
        self.many = table.shape[1] > FEW
        self.prior = Prior.of(table.double(), weight).to(dtype)
        self.apart = APART * float((table.amax(0) - table.amin(0)).norm())
        self.loadings = view.loadings[self.genes]
        self.weighted = self.loadings / noise.genes[:, None]
        self.gram = self.loadings.T @ self.weighted

    @cached_property
    @torch.no_grad()
    def candidates(self) -> Candidates:
        """Where a search looks: a lattice, and positions of training samples."""
        table = self.table
        positions = table[:: max(1, -(-len(table) // MOST_POSITIONS))]
        lattice = [placement.lattice(table, LATTICE)] if table.shape[1] == 2 else []
        return Candidates.of(self.view.factors, self.prior, *lattice, positions)

    @cached_property
    @torch.no_grad()
    def from_factors(self) -> Tensor:
        """A linear map from factors to coordinates, (k + 1, d), the constant last."""
        return _linear_map(self.candidates.P, self.candidates.u)

    @cached_property
    def exact(self) -> ExactSteps | None:
        """Steps by the decoder as it is, if its form here is an approximation."""
        if self.view.at is None:
            return None
        return ExactSteps(self.view, self.genes, self.loadings, self.prior)

    def prepare(self) -> None:
        """Compute what threads would otherwise compute at the same time."""
        _ = self.candidates, self.many and self.from_factors, self.exact and self.exact.parts

    def _landscape(self, profiles: Quadratic) -> Landscape:
        return Landscape(profiles, self.view.factors, self.view.with_tangents, self.prior)

    def _search(self, profiles: Quadratic, number: int) -> Tensor:
        return placement.search(profiles, self.candidates, number, self.apart)

    def _starts(self, profiles: Quadratic) -> Tensor:
        """Return positions to begin at for new samples, (n, number, d)."""
        number = STARTS if self.view.at is None else STARTS_OF_FORM
        starts = self._search(profiles, number[self.many])
        if not self.many:
            return starts
        # Where a linear map puts the factors that fit best.
        ridge = 1e-6 * profiles.H.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
        H = profiles.H + ridge * torch.eye(profiles.H.shape[1], dtype=profiles.H.dtype)
        best = torch.linalg.solve(H.expand(len(profiles.h), -1, -1), profiles.h)
        guess = best @ self.from_factors[:-1] + self.from_factors[-1]
        return torch.cat([starts, guess[:, None]], 1)

    @torch.no_grad()
    def place(self, X: np.ndarray) -> Placements:
        """Place at most ``ROWS`` profiles X (n, m), in the units of the matrix, NaN if missing."""
        n = len(X)
        found: list[tuple[np.ndarray, Placements]] = []
        missing = np.isnan(X)
        incomplete = missing.any(1)
        # Apart, for complete profiles share one quadratic form and go through other products.
        for rows in (np.flatnonzero(~incomplete), np.flatnonzero(incomplete & ~missing.all(1))):
            if len(rows):
                found.append((rows, self._place_alike(X[rows], missing[rows])))
        d = self.candidates.u.shape[1]
        result = Placements(
            np.full((n, d), np.nan, np.float32),
            np.full((n, d), np.nan, np.float32),
            np.full(n, np.nan, np.float32),
            np.zeros(n, np.int64),
            np.full(n, np.nan, np.float32),
        )
        for rows, placed in found:
            for name, of_all in vars(result).items():
                of_all[rows] = getattr(placed, name)
        return result

    def _place_alike(self, X: np.ndarray, missing: np.ndarray) -> Placements:
        view, seen = self.view, torch.from_numpy(~missing)
        Y = torch.from_numpy(X).double() - view.centre[self.genes]
        Y = (Y / view.scale).where(seen, 0.0)
        gram = self.gram[None]
        if missing.any():
            lost = [self.loadings[~row].T @ self.weighted[~row] for row in seen]
            gram = gram - torch.stack(lost)
        profiles = self.noise.quadratic(Y @ self.weighted, gram)
        landscape = self._landscape(profiles)
        steps = STEPS if view.at is None else STEPS_OF_FORM
        u, _ = placement.refine(landscape, self._starts(profiles), steps[self.many])
        if self.exact is None or self.many:
            # In many dimensions, in each of which an exact step costs as much as all else, samples
            # stay where the approximation has put them.
            curvature = landscape.slopes(u[:, None])[2][:, 0]
            residual = self._residual(u, Y, seen)
        else:
            u, residual, curvature = self._settle(self.exact, u, Y, seen, gram)
        residual = residual.square()
        squares, n_genes = Y.square().sum(1), seen.sum(1)
        spread = torch.linalg.pinv(curvature, hermitian=True).diagonal(dim1=1, dim2=2)
        return Placements(
            u=u.float().numpy(),
            error=spread.clamp_min(0).sqrt().float().numpy(),
            r2=(1 - residual.sum(1) / squares).where(squares > 0, torch.nan).float().numpy(),
            n_genes=n_genes.numpy(),
            misfit=(residual @ (1 / self.noise.genes) / n_genes).float().numpy(),
        )

    def _residual(self, u: Tensor, Y: Tensor, seen: Tensor) -> Tensor:
        """Return what the decoder as it is leaves of profiles placed at `u`, (n, m)."""
        if self.exact is None:
            return (Y - self.view.factors(u) @ self.loadings.T).where(seen, 0.0)
        return torch.stack(
            [self.exact.residual(*sample) for sample in zip(u, Y, seen, strict=True)]
        )

    def _settle(
        self, exact: ExactSteps, u: Tensor, Y: Tensor, seen: Tensor, gram: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return positions, residuals and curvatures after exact steps, sample by sample."""
        shared = self.noise.shared(gram).expand(len(u), -1, -1)
        positions, residual = torch.empty_like(u), torch.empty_like(Y)
        curvature = u.new_empty(*u.shape, u.shape[1])
        for i in range(len(u)):
            profile = Profile(Y[i], seen[i], seen[i] / self.noise.genes, shared[i])
            positions[i], residual[i], curvature[i] = exact.settle(u[i], profile)
        return positions, residual, curvature

    def of_scores(self, scores: Tensor, own: Tensor | None, *, roughly: bool = False) -> Tensor:
        """Return positions (n, d) of samples of the training by scores ``y V / D`` (n, k).

        `own` is where they were, if they were anywhere; without that they are searched for, which
        takes few dimensions. Places are rough if they need not be more.
        """
        dtype = self.loadings.dtype
        placed = scores.new_empty(len(scores), self.table.shape[1])
        steps = ROUGH_STEPS if roughly else STEPS_OF_TRAINED[self.many]
        size = min(max(len(scores) // PARTS, ROWS), MANY_ROWS)
        H, apart = self.noise.weighing(self.gram[None])
        H = H.to(dtype)
        self.prepare()

        def place(i: int) -> None:
            rows = slice(size * i, size * (i + 1))
            with torch.no_grad():  # which is of the thread
                profiles = Quadratic(H, (scores[rows].double() @ apart[0]).to(dtype))
                landscape = self._landscape(profiles)
                starts = [] if own is None else [own[rows, None].to(dtype)]
                if not self.many:
                    candidates = self.candidates[:: ROUGH if roughly else 1]
                    starts.append(placement.search(profiles, candidates, 1, self.apart))
                start = starts[0]
                if len(starts) > 1:
                    start = torch.cat(starts, 1)
                    best = landscape.error(start).argmin(1)
                    start = start[torch.arange(len(start)), best][:, None]
                u, _ = placement.refine(landscape, start, steps)
                placed[rows] = u.to(placed.dtype)

        in_parallel(place, -(-len(scores) // size))
        return placed


def _linear_map(P: Tensor, u: Tensor) -> Tensor:
    """Return the ridge regression from factors to coordinates, (k + 1, d), the constant last."""
    centre, of_u = P.mean(0), u.mean(0)
    deviations = (P - centre).double()
    gram = deviations.T @ deviations
    ridge = RIDGE * gram.diagonal().mean().clamp_min(1e-30)
    slope = torch.linalg.solve(
        gram + ridge * torch.eye(len(gram), dtype=gram.dtype), deviations.T @ (u - of_u).double()
    )
    slope = slope.to(u.dtype)
    return torch.cat([slope, (of_u - centre @ slope)[None]])
