"""Any decoder as loadings times the factors of a sample, which is what placing samples needs.

The inner decoder is made so. Another one is brought to this form by reduced basis and empirical
interpolation (Barrault et al., C. R. Acad. Sci. Paris 339 (2004)): the profiles it can decode are
few-dimensional, so a basis of some of them spans the others closely, and their coefficients follow
from the predictions for a few well-chosen genes.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import qr
from torch import Tensor

from ...kernels.workers import in_parallel
from .decoders import Inner
from .network import AtGenes, Factorized

FACTORS = 64
"""Profiles in the basis of a decoder that has none of its own."""
GENES_PER_FACTOR = 4
"""Genes that are decoded for each of them."""
SNAPSHOTS = 256
"""Decoded profiles that the basis is made of."""
ACTIVATIONS = 1 << 21
"""Numbers in the widest layer of the network that are held at a time."""

ROWS = 1024
"""Samples whose factors a thread computes at a time."""


@dataclass(frozen=True)
class Reduced:
    """Profiles as ``centre + scale * loadings @ factors(u)``.

    Attributes
    ----------
    factors, with_tangents
        Coordinates (n, d) to factors (n, k), alone or with their derivatives, (n, d, k).
    loadings
        (m, k).
    centre
        (m,), in the units of the matrix.
    scale
        In the units of the matrix.
    at
        Genes to what decodes them as they are, float32, if the form is not exact.
    """

    factors: Callable[[Tensor], Tensor]
    with_tangents: Callable[[Tensor], tuple[Tensor, Tensor]]
    loadings: Tensor
    centre: Tensor
    scale: float
    at: Callable[[Tensor], AtGenes] | None = None


def factors_of(view: Reduced, table: Tensor) -> Tensor:
    """Return the factors (n, k) of a table (n, d), in its precision, by several threads."""
    P = table.new_empty(len(table), view.loadings.shape[1])

    @torch.no_grad()  # which is of the thread
    def evaluate(i: int) -> None:
        rows = slice(ROWS * i, ROWS * (i + 1))
        P[rows] = view.factors(table[rows].to(view.loadings.dtype)).to(table.dtype)

    in_parallel(evaluate, -(-len(table) // ROWS))
    return P


@torch.no_grad()
def reduced(model: Factorized, positions: Tensor, dtype: torch.dtype = torch.float64) -> Reduced:
    """Return the decoder of `model` in that form; exact for the inner one.

    Parameters
    ----------
    model
        Trained.
    positions
        Coordinates (p, d) over which another decoder has to be right: those of the samples.
    dtype
        The precision of all it computes.
    """
    exact = deepcopy(model).to(dtype).requires_grad_(False)
    centre, scale = exact.offset, float(exact.scale)
    if isinstance(exact.decoder, Inner):
        phi, loadings = exact.decoder.kernel(), exact.decoder.psi(exact.genes)
        return Reduced(exact.decoder.phi, phi.with_tangents, loadings, centre, scale)
    snapshots = positions[:: max(1, -(-len(positions) // SNAPSHOTS))]
    everywhere = torch.arange(len(model.genes), device=positions.device)
    width = max(exact.architecture["hidden"], default=1)
    rows = _rows(len(everywhere) * width)
    # In one piece: small results between large temporaries would keep the memory of these.
    profiles = exact.offset.new_empty(len(snapshots), len(everywhere))
    for first in range(0, len(snapshots), rows):
        part = slice(first, first + rows)
        profiles[part] = model.decode(snapshots[part], everywhere)
    if not centre.any():  # published recipes have no offset
        centre = profiles.mean(0)
    deviations = (profiles - centre) / scale
    # The eigenvectors of the smaller Gram matrix are those of the SVD.
    values, vectors = torch.linalg.eigh(deviations @ deviations.T)
    large = values > 1e-10 * values[-1].clamp_min(1e-30)
    large[-1] = True  # even if the model predicts the same for all samples
    kept = large.nonzero()[:, 0][-FACTORS:].flip(0)
    loadings = torch.linalg.qr(deviations.T @ vectors[:, kept])[0]
    genes = _telling_genes(loadings).to(positions.device)
    telling = exact.at(genes)
    back = torch.linalg.pinv(loadings[genes]).T / scale
    shift = centre[genes]

    def factors(u: Tensor) -> Tensor:
        rows, P = _rows(len(genes) * width), u.new_empty(len(u), back.shape[1])
        for first in range(0, len(u), rows):
            part = slice(first, first + rows)
            P[part] = (telling.values(u[part]) - shift) @ back
        return P

    def with_tangents(u: Tensor) -> tuple[Tensor, Tensor]:
        pieces = torch.split(u, _rows(len(genes) * width * (1 + u.shape[1])))
        parts = [telling.with_tangents(part) for part in pieces]
        values, along = (torch.cat(of_parts) for of_parts in zip(*parts, strict=True))
        return (values - shift) @ back, along @ back

    return Reduced(factors, with_tangents, loadings, centre, scale, model.at)


def _rows(activations: int) -> int:
    """Return how many samples are decoded at a time, each with so many activations."""
    return max(1, ACTIVATIONS // activations)


def _telling_genes(loadings: Tensor) -> Tensor:
    """Return the genes whose values tell the coefficients best: pivots, then the longest rows."""
    k = loadings.shape[1]
    pivots = qr(loadings.T.cpu().numpy(), mode="r", pivoting=True)[1][:k]
    by_length = torch.argsort(loadings.square().sum(1), descending=True, stable=True)
    more = by_length.cpu().numpy()[: (GENES_PER_FACTOR - 1) * k]
    return torch.from_numpy(np.unique(np.concatenate([pivots, more])))
