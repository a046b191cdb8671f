"""The network: from counts to latent vectors, to coordinates of a sample, to expected shares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...kernels.table_attention import Tables, Tokens, attend, weights
from ..transformer import Block, Sizes, draw, linear
from .options import Exceiver

KNOTS, PER_KNOT = 36, 0.5
"""Rows of the tables of values, and the difference of log(1 + count) from one to the next."""
GENES_SCALE = 0.5
"""Standard deviation of gene vectors at the start."""
HIDDEN = 128
"""Hidden numbers of the decoder."""
SCALE = 0.02
SLOPE = 0.3
"""By how much log shares change with log profiles, at the start."""
OF_BATCHES = "batch_"
"""What the names of parameters begin with that are of batches."""
SMALL = 0.1
"""Factor on what begins beside a linear path."""


@dataclass(frozen=True)
class Shown:
    """What the network sees of some samples.

    Attributes
    ----------
    tokens
        Visible genes and their values.
    counts
        The counts that values are rows of, rising.
    projected
        Coordinates of the linear path, (n, sample_dim), if there is one.
    covariates
        Of the batches of the samples, (n, q), if they are known.
    """

    tokens: Tokens
    counts: np.ndarray
    projected: Tensor | None
    covariates: Tensor | None = None

    def to(self, device: torch.device) -> Shown:
        """Return it with coordinates and covariates on a device."""

        def moved(table: Tensor | None) -> Tensor | None:
            return None if table is None else table.to(device)

        return replace(self, projected=moved(self.projected), covariates=moved(self.covariates))


class OfGenes(nn.Module):
    """A network with a vector for each gene, which can tell classes of samples apart."""

    genes: nn.Parameter
    per_gene: tuple[str, ...] = ("genes",)
    """Names of parameters with a row for each gene."""

    def add_labels(self, n_classes: int, dim: int) -> None:
        """Add what tells so many classes apart, if any, by `dim` coordinates of a sample."""
        if n_classes:
            self.label_weight = nn.Parameter(torch.zeros(n_classes, dim))
            self.label_bias = nn.Parameter(torch.zeros(n_classes))

    @property
    def of_labels(self) -> tuple[nn.Parameter, nn.Parameter]:
        """What tells the classes of samples: weights (k, sample_dim) and a number for each."""
        return self.label_weight, self.label_bias


class Network(OfGenes):
    """The network of some genes; vectors of genes start at 0.

    Parameters
    ----------
    options
        Settled.
    n_genes
        Trained genes.
    n_classes
        Classes of samples that are told apart, if any.
    n_covariates
        Numbers that are known of the batch of a sample, if any.
    """

    batch_shift: Tensor

    def __init__(
        self, options: Exceiver, n_genes: int, n_classes: int = 0, n_covariates: int = 0
    ) -> None:
        super().__init__()
        self.options = options
        width, n_scores = options.width, options.heads * options.latents
        self.genes = nn.Parameter(torch.zeros(n_genes, width))
        self.offset = nn.Parameter(torch.zeros(n_genes))
        self.per_gene = ("genes", "offset")
        if options.likelihood == "nb":
            self.dispersion = nn.Parameter(torch.zeros(n_genes))
            self.per_gene += ("dispersion",)
        self.norm = nn.LayerNorm(width)
        self.keys = nn.Parameter(torch.zeros(width, n_scores))
        self.contents = nn.Parameter(torch.zeros(width, width))
        self.value_scores = nn.Parameter(torch.zeros(KNOTS, n_scores))
        self.value_factors = nn.Parameter(torch.zeros(KNOTS, width))
        self.value_shifts = nn.Parameter(torch.zeros(KNOTS, width))
        self.latents = nn.Parameter(torch.zeros(options.latents, width))
        self.gathered = linear(width, width)
        sizes = Sizes(options.blocks, options.heads, width, 4 * width)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(options.blocks))
        self.last = nn.LayerNorm(width)
        self.read = linear(options.latents * width, options.sample_dim)
        self.line = nn.Parameter(torch.zeros(width, options.sample_dim))
        self.up, self.down = linear(options.sample_dim, HIDDEN), linear(HIDDEN, width)
        self.add_labels(n_classes, options.sample_dim)
        if n_covariates:
            self._add_batches(n_covariates)

    def _add_batches(self, q: int) -> None:
        """Add what a unit of each covariate does to coordinates, and to genes.

        The former does not learn: nothing would hold it where the batches lie upon each other.
        """
        n_genes = len(self.genes)
        self.register_buffer("batch_shift", torch.zeros(q, self.options.sample_dim))
        self.batch_offsets = nn.Parameter(torch.zeros(n_genes, q))
        self.per_gene += ("batch_offsets",)
        if self.sizes_of_genes is not None:
            self.batch_dispersion = nn.Parameter(torch.zeros(n_genes, q))
            self.per_gene += ("batch_dispersion",)

    @property
    def sizes_of_genes(self) -> Tensor | None:
        """The logarithm of the inverse dispersion of each gene, if there is one."""
        return getattr(self, "dispersion", None)

    def start(self, rng: torch.Generator, unit: float | None) -> None:
        """Draw all that is not of a gene.

        Parameters
        ----------
        rng
            Draws.
        unit
            What a coordinate of the linear path is in loadings of genes, if there is one: as many
            components as there are coordinates are decoded to begin with.
        """
        width = self.options.width
        draw(self, width**-0.5, rng)
        drawn = {"keys": width**-0.5, "contents": width**-0.5, "latents": SCALE, "line": 0.1}
        for name, scale in drawn.items():
            nn.init.normal_(getattr(self, name), std=scale, generator=rng)
        nn.init.normal_(self.read.weight, std=self.read.in_features**-0.5, generator=rng)
        nn.init.normal_(self.down.weight, std=SMALL * HIDDEN**-0.5, generator=rng)
        with torch.no_grad():
            for block in self.blocks:
                assert isinstance(block, Block)
                block.down.weight /= 2  # of four times as many numbers
            steps = torch.arange(KNOTS) * PER_KNOT
            self.value_factors.add_(((steps - 1) / 2)[:, None])
            if unit is not None:
                self.read.weight *= SMALL
                self.line.copy_(torch.eye(*self.line.shape) * SLOPE * unit)

    def tables_of_genes(self) -> tuple[Tensor, Tensor]:
        """Return what a gene says to queries, (m, heads x latents), and gives, (m, width)."""
        vectors = self.norm(self.genes)
        return vectors @ self.keys, vectors @ self.contents

    def tables(self, of_genes: tuple[Tensor, Tensor], counts: np.ndarray) -> Tables:
        """Return the tables of genes and of some counts, between knots in a straight line."""
        score, content = of_genes
        at = np.minimum(np.log1p(counts) / PER_KNOT, KNOTS - 1.001)
        below = torch.from_numpy(at.astype(np.int64)).to(score.device)
        part = torch.from_numpy((at - np.floor(at)).astype(np.float32)).to(score.device)[:, None]

        def of(table: Tensor) -> Tensor:
            return table[below] * (1 - part) + table[below + 1] * part

        return Tables(
            score, of(self.value_scores), content, 1 + of(self.value_factors), of(self.value_shifts)
        )

    def latent_vectors(self, shown: Shown, of_genes: tuple[Tensor, Tensor]) -> Tensor:
        """Return the latent vectors of samples, (n, latents, width)."""
        gathered = attend(shown.tokens, self.tables(of_genes, shown.counts), self.options.heads)
        x = self.gathered(gathered) + self.latents
        for block in self.blocks:
            x = block(x, False, None, None)
        found: Tensor = self.last(x)
        return found

    def attention(self, shown: Shown, of_genes: tuple[Tensor, Tensor]) -> Tensor:
        """Return how much of each token latent vectors take, (tokens, latents); means of heads."""
        found = weights(shown.tokens, self.tables(of_genes, shown.counts))
        return found.view(len(found), self.options.heads, -1).mean(1)

    def coordinates(self, shown: Shown, latent: Tensor) -> Tensor:
        """Return the inner coordinates of samples, (n, sample_dim)."""
        z: Tensor = self.read(latent.flatten(1))
        if shown.projected is not None:
            z = z + shown.projected
        return z if shown.covariates is None else z - shown.covariates @ self.batch_shift

    def states(self, coordinates: Tensor) -> Tensor:
        """Return what is multiplied with vectors of genes, (n, width)."""
        bent: Tensor = self.down(functional.gelu(self.up(coordinates)))
        return coordinates @ self.line.T + bent

    def expecting(
        self, coordinates: Tensor, covariates: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Return what scores of genes are made of: states, table, offset and dispersion.

        Covariates are further states, whose products with further columns of the table are what
        batches do to each gene.
        """
        states, sizes = self.states(coordinates), self.sizes_of_genes
        if covariates is None:
            return states, self.genes, self.offset, sizes
        if sizes is not None:
            sizes = sizes + covariates @ self.batch_dispersion.T
        states = torch.cat([states, covariates], 1)
        return states, torch.cat([self.genes, self.batch_offsets], 1), self.offset, sizes
