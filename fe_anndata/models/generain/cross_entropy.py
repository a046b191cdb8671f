"""Cross-entropy of tokens, of which the scores are never whole.

The scores of all tokens at all places are far more numbers than all else. Here they are made for
some rows at a time, and the gradients at once with them: those of a row with scores z are
exp(z) / sum exp(z), less one at its target. No score is divided by the sum, but the rows that are
multiplied with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

ROWS = 256
"""Rows whose scores are made at a time."""


@dataclass(frozen=True)
class Lists:
    """Rows that are the places of lists in which a token stands once.

    What stands before a row, or at it, cannot come next: it is left out of the sum.

    Attributes
    ----------
    tokens
        What stands at each row, int64 (n,).
    lengths
        Rows of each list; the lists follow each other.
    """

    tokens: Tensor
    lengths: tuple[int, ...]


def cross_entropy(
    hidden: Tensor,
    table: Tensor,
    targets: Tensor,
    *,
    bias: Tensor | None = None,
    lists: Lists | None = None,
    sample: Tensor | None = None,
    rows: int = ROWS,
) -> tuple[Tensor, Tensor]:
    """Return the sum of -log of the probabilities of the targets, and each, which has no gradient.

    Parameters
    ----------
    hidden
        What is multiplied with the vectors of the tokens, (n, width). Its precision is that of the
        products.
    table
        Vectors of the tokens, float32 (tokens, width).
    targets
        The token that is right, int64 (n,).
    bias
        Of each token, (tokens,).
    lists
        What rows are, if tokens that stand before them are no candidates.
    sample
        Tokens that stand for all others where scores are summed, each once, drawn with equal
        probability, int64 (s,); None makes all scores. Those that are the target of a row, or no
        candidates, leave its sum; the others count as often as makes up for what was not drawn.
    rows
        Rows whose scores are made at a time.
    """
    given = hidden, table, targets, bias, lists, sample, rows
    total, losses = _CrossEntropy.apply(*given)  # type: ignore[no-untyped-call]
    return total, losses


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        table: Tensor,
        targets: Tensor,
        bias: Tensor | None,
        lists: Lists | None,
        sample: Tensor | None,
        rows: int,
    ) -> tuple[Tensor, Tensor]:
        scores = _Scores(hidden, table, targets, bias, lists, sample, min(rows, len(hidden)))
        needs = ctx.needs_input_grad[:2]
        gradients = _Gradients(scores) if any(needs) else None
        losses = torch.empty(len(hidden), device=hidden.device)
        for first, low, high in _parts(len(hidden), lists, rows):
            part = slice(low, high)
            z, at_target = scores.of(first, part)
            most = z.amax(1)
            if sample is not None:
                most = torch.maximum(most, at_target)
            e = z.sub_(most[:, None]).exp_()
            summed, own = e.sum(1, dtype=torch.float32), (at_target - most).float().exp()
            if sample is not None:
                summed = summed + own
            losses[part] = summed.log() - (at_target - most).float()
            if gradients is not None:
                own = own / summed - 1 if sample is not None else torch.full_like(summed, -1.0)
                gradients.add(part, e, summed, own)
        kept = () if gradients is None else gradients.finished()
        ctx.save_for_backward(*kept)
        ctx.mark_non_differentiable(losses)
        return losses.double().sum().float(), losses

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        scale, kept = upstream[0], ctx.saved_tensors
        hidden, table, *bias = (scale.to(one.dtype) * one for one in kept)
        return hidden, table, None, bias[0] if bias else None, None, None, None


class _Scores:
    """Scores of rows, those of tokens that are no candidates being minus infinity."""

    def __init__(
        self,
        hidden: Tensor,
        table: Tensor,
        targets: Tensor,
        bias: Tensor | None,
        lists: Lists | None,
        sample: Tensor | None,
        rows: int,
    ) -> None:
        self.hidden, self.targets, self.lists, self.sample = hidden, targets, lists, sample
        self.n_tokens, self.bias = len(table), bias
        self.of_targets = table[targets].to(hidden.dtype)
        self.vectors = (table if sample is None else table[sample]).to(hidden.dtype)
        self.of_sample = bias if bias is None or sample is None else bias[sample]
        # One piece of memory for all parts: new pages take as long as half a product.
        self.buffer = hidden.new_empty(rows, len(self.vectors))
        if sample is not None:
            # Those that were not drawn have a column of their own, which is cut off.
            self.columns = torch.full_like(targets[:1].expand(len(table)), len(sample))
            self.columns[sample] = torch.arange(len(sample), device=sample.device)

    def of(self, first: int, part: slice) -> tuple[Tensor, Tensor]:
        """Return scores of a part of a list that begins at `first`, and those of the targets."""
        hidden, targets = self.hidden[part], self.targets[part]
        z = torch.mm(hidden, self.vectors.T, out=self.buffer[: len(hidden)])
        if self.of_sample is not None:
            z += self.of_sample
        if self.sample is None:
            self._shut(z, first, part, None)
            return z, z.gather(1, targets[:, None])[:, 0]
        at_target = (hidden * self.of_targets[part]).float().sum(1)
        if self.bias is not None:
            at_target = at_target + self.bias[targets]
        return self._weighed(z.float(), first, part), at_target

    def _weighed(self, z: Tensor, first: int, part: slice) -> Tensor:
        n_drawn = z.shape[1]
        z = torch.cat([z, z.new_zeros(len(z), 1)], 1)
        self._shut(z, first, part, self.columns)
        z.scatter_(1, self.columns[self.targets[part]][:, None], -torch.inf)
        z = z[:, :n_drawn]
        others = torch.full((len(z),), self.n_tokens - 1.0, device=z.device)
        if self.lists is not None:
            others -= torch.arange(part.start - first + 1, part.stop - first + 1, device=z.device)
        left = (z > -torch.inf).sum(1)
        return z + (others / left.clamp_min(1)).clamp_min(1e-30).log()[:, None]

    def _shut(self, z: Tensor, first: int, part: slice, columns: Tensor | None) -> None:
        if self.lists is None:
            return
        before = self.lists.tokens[first : part.start]
        inside = self.lists.tokens[part]
        if columns is not None:
            before, inside = columns[before], columns[inside]
        if len(before):
            z.index_fill_(1, before, -torch.inf)
        rows, places = torch.tril_indices(len(z), len(z), device=z.device)
        z.view(-1)[rows * z.shape[1] + inside[places]] = -torch.inf


class _Gradients:
    """Gradients of the sum of the losses."""

    def __init__(self, scores: _Scores) -> None:
        self.scores = scores
        self.hidden = torch.empty_like(scores.hidden)
        self.vectors = torch.zeros(scores.vectors.shape, device=scores.vectors.device)
        self.at_targets = torch.empty_like(scores.hidden, dtype=torch.float32)
        self.own = torch.empty(len(scores.hidden), device=scores.hidden.device)
        self.bias = None if scores.bias is None else torch.zeros_like(scores.vectors[:, 0].float())

    def add(self, part: slice, e: Tensor, summed: Tensor, own: Tensor) -> None:
        scores = self.scores
        e = e.to(scores.hidden.dtype)
        hidden, of_targets = scores.hidden[part], scores.of_targets[part]
        weighed = (hidden / summed[:, None]).to(e.dtype)
        self.hidden[part] = (e @ scores.vectors) / summed[:, None] + own[:, None] * of_targets
        if e.dtype == torch.float32:
            self.vectors.addmm_(e.T, weighed)
        else:
            self.vectors += e.T @ weighed
        self.at_targets[part] = own[:, None] * hidden
        self.own[part] = own
        if self.bias is not None:
            self.bias += (1 / summed).to(e.dtype) @ e

    def finished(self) -> tuple[Tensor, ...]:
        scores = self.scores
        table, bias = self.vectors, self.bias
        if scores.sample is not None:
            table = _scattered(table, scores.sample, scores.n_tokens)
            bias = None if bias is None else _scattered(bias, scores.sample, scores.n_tokens)
        table.index_add_(0, scores.targets, self.at_targets)
        if bias is None:
            return self.hidden, table
        return self.hidden, table, bias.index_add_(0, scores.targets, self.own)


def _scattered(values: Tensor, at: Tensor, n: int) -> Tensor:
    whole = values.new_zeros(n, *values.shape[1:])
    whole[at] = values
    return whole


def _parts(n: int, lists: Lists | None, rows: int) -> Iterator[tuple[int, int, int]]:
    """Yield parts of lists: where the list begins, first row and last."""
    first = 0
    for length in (n,) if lists is None else lists.lengths:
        for low in range(first, first + length, rows):
            yield first, low, min(low + rows, first + length)
        first += length
