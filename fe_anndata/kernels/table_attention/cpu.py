"""Attention by tables on a processor: compiled loops over tokens, without padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import loops
from .tokens import Tables, Tokens


def attend(tokens: Tokens, tables: Tables, heads: int) -> Tensor:
    """Return what each query gathers of each sample, (n, queries, width)."""
    found: Tensor = _Attend.apply(tokens, heads, *tables.all())  # type: ignore[no-untyped-call]
    n, n_scores, d = found.shape
    by_head = found.view(n, heads, n_scores // heads, d)
    return by_head.transpose(1, 2).flatten(2)


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tokens: Tokens, heads: int, *tables: Tensor) -> Tensor:
        arrays = [table.detach().contiguous().numpy() for table in tables]
        n_scores, width = arrays[0].shape[1], arrays[2].shape[1]
        weights = np.empty((len(tokens.genes), n_scores), np.float32)
        found = np.empty((len(tokens), n_scores, width // heads), np.float32)
        gene, value, content, factor, shift = arrays
        loops.forward(
            tokens.starts, tokens.genes, tokens.values, gene, value, content, factor, shift, heads,
            weights, found,
        )  # fmt: skip
        ctx.kept = tokens, heads, arrays, weights, found
        return torch.from_numpy(found)

    @staticmethod
    def backward(ctx: Any, of_found: Tensor) -> Any:
        tokens, heads, (gene, value, content, factor, shift), weights, found = ctx.kept
        of_value, of_factor, of_shift = (np.zeros_like(a) for a in (value, factor, shift))
        of_content = np.empty((len(tokens.genes), content.shape[1]), np.float32)
        scores = weights.copy()  # another backward pass may come
        loops.backward(
            tokens.starts, tokens.genes, tokens.values, content, factor, shift, heads, scores,
            found, of_found.contiguous().numpy(), of_content, of_value, of_factor, of_shift,
        )  # fmt: skip
        order = np.argsort(tokens.genes, kind="stable")
        ends = np.concatenate([[0], np.cumsum(np.bincount(tokens.genes, minlength=len(gene)))])
        of_gene, of_content_of_gene = np.zeros_like(gene), np.zeros_like(content)
        loops.by_gene(order, ends, scores, of_content, of_gene, of_content_of_gene)
        made = of_gene, of_value, of_content_of_gene, of_factor, of_shift
        return None, None, *map(torch.from_numpy, made)
