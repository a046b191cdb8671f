"""The network: vectors of genes, levels and places, a transformer over them, and what reads it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..classes import LABELS
from ..transformer import Block, Head, Sizes, Transformer, draw, linear
from .options import GeneRAIN

LEVELS = 100
"""Levels that have a vector, in their order; another one, the first, hides a level."""
SCALE = 0.02
"""Standard deviation of what is drawn, as in GPT-2 and BERT."""
GENES_SCALE = 0.1
"""Root mean square of vectors of genes that start at others."""
LINE = 1.7
"""Half the length of the line of levels: their spread is that of vectors of genes."""


@dataclass(frozen=True)
class Batch:
    """Lists of some samples.

    Attributes
    ----------
    tokens
        Numbers of genes, int64 (n, t); 0 behind the end of a list.
    levels
        Float32 (n, t).
    lengths
        Genes of each list.
    hidden
        Which of them are hidden, bool (n, t), if any are.
    shown_levels
        Numbers of levels as the network sees them, int64 (n, t), if it does.
    """

    tokens: Tensor
    levels: Tensor
    lengths: tuple[int, ...]
    hidden: Tensor | None = None
    shown_levels: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """Return the lists on a device."""
        return replace(self, tokens=self.tokens.to(device), levels=self.levels.to(device))

    @property
    def mask(self) -> Tensor | None:
        """Which tokens there are, bool (n, t); None if all are."""
        t = self.tokens.shape[1]
        if min(self.lengths) == t:
            return None
        lengths = torch.tensor(self.lengths, device=self.tokens.device)
        return torch.arange(t, device=self.tokens.device) < lengths[:, None]


class Network(nn.Module):
    """Vectors and a transformer.

    Parameters
    ----------
    options
        Settled.
    n_genes
        Genes that lists show.
    n_classes
        Classes of samples that are told apart, if any.
    """

    def __init__(self, options: GeneRAIN, n_genes: int, n_classes: int = 0) -> None:
        super().__init__()
        self.options, self.sizes = options, sizes_of(options)
        width = self.sizes.width
        published = options.layout == "published"
        by_expression = options.objective == "masked-expression"
        self.genes = nn.Parameter(torch.zeros(n_genes, width))
        self.body = Transformer(self.sizes)
        if by_expression:
            self.levels = nn.Parameter(torch.zeros(LEVELS + 1, width))
        else:
            self.places = nn.Parameter(torch.zeros(options.tokens, width))
        if options.objective == "masked-gene":
            self.hidden = nn.Parameter(torch.zeros(width))
        if options.pooling == "cls":
            self.first = nn.Parameter(torch.zeros(width))
        self.head = None
        if published and options.objective != "next-gene":
            self.head = Head(self.sizes, LEVELS + 1 if by_expression else n_genes)
        if by_expression and not published:
            self.readout = linear(width, 1)
        if n_classes:
            self.label_weight = nn.Parameter(torch.zeros(n_classes, width))
            self.label_bias = nn.Parameter(torch.zeros(n_classes))

    @property
    def per_gene(self) -> tuple[str, ...]:
        """Names of parameters with a row for each gene."""
        by_gene = self.head is not None and not hasattr(self, "levels")
        return ("genes", "head.bias") if by_gene else ("genes",)

    @property
    def of_labels(self) -> tuple[nn.Parameter, nn.Parameter]:
        """What tells the classes of samples: weights (k, width) and a number for each."""
        return self.label_weight, self.label_bias

    @property
    def is_causal(self) -> bool:
        """Whether a gene sees those before it alone."""
        return self.options.objective == "next-gene"

    def start(self, rng: torch.Generator) -> None:
        """Draw all that is not a vector of a gene from a normal distribution."""
        draw(self, SCALE, rng)
        for name, parameter in self.named_parameters(recurse=False):
            if name not in ("genes", *LABELS):
                nn.init.normal_(parameter, std=SCALE, generator=rng)
        if self.options.layout == "published":
            return
        with torch.no_grad():
            # What blocks add to the stream is smaller the more of them there are.
            blocks = [block for block in self.body.blocks if isinstance(block, Block)]
            for block in blocks:
                for last in (block.out, block.down):
                    last.weight /= math.sqrt(2 * len(blocks))
            if hasattr(self, "levels"):  # in their order along a line
                along = torch.linspace(-1, 1, LEVELS)[:, None] * LINE * GENES_SCALE
                self.levels[1:] = along * torch.randn(self.sizes.width, generator=rng)
            else:
                # The first block begins as the mean of what it sees: that of vectors of genes says
                # which come next before anything is learned.
                first, width = blocks[0], self.sizes.width
                first.qkv.weight[: 2 * width] *= 0.1
                first.qkv.weight[2 * width :] = torch.eye(width)
                first.out.weight.copy_(torch.eye(width))

    @property
    def gain(self) -> nn.Parameter | None:
        """What the last hidden state is multiplied with, if it may begin anywhere."""
        ours = self.options.layout == "ours" and not hasattr(self, "levels")
        return self.body.norm.weight if ours else None

    def states(self, batch: Batch, rng: torch.Generator | None = None) -> Tensor:
        """Return hidden states, (n, t, width); with pooling by a first token, of that before."""
        x = self.genes[batch.tokens]
        if batch.shown_levels is not None:
            x = x + self.levels[batch.shown_levels]
        elif batch.hidden is not None:
            x = torch.where(batch.hidden[..., None], self.hidden, x)
        if hasattr(self, "places"):
            x = x + self.places[: x.shape[1]]
        mask = batch.mask
        if self.options.pooling == "cls":
            x = torch.cat([self.first.expand(len(x), 1, -1), x], 1)
            mask = mask if mask is None else torch.cat([mask[:, :1], mask], 1)
        states: Tensor = self.body(x, causal=self.is_causal, mask=mask, rng=rng)
        kind = states.device.type
        if torch.is_autocast_enabled(kind):  # which leaves what is normalised in float32
            states = states.to(torch.get_autocast_dtype(kind))
        return states

    def of_tokens(self, states: Tensor) -> Tensor:
        """Return the hidden states of the genes of the lists."""
        return states[:, 1:] if self.options.pooling == "cls" else states

    def pooled(self, states: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Return the embedding of each sample, (n, width)."""
        if self.options.pooling == "cls":
            return states[:, 0]
        if self.options.pooling == "last":
            return states[torch.arange(len(states)), torch.tensor(lengths) - 1]
        return torch.stack([s[:n].mean(0) for s, n in zip(states, lengths, strict=True)])


def sizes_of(options: GeneRAIN) -> Sizes:
    """Return what the transformer is made of."""
    assert isinstance(options.feed_forward, int)
    return Sizes(
        layers=options.layers,
        heads=options.heads,
        width=options.width,
        feed_forward=options.feed_forward,
        post_norm=options.layout == "published" and options.objective != "next-gene",
        tanh=options.activation == "gelu-tanh",
        eps=options.norm_eps,
        dropout=options.dropout,
        attention_dropout=options.attention_dropout,
    )
