"""The published network: latent vectors attend to the counted genes, and hidden genes to them.

Of what its description leaves open, all weights start as torch has them, gene and latent vectors
at standard normal numbers, and the network of an attention has as many hidden numbers as a vector.
Keys are normalised as queries are, as in the Perceiver: of a value little more than its sign is
left then.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...transformer import Block, Sizes, linear
from ..network import OfGenes
from ..options import Exceiver
from .values import Rows


class Published(OfGenes):
    """The network of some genes; nothing is drawn yet: see :meth:`start`.

    Parameters
    ----------
    options
        Settled.
    n_genes
        Trained genes.
    n_classes
        Classes of samples that are told apart, if any.
    """

    def __init__(self, options: Exceiver, n_genes: int, n_classes: int = 0) -> None:
        super().__init__()
        width, heads = options.width, options.heads
        self.genes = nn.Parameter(torch.zeros(n_genes, width))
        self.latents = nn.Parameter(torch.zeros(options.latents, width))
        self.gather = Attention(width, heads)
        sizes = Sizes(options.blocks, heads, width, options.feed_forward, post_norm=True)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(options.blocks))
        self.ask = Attention(width, heads)
        self.norm = nn.LayerNorm(width)
        self.head, self.last = linear(width, 1), linear(1, 1)
        self.add_labels(n_classes, options.latents * width)

    def start(self, rng: torch.Generator) -> None:
        """Draw all but the vectors of genes."""
        nn.init.normal_(self.latents, generator=rng)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                bound = part.in_features**-0.5
                nn.init.uniform_(part.weight, -bound, bound, generator=rng)
                nn.init.uniform_(part.bias, -bound, bound, generator=rng)
        for part in self.modules():
            if isinstance(part, Attention):
                inputs = part.query, part.key_value
                _start_inputs([layer.weight for layer in inputs], rng)
                _no_bias(*inputs, part.out)
            elif isinstance(part, Block):
                _start_inputs([part.qkv.weight], rng)
                _no_bias(part.qkv, part.out)

    def latent_vectors(self, rows: Rows) -> Tensor:
        """Return the latent vectors of samples, (n, latents, width)."""
        keys = functional.embedding(rows.genes, self.genes) * rows.values[..., None]
        queries = self.latents.expand(len(keys), -1, -1)
        x: Tensor = self.gather(queries, keys, rows.there)
        for block in self.blocks:
            x = block(x, False, None, None)
        return x

    def predicted(self, rows: Rows, latent: Tensor) -> Tensor:
        """Return the values that are expected of the hidden genes, (n, k)."""
        queries = functional.embedding(rows.asked, self.genes)
        y = self.norm(self.ask(queries, latent, None))
        found: Tensor = self.last(functional.gelu(self.head(y)))
        return found[..., 0]

    def losses(self, rows: Rows) -> tuple[Tensor, float]:
        """Return the squared errors of each sample, summed, (n,), and how many there are."""
        errors = self.predicted(rows, self.latent_vectors(rows)) - rows.answers
        summed = (errors.square() * rows.wanted).sum(1)
        return summed, float(rows.wanted.sum())


class Attention(nn.Module):
    """Queries that attend to keys, then a network of one hidden layer; each is added to them."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_queries, self.norm_hidden = nn.LayerNorm(width), nn.LayerNorm(width)
        self.norm_keys = nn.LayerNorm(width)
        self.query, self.key_value = linear(width, width), linear(width, 2 * width)
        self.out = linear(width, width)
        self.up, self.down = linear(width, width), linear(width, width)

    def forward(self, queries: Tensor, keys: Tensor, there: Tensor | None) -> Tensor:
        """Return queries (n, k, width) with what they see of keys (n, t, width).

        Parameters
        ----------
        queries, keys
            Vectors; what keys give is read off them, too.
        there
            Which keys there are, bool (n, t); all by default.
        """
        q = self.query(self.norm_queries(queries))
        k, v = self.key_value(self.norm_keys(keys)).split(keys.shape[-1], -1)
        mask = None if there is None else there[:, None, None]
        q, k, v = (self._split(x) for x in (q, k, v))
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = queries + self.out(seen.transpose(1, 2).flatten(2))
        found: Tensor = x + self.down(functional.gelu(self.up(self.norm_hidden(x))))
        return found

    def _split(self, x: Tensor) -> Tensor:
        n, t, width = x.shape
        return x.view(n, t, self.heads, width // self.heads).transpose(1, 2)


def _start_inputs(weights: list[Tensor], rng: torch.Generator) -> None:
    """Draw what makes queries, keys and values, as torch does: as if they were one layer."""
    width = weights[0].shape[1]
    bound = (6 / (4 * width)) ** 0.5
    for weight in weights:
        nn.init.uniform_(weight, -bound, bound, generator=rng)


def _no_bias(*layers: nn.Linear) -> None:
    for layer in layers:
        nn.init.zeros_(layer.bias)
