"""How counts of hidden genes are judged, and the gradients of it.

Scores are logarithms of the expected shares of all genes, up to a constant of the sample. Of arrays
samples x genes one is kept, which is turned from scores to their gradients.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from .options import Exceiver

LEAST = 1e-30
LOWEST = -1e30
"""The score of a gene that is not asked for, which leaves nothing of it."""


@dataclass(frozen=True)
class Hidden:
    """What is hidden of some samples, and to be predicted.

    Attributes
    ----------
    visible, hidden
        Genes that are shown and those that are asked for, bool (n, m); a gene may be neither.
    total
        Sum of the visible counts, (n,).
    rows, genes, counts
        The hidden counts, but for zeros.
    """

    visible: Tensor
    hidden: Tensor
    total: Tensor
    rows: Tensor
    genes: Tensor
    counts: Tensor

    def to(self, device: torch.device) -> Hidden:
        """Return it on a device."""
        return Hidden(*(getattr(self, field.name).to(device) for field in fields(self)))

    @property
    def sums(self) -> Tensor:
        """The sum of the hidden counts of each sample, (n,)."""
        return torch.zeros_like(self.total).index_add_(0, self.rows, self.counts)

    def n_targets(self, likelihood: str) -> float:
        """Return what a loss is divided by: hidden counts, or entries."""
        return float(self.counts.sum() if likelihood == "multinomial" else self.hidden.sum())


def losses(
    options: Exceiver,
    states: Tensor,
    table: Tensor,
    offset: Tensor,
    dispersion: Tensor | None,
    hidden: Hidden,
) -> Tensor:
    """Return the negative log-likelihood of the hidden counts of each sample, (n,), in nats.

    That of a multinomial is without the number of ways, which no model changes.

    Parameters
    ----------
    options
        Which likelihood.
    states
        Of samples, (n, width).
    table, offset
        Of genes, (m, width) and (m,).
    dispersion
        Logarithm of the inverse dispersion of each gene, (m,), or of it in each sample, (n, m), if
        there is one.
    hidden
        What is asked for.
    """
    kind = _KINDS[options.likelihood]
    given = (states, table, offset) if dispersion is None else (states, table, offset, dispersion)
    found: Tensor = kind.apply(hidden, *given)
    return found


class _Multinomial(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Hidden, states: Tensor, table: Tensor, offset: Tensor) -> Tensor:
        scores = torch.addmm(offset, states, table.T)
        own = _of_rows(hidden, hidden.counts * scores[hidden.rows, hidden.genes])
        scores.masked_fill_(~hidden.hidden, LOWEST)
        top = scores.amax(1)
        expected = scores.sub_(top[:, None]).exp_()
        level, sums = expected.sum(1), hidden.sums
        found = torch.where(sums == 0, 0.0, sums * (level.log() + top) - own)
        expected.mul_((sums / level)[:, None])
        expected[hidden.rows, hidden.genes] -= hidden.counts
        ctx.save_for_backward(states, table, expected)
        return found

    @staticmethod
    def backward(ctx: Any, of_loss: Tensor) -> Any:
        states, table, slopes = ctx.saved_tensors
        return None, *_products(states, table, slopes.mul_(of_loss[:, None]))


class _Poisson(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Hidden, states: Tensor, table: Tensor, offset: Tensor) -> Tensor:
        scores = torch.addmm(offset, states, table.T)
        level = _level(scores, hidden)
        scores.sub_(level[:, None])
        at = scores[hidden.rows, hidden.genes]
        x = hidden.counts
        expected = scores.exp_()
        found = (expected * hidden.hidden).sum(1)
        found += _of_rows(hidden, torch.lgamma(x + 1) - x * at)
        slopes = expected * hidden.hidden
        slopes[hidden.rows, hidden.genes] -= x
        _through_level(slopes, expected, hidden)
        ctx.save_for_backward(states, table, slopes)
        return found

    @staticmethod
    def backward(ctx: Any, of_loss: Tensor) -> Any:
        states, table, slopes = ctx.saved_tensors
        return None, *_products(states, table, slopes.mul_(of_loss[:, None]))


class _NegativeBinomial(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Hidden,
        states: Tensor,
        table: Tensor,
        offset: Tensor,
        dispersion: Tensor,
    ) -> Tensor:
        scores = torch.addmm(offset, states, table.T)
        scores.sub_(_level(scores, hidden)[:, None])
        at, x = scores[hidden.rows, hidden.genes], hidden.counts
        size = dispersion.exp().expand_as(scores)
        expected = scores.exp_()
        both = expected + size  # (n, m)
        # Of an entry without a count; what counts add is known for these alone.
        ratio = (expected / size).log1p_()
        found = (ratio * size * hidden.hidden).sum(1)
        r, mean = size[hidden.rows, hidden.genes], expected[hidden.rows, hidden.genes]
        more = torch.lgamma(x + 1) + torch.lgamma(r) - torch.lgamma(x + r)
        more += x * ((mean + r).log() - at)
        found += _of_rows(hidden, more)
        slopes = expected * size / both * hidden.hidden
        slopes[hidden.rows, hidden.genes] -= x * r / (mean + r)
        of_size = ratio.sub_(1).add_(size / both).mul_(hidden.hidden).mul_(size)
        of_counts = torch.digamma(r) - torch.digamma(x + r) + x / (mean + r)
        of_size[hidden.rows, hidden.genes] += r * of_counts
        _through_level(slopes, expected, hidden)
        ctx.by_sample = dispersion.ndim == 2
        ctx.save_for_backward(states, table, slopes, of_size)
        return found

    @staticmethod
    def backward(ctx: Any, of_loss: Tensor) -> Any:
        states, table, slopes, of_size = ctx.saved_tensors
        products = _products(states, table, slopes.mul_(of_loss[:, None]))
        of_dispersion = of_size * of_loss[:, None] if ctx.by_sample else of_loss @ of_size
        return None, *products, of_dispersion


_KINDS: dict[str, Any] = {
    "multinomial": _Multinomial,
    "poisson": _Poisson,
    "nb": _NegativeBinomial,
}


def _level(scores: Tensor, hidden: Hidden) -> Tensor:
    """Return what is taken from scores to make them logarithms of expected counts.

    The total of a sample is the visible one, divided by the share that the model expects of the
    visible genes.
    """
    visible = scores.masked_fill(~hidden.visible, -torch.inf).logsumexp(1)
    return visible - hidden.total.clamp_min(LEAST).log()


def _through_level(slopes: Tensor, expected: Tensor, hidden: Hidden) -> None:
    """Add what visible genes have of the gradient, through the expected total."""
    of_level = slopes.sum(1) / hidden.total.clamp_min(LEAST)
    slopes -= expected * hidden.visible * of_level[:, None]


def _of_rows(hidden: Hidden, values: Tensor) -> Tensor:
    return torch.zeros_like(hidden.total).index_add_(0, hidden.rows, values)


def _products(states: Tensor, table: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return slopes @ table, slopes.T @ states, slopes.sum(0)
