"""Factorized embeddings: a table of samples, a table of genes and a decoder between them.

Trofimov et al., Factorized embeddings learns rich and biologically meaningful embedding spaces
using factorized tensor decomposition, Bioinformatics 36 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .decoders import Concat, Dot, Inner


class Factorized(nn.Module):
    """Predict expression from a sample vector and a gene vector, both learned.

    The standardised output y of the decoder becomes a value in the units of the matrix: linear,
    ``offset_g + scale * y``, or bounded, ``minimum + (maximum - minimum) * sigmoid(y)``.

    Parameters
    ----------
    n_samples, n_genes
        Rows of the two tables.
    decoder
        ``"inner"``, ``"concat"`` or ``"dot"``.
    sample_dim, gene_dim
        Columns of the two tables.
    hidden, gene_hidden, fourier
        Hidden sizes of the network, and its Fourier features; the last two belong to the inner
        decoder.
    activation
        ``"relu"`` or ``"tanh"``.
    output
        ``"linear"`` or ``"bounded"``.
    gene_mean
        Whether the last of the `gene_dim` coordinates of a gene is its offset, standardised over
        genes. It decodes nothing, and is no column of ``genes``.
    covariates
        Number of covariates of a sample, such as its batch, whose effects on each gene are added
        to what is decoded.
    """

    offset: Tensor
    scale: Tensor
    bounds: Tensor

    def __init__(
        self,
        n_samples: int,
        n_genes: int,
        *,
        decoder: str,
        sample_dim: int,
        gene_dim: int,
        hidden: tuple[int, ...] = (),
        gene_hidden: tuple[int, ...] = (),
        fourier: int = 0,
        activation: str = "relu",
        output: str = "linear",
        gene_mean: bool = False,
        covariates: int = 0,
    ) -> None:
        super().__init__()
        self._architecture: dict[str, Any] = {
            "decoder": decoder,
            "sample_dim": sample_dim,
            "gene_dim": gene_dim,
            "hidden": tuple(hidden),
            "gene_hidden": tuple(gene_hidden),
            "fourier": fourier,
            "activation": activation,
            "output": output,
            "gene_mean": gene_mean,
            "covariates": covariates,
        }
        self.gene_mean = gene_mean
        factors = gene_dim - gene_mean
        self.output = output
        self.samples = nn.Parameter(torch.zeros(n_samples, sample_dim))
        self.genes = nn.Parameter(torch.zeros(n_genes, factors))
        if covariates:
            self.effects = nn.Parameter(torch.zeros(n_genes, covariates))
        self.decoder: Inner | Concat | Dot
        with torch.random.fork_rng(devices=[]):  # torch.nn.Linear draws from the global one
            if decoder == "inner":
                self.decoder = Inner(sample_dim, factors, hidden, gene_hidden, activation, fourier)
            elif decoder == "concat":
                self.decoder = Concat(sample_dim, factors, hidden, activation)
            else:
                self.decoder = Dot()
        self.register_buffer("offset", torch.zeros(n_genes))
        self.register_buffer("scale", torch.ones(1))
        self.register_buffer("bounds", torch.zeros(2))

    @property
    def architecture(self) -> dict[str, Any]:
        """Keyword arguments that build the same network, untrained."""
        return dict(self._architecture)

    def with_samples(self, table: Tensor) -> Factorized:
        """Return a copy with another sample table, (n, sample_dim), of any length."""
        copied = Factorized(len(table), len(self.genes), **self._architecture)
        copied.load_state_dict({**self.state_dict(), "samples": table})
        return copied

    def gene_vectors(self) -> Tensor:
        """Return the gene table, (n_genes, gene_dim)."""
        genes = self.genes.detach()
        if not self.gene_mean:
            return genes
        mean = self.offset.double() - self.offset.double().mean()
        mean /= mean.square().mean().sqrt().clamp_min(1e-12)
        return torch.cat([genes, mean[:, None].to(genes.dtype)], 1)

    def sample_vectors(self) -> Tensor:
        """Return the sample table, (n_samples, sample_dim)."""
        return self.samples.detach()

    def entries(self, samples: Tensor, genes: Tensor) -> Tensor:
        """Return the predicted value of each (sample, gene) pair of two index vectors."""
        u, v = functional.embedding(samples, self.samples), functional.embedding(genes, self.genes)
        return self.in_units(self.decoder.pairs(u, v), self.offset[genes])

    def tile(self, samples: Tensor, genes: Tensor) -> Tensor:
        """Return predicted values, (len(samples), len(genes)), of two index vectors."""
        return self.decode(functional.embedding(samples, self.samples), genes)

    def decode(self, u: Tensor, genes: Tensor) -> Tensor:
        """Return predicted values, (len(u), len(genes)), at any sample coordinates `u`."""
        return self.at(genes).values(u)

    def at(self, genes: Tensor) -> AtGenes:
        """Return what decodes some genes, many times."""
        # functional.embedding, not indexing: its gradient adds up in a fixed order on the CPU.
        side = self.decoder.gene_side(functional.embedding(genes, self.genes))
        return AtGenes(self, side, self.offset[genes])

    def in_units(self, y: Tensor, offset: Tensor) -> Tensor:
        """Return what the decoder says in the units of the matrix."""
        if self.output == "bounded":
            minimum, maximum = self.bounds[0], self.bounds[1]
            return minimum + (maximum - minimum) * torch.sigmoid(y)
        return offset + self.scale * y


@dataclass(frozen=True)
class AtGenes:
    """A model at b genes, of which all that does not depend on a sample is computed.

    Attributes
    ----------
    model
        The model.
    side
        ``gene_side`` of the decoder.
    offset
        Of these genes, (b,).
    """

    model: Factorized
    side: Tensor
    offset: Tensor

    def values(self, u: Tensor) -> Tensor:
        """Return predicted values, (len(u), b), at any sample coordinates `u`."""
        return self.model.in_units(self.model.decoder.tile(u, self.side), self.offset)

    def with_tangents(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return :meth:`values`, and their derivatives by each coordinate, (len(u), d, b)."""
        model = self.model
        y, along = model.decoder.tile_with_tangents(u, self.side)
        values = model.in_units(y, self.offset)
        if model.output == "bounded":
            minimum, maximum = model.bounds[0], model.bounds[1]
            span = (maximum - minimum).clamp_min(torch.finfo(values.dtype).tiny)
            slope = (values - minimum) * (maximum - values) / span
            return values, along * slope[:, None]
        return values, along * model.scale
