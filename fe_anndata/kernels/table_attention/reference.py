"""Attention by tables in plain torch: the numerics of record, and what a GPU computes with."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .tokens import Tables, Tokens


def attend(tokens: Tokens, tables: Tables, heads: int) -> Tensor:
    """Return what each query gathers of each sample, (n, queries, width)."""
    lengths = np.diff(tokens.starts)
    n, longest = len(tokens), max(1, int(lengths.max(initial=0)))
    place = np.arange(longest) + tokens.starts[:-1, None]
    there = place < tokens.starts[1:, None]
    device = tables.score_of_gene.device
    padded = torch.from_numpy(np.where(there, place, len(tokens.genes))).to(device)
    scores, contents = _of_tokens(tokens, tables)
    # One more token, which nobody sees, stands behind the end of short samples.
    scores = torch.cat([scores, scores.new_full((1, scores.shape[1]), -torch.inf)])[padded]
    contents = torch.cat([contents, contents.new_zeros(1, contents.shape[1])])[padded]
    empty = torch.from_numpy(lengths == 0).to(device)[:, None, None]
    share = torch.where(empty, 0.0, torch.where(empty, 0.0, scores).softmax(1))
    queries = share.shape[2] // heads
    share = share.view(n, longest, heads, queries)
    contents = contents.view(n, longest, heads, -1)
    return torch.einsum("nthq,nthd->nqhd", share, contents).flatten(2)


def weights(tokens: Tokens, tables: Tables) -> Tensor:
    """Return the weight of each token for each head and query, (tokens, heads x queries)."""
    scores, _ = _of_tokens(tokens, tables)
    parts = zip(tokens.starts[:-1].tolist(), tokens.starts[1:].tolist(), strict=True)
    return torch.cat([scores[first:last].softmax(0) for first, last in parts])


def _of_tokens(tokens: Tokens, tables: Tables) -> tuple[Tensor, Tensor]:
    device = tables.score_of_gene.device
    genes, values = (torch.from_numpy(of).long().to(device) for of in (tokens.genes, tokens.values))
    scores = tables.score_of_gene[genes] + tables.score_of_value[values]
    contents = tables.content_of_gene[genes] * tables.factor_of_value[values]
    return scores, contents + tables.shift_of_value[values]
