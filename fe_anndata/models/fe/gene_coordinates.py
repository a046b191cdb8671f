"""The coordinates of gene vectors: a linear change that leaves the model what it is.

``<phi(u), v>`` stays the same when v is multiplied by a matrix and phi by its inverse transpose, so
training says nothing about what distances and angles between gene vectors mean. Here they are
chosen: the axes are the principal ones of what the model predicts, as those of PCA would be, and
an axis counts with the fourth root of its variance, between loadings (too few axes decide) and
whitened ones (noise counts as much as all else); `benchmarks/gene_vectors.py` compares them. The
mean expression of a gene, which is no part of the product, becomes the last coordinate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from ..._core import processes
from .decoders import Inner
from .network import Factorized

ROWS = 4096
"""Samples whose factors are held at a time."""
POWER = 0.25
"""Of the standard deviation along an axis: 0 is whitened, 1 as loadings."""
FLOOR = 1e-6
"""Least variance along an axis, as a share of the largest."""


@torch.no_grad()
def balance(model: Factorized) -> Tensor:
    """Change the gene coordinates of an inner decoder without psi; what it decodes stays.

    Returns the matrix that its sample factors were multiplied with, float64.
    """
    decoder = model.decoder
    assert isinstance(decoder, Inner)
    Q = model.genes.double()
    values, vectors = torch.linalg.eigh(_covariance(lambda: [Q], len(Q), lambda *_: None))
    lengths = _floored(values)
    of_genes, of_samples = vectors / lengths, vectors * lengths  # genes are white there

    def factors() -> Iterator[Tensor]:
        return (
            decoder.phi(part).double() @ of_samples for part in torch.split(model.samples, ROWS)
        )

    (n,) = processes.total(len(model.samples))
    values, axes = torch.linalg.eigh(_covariance(factors, n, processes.add))
    spread = _floored(values).flip(0) ** POWER
    axes = axes.flip(1)
    spread /= spread.square().mean().sqrt()
    of_genes, of_samples = of_genes @ axes * spread, of_samples @ axes / spread
    V = Q @ of_genes
    # All genes decide: the two longest of a column may be as long, and of different signs.
    sign = torch.where(V.pow(3).sum(0) < 0, -1.0, 1.0).to(V.dtype)
    model.genes.copy_(V * sign)
    forth: Tensor = of_samples * sign
    decoder.change_factors(forth.to(model.genes.dtype))
    return forth


def _covariance(
    parts: Callable[[], Iterable[Tensor]], n: float, add: Callable[[Tensor], None]
) -> Tensor:
    """Return the covariance of a table of `n` rows, given twice, some rows at a time.

    `add` adds what other processes know of other rows.
    """
    mean = torch.stack([part.sum(0) for part in parts()]).sum(0)
    add(mean)
    mean /= n
    squares = torch.zeros(len(mean), len(mean), dtype=mean.dtype, device=mean.device)
    for part in parts():
        deviations = part - mean
        squares += deviations.T @ deviations
    add(squares)
    return squares / n


def _floored(variances: Tensor) -> Tensor:
    """Return standard deviations, none much smaller than the largest."""
    return variances.clamp_min(FLOOR * float(variances[-1])).clamp_min(1e-30).sqrt()
