"""Attention by tables: the compiled loops against plain torch, forward and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.kernels.table_attention import Tables, Tokens, attend, loops, reference, weights

NAMES = ("score_of_gene", "score_of_value", "content_of_gene", "factor_of_value", "shift_of_value")


def made(lengths, genes=23, values=5, heads=2, queries=3, width=6, scale=1.0, seed=0):
    """Return tokens and tables."""
    draw = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    tokens = Tokens(
        starts,
        draw.integers(genes, size=starts[-1]).astype(np.int32),
        draw.integers(values, size=starts[-1]).astype(np.int32),
    )
    shapes = [(genes, heads * queries), (values, heads * queries), (genes, width)]
    shapes += [(values, width)] * 2
    tables = [torch.from_numpy(draw.normal(0, scale, s).astype(np.float32)) for s in shapes]
    return tokens, Tables(*(table.requires_grad_() for table in tables)), heads


def gradients(compute, tokens, tables, heads, of_found):
    found = compute(tokens, tables, heads)
    return found.detach(), torch.autograd.grad((found * of_found).sum(), tables.all())


SHAPES = {
    "one token": {"lengths": [1]},
    "no tokens in the middle": {"lengths": [3, 0, 2]},
    "no tokens at all": {"lengths": [0, 0]},
    "one head and query": {"lengths": [5, 7], "heads": 1, "queries": 1, "width": 1},
    "primes": {"lengths": [31, 17, 101], "genes": 89, "heads": 3, "queries": 5, "width": 21},
    "ours": {"lengths": [300, 20], "genes": 500, "heads": 4, "queries": 16, "width": 64},
    "large scores": {"lengths": [40, 9], "scale": 8.0},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_like_plain_torch(shape):
    tokens, tables, heads = made(**shape)
    expected = reference.attend(tokens, tables, heads)
    of_found = torch.from_numpy(
        np.random.default_rng(1).normal(size=tuple(expected.shape)).astype(np.float32)
    )
    found, ours = gradients(attend, tokens, tables, heads, of_found)
    expected, theirs = gradients(reference.attend, tokens, tables, heads, of_found)
    size = max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * size)
    for name, one, other in zip(NAMES, ours, theirs, strict=True):
        most = max(1.0, float(other.abs().max()))
        assert float((one - other).abs().max()) <= 1e-5 * most, name


def test_a_sample_alone_is_the_same_bytes():
    tokens, tables, heads = made([40, 3, 77], heads=4, queries=16, width=64)
    together = attend(tokens, tables, heads).detach()
    for i, (first, last) in enumerate(zip(tokens.starts[:-1], tokens.starts[1:], strict=True)):
        alone = Tokens(
            np.array([0, last - first]), tokens.genes[first:last], tokens.values[first:last]
        )
        assert torch.equal(attend(alone, tables, heads)[0].detach(), together[i])


def test_weights_are_those_that_are_used():
    tokens, tables, heads = made([4, 6])
    found = weights(tokens, tables)
    contents = reference._of_tokens(tokens, tables)[1]
    first = found[:4].view(4, heads, 3)[:, 1, 2] @ contents[:4, 3:]
    torch.testing.assert_close(first, attend(tokens, tables, heads)[0, 2, 3:])
    torch.testing.assert_close(found[4:].sum(0), torch.ones(6))


def test_exponentials():
    x = np.concatenate([np.linspace(-90, 0, 10_001), [-1e30, -np.inf]]).astype(np.float32)
    bits = np.empty(len(x), np.int32)
    found = x.copy()
    loops.exponentials(found, bits, bits.view(np.float32))
    expected = np.exp(np.maximum(x, loops.LEAST).astype(np.float64))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert np.abs(found[x > -20] / expected[x > -20] - 1).max() < 3e-6
