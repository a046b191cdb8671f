"""The loops of attention by tables, compiled; a sample at a time, so that none feels others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import Floats, reordered

Numbers = NDArray[np.int32]
Places = NDArray[np.int64]
LEAST = np.float32(-87.0)
"""What exp makes a number of that float32 can hold."""


@reordered
def exponentials(x: Floats, bits: Numbers, powers: Floats) -> None:
    """Replace numbers that are at most 0 by their exponentials, to 2e-7 of them.

    `powers` is `bits` read as float32: the power of two is written there as an exponent. numba
    has no exp that takes many numbers at a time.
    """
    for i in range(x.size):
        t = max(x[i], LEAST) * np.float32(1.44269504)
        whole = np.floor(t + np.float32(0.5))
        part = t - whole
        bits[i] = (np.int32(whole) + np.int32(127)) << np.int32(23)
        p = np.float32(1.5403530e-4)
        p = p * part + np.float32(1.3333558e-3)
        p = p * part + np.float32(9.6181291e-3)
        p = p * part + np.float32(5.5504109e-2)
        p = p * part + np.float32(2.4022651e-1)
        p = p * part + np.float32(6.9314718e-1)
        x[i] = p * part + np.float32(1.0)
    for i in range(x.size):
        x[i] *= powers[i]


@reordered
def forward(
    starts: Places,
    genes: Numbers,
    values: Numbers,
    score_of_gene: Floats,
    score_of_value: Floats,
    content_of_gene: Floats,
    factor_of_value: Floats,
    shift_of_value: Floats,
    heads: int,
    weights: Floats,
    found: Floats,
) -> None:
    """Fill `weights` (tokens, heads x queries) and `found` (n, heads x queries, part of width)."""
    n_scores, width = score_of_gene.shape[1], content_of_gene.shape[1]
    queries, d = n_scores // heads, width // heads
    bits = np.empty(n_scores, np.int32)
    powers = bits.view(np.float32)
    top, total = np.empty(n_scores, np.float32), np.empty(n_scores, np.float32)
    content = np.empty(width, np.float32)
    for c in range(starts.size - 1):
        first, last = starts[c], starts[c + 1]
        of_sample = found[c]
        of_sample[:] = 0
        if first == last:
            continue
        top[:] = -np.inf
        total[:] = 0
        for t in range(first, last):
            gene, value = genes[t], values[t]
            for j in range(n_scores):
                score = score_of_gene[gene, j] + score_of_value[value, j]
                weights[t, j] = score
                top[j] = max(top[j], score)
        for t in range(first, last):
            gene, value = genes[t], values[t]
            of_token = weights[t]
            for j in range(n_scores):
                of_token[j] -= top[j]
            exponentials(of_token, bits, powers)
            for j in range(n_scores):
                total[j] += of_token[j]
            for i in range(width):
                content[i] = (
                    content_of_gene[gene, i] * factor_of_value[value, i] + shift_of_value[value, i]
                )
            for h in range(heads):
                for q in range(queries):
                    weight = of_token[h * queries + q]
                    for i in range(d):
                        of_sample[h * queries + q, i] += weight * content[h * d + i]
        for j in range(n_scores):
            total[j] = np.float32(1) / total[j]
            for i in range(d):
                of_sample[j, i] *= total[j]
        for t in range(first, last):
            for j in range(n_scores):
                weights[t, j] *= total[j]


@reordered
def backward(
    starts: Places,
    genes: Numbers,
    values: Numbers,
    content_of_gene: Floats,
    factor_of_value: Floats,
    shift_of_value: Floats,
    heads: int,
    weights: Floats,
    found: Floats,
    of_found: Floats,
    of_content: Floats,
    of_score_of_value: Floats,
    of_factor: Floats,
    of_shift: Floats,
) -> None:
    """Turn weights into gradients of scores, fill those of contents, add those of values.

    `of_x` is the gradient of x; `of_content` that of ``content_of_gene``, for each token.
    """
    n_scores, width = weights.shape[1], content_of_gene.shape[1]
    queries, d = n_scores // heads, width // heads
    mean, slope = np.empty(n_scores, np.float32), np.empty(n_scores, np.float32)
    content, of_given = np.empty(width, np.float32), np.empty(width, np.float32)
    for c in range(starts.size - 1):
        of_sample, gradient = found[c], of_found[c]
        for j in range(n_scores):
            dot = np.float32(0)
            for i in range(d):
                dot += of_sample[j, i] * gradient[j, i]
            mean[j] = dot
        for t in range(starts[c], starts[c + 1]):
            gene, value = genes[t], values[t]
            of_given[:] = 0
            for i in range(width):
                content[i] = (
                    content_of_gene[gene, i] * factor_of_value[value, i] + shift_of_value[value, i]
                )
            for h in range(heads):
                for q in range(queries):
                    j = h * queries + q
                    weight, dot = weights[t, j], np.float32(0)
                    for i in range(d):
                        of_given[h * d + i] += weight * gradient[j, i]
                        dot += gradient[j, i] * content[h * d + i]
                    slope[j] = dot
            for j in range(n_scores):
                weights[t, j] *= slope[j] - mean[j]
                of_score_of_value[value, j] += weights[t, j]
            for i in range(width):
                of_shift[value, i] += of_given[i]
                of_factor[value, i] += of_given[i] * content_of_gene[gene, i]
                of_content[t, i] = of_given[i] * factor_of_value[value, i]


@reordered
def by_gene(
    order: Places,
    ends: Places,
    of_score: Floats,
    of_content: Floats,
    of_score_of_gene: Floats,
    of_content_of_gene: Floats,
) -> None:
    """Add up what tokens of a gene have, genes in their order; `ends` begins with 0 tokens."""
    for gene in range(ends.size - 1):
        for k in range(ends[gene], ends[gene + 1]):
            t = order[k]
            for j in range(of_score.shape[1]):
                of_score_of_gene[gene, j] += of_score[t, j]
            for i in range(of_content.shape[1]):
                of_content_of_gene[gene, i] += of_content[t, i]
