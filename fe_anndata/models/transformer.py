"""A transformer over tokens, in the layouts of GPT-2 and of BERT.

Both are the same blocks: attention, then a network of one hidden layer, each added to what came in.
GPT-2 normalises what goes into them, and the end; BERT what comes out of them, and the start. So
weights of either, as Hugging Face has them, give the same numbers here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Sizes:
    """What a transformer is made of.

    Attributes
    ----------
    layers, heads, width, feed_forward
        Blocks, heads of attention, numbers of a token, hidden numbers of the network of a block.
    post_norm
        Normalise as BERT does, not as GPT-2.
    tanh
        Whether GELU is the approximation by tanh.
    eps
        What is added to the variance where a token is normalised.
    dropout, attention_dropout
        Fraction of what a block adds, and of the weights of attention, that training drops.
    """

    layers: int
    heads: int
    width: int
    feed_forward: int
    post_norm: bool = False
    tanh: bool = False
    eps: float = 1e-5
    dropout: float = 0.0
    attention_dropout: float = 0.0


class Transformer(nn.Module):
    """Blocks of attention.

    Parameters
    ----------
    sizes
        What it is made of. Weights are not drawn: see :func:`draw`.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.norm = _norm(sizes)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes.layers))

    def forward(
        self,
        x: Tensor,
        *,
        causal: bool,
        mask: Tensor | None = None,
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Return the hidden states of tokens x (n, t, width).

        Parameters
        ----------
        x
            What tokens start as.
        causal
            Whether a token sees those before it alone.
        mask
            Which tokens there are, bool (n, t); all by default. Others are seen by none.
        rng
            What is dropped in training; None drops nothing.
        """
        sizes = self.sizes
        x = _drop(self.norm(x) if sizes.post_norm else x, sizes.dropout, rng)
        seen = None if mask is None else mask[:, None, None]
        for block in self.blocks:
            x = block(x, causal, seen, rng)
        hidden: Tensor = x if sizes.post_norm else self.norm(x)
        return hidden


class Block(nn.Module):
    """Attention, then a network of one hidden layer."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.norm_1, self.norm_2 = _norm(sizes), _norm(sizes)
        self.qkv = linear(sizes.width, 3 * sizes.width)
        self.out = linear(sizes.width, sizes.width)
        self.up = linear(sizes.width, sizes.feed_forward)
        self.down = linear(sizes.feed_forward, sizes.width)

    def forward(
        self, x: Tensor, causal: bool, seen: Tensor | None, rng: torch.Generator | None
    ) -> Tensor:
        """Return tokens x (n, t, width) with what the block adds."""
        if self.sizes.post_norm:
            x = self.norm_1(x + self._attend(x, causal, seen, rng))
            x = self.norm_2(x + self._network(x, rng))
            return x
        x = x + self._attend(self.norm_1(x), causal, seen, rng)
        return x + self._network(self.norm_2(x), rng)

    def _attend(
        self, x: Tensor, causal: bool, seen: Tensor | None, rng: torch.Generator | None
    ) -> Tensor:
        n, t, width = x.shape
        heads = (n, t, 3, self.sizes.heads, width // self.sizes.heads)
        q, k, v = self.qkv(x).view(heads).permute(2, 0, 3, 1, 4)  # (n, heads, t, width / heads)
        if rng is not None and self.sizes.attention_dropout:
            weights = _weights(q, k, causal, seen)
            y = _drop(weights, self.sizes.attention_dropout, rng) @ v
        elif causal and seen is not None:
            # Tokens that are missing stand last, where those that are there never look.
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            y = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=causal)
        y = self.out(y.transpose(1, 2).reshape(n, t, width))
        return _drop(y, self.sizes.dropout, rng)

    def _network(self, x: Tensor, rng: torch.Generator | None) -> Tensor:
        hidden = functional.gelu(self.up(x), approximate="tanh" if self.sizes.tanh else "none")
        return _drop(self.down(hidden), self.sizes.dropout, rng)


class Head(nn.Module):
    """What BERT puts between hidden states and tokens: a layer, and a bias for each token."""

    def __init__(self, sizes: Sizes, tokens: int) -> None:
        super().__init__()
        self.dense = linear(sizes.width, sizes.width)
        self.norm = _norm(sizes)
        self.bias = nn.Parameter(torch.zeros(tokens))

    def forward(self, hidden: Tensor) -> Tensor:
        """Return what is multiplied with the vectors of the tokens."""
        y: Tensor = self.norm(functional.gelu(self.dense(hidden)))
        return y


def draw(module: nn.Module, scale: float, rng: torch.Generator) -> None:
    """Draw the weights of all layers from a normal distribution; biases become zero."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=scale, generator=rng)
            nn.init.zeros_(part.bias)


def linear(inputs: int, outputs: int) -> nn.Linear:
    """Return a layer whose weights are not drawn: torch would draw them from its global state."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    return layer


def _norm(sizes: Sizes) -> nn.LayerNorm:
    return nn.LayerNorm(sizes.width, eps=sizes.eps)


def _weights(q: Tensor, k: Tensor, causal: bool, seen: Tensor | None) -> Tensor:
    """Return the weights of attention, (n, heads, t, t)."""
    t = q.shape[-2]
    scores = (q @ k.transpose(-1, -2)) / q.shape[-1] ** 0.5
    if causal:
        scores = scores.masked_fill(_above_diagonal(t, q.device), -torch.inf)
    if seen is not None:
        scores = scores.masked_fill(~seen, -torch.inf)
    weights: Tensor = scores.softmax(-1)
    return weights


def _above_diagonal(t: int, device: torch.device) -> Tensor:
    return torch.ones(t, t, dtype=torch.bool, device=device).triu(1)


def _drop(x: Tensor, fraction: float, rng: torch.Generator | None) -> Tensor:
    """Drop entries by a generator of our own: torch's dropout knows the global one alone."""
    if rng is None or not fraction:
        return x
    kept = torch.empty_like(x).bernoulli_(1 - fraction, generator=rng)
    return x * kept.div_(1 - fraction)
