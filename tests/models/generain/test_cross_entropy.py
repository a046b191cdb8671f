"""Scores in parts are scores as a whole, and a sample of all genes is all genes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from fe_anndata.models.generain.cross_entropy import Lists, cross_entropy

TOKENS, WIDTH, LENGTHS = 53, 6, (7, 12, 1)
N = sum(LENGTHS)


def numbers():
    rng = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, generator=rng).requires_grad_()

    lists = [torch.randperm(TOKENS, generator=rng)[: n + 1] for n in LENGTHS]
    stands, targets = (torch.cat([tokens[part] for tokens in lists])
                       for part in (slice(None, -1), slice(1, None)))  # fmt: skip
    return normal(N, WIDTH), normal(TOKENS, WIDTH), normal(TOKENS), stands, targets


def whole(hidden, table, bias, stands, targets, is_listed, sample=None):
    """Return the loss of each row with all scores at once, by torch."""
    scores = hidden @ table.T + (0 if bias is None else bias)
    rows, first = torch.arange(N), 0
    shut = torch.zeros(N, TOKENS, dtype=torch.bool)
    for length in LENGTHS if is_listed else ():
        for row in range(first, first + length):
            shut[row, stands[first : row + 1]] = True
        first += length
    if sample is None:
        return functional.cross_entropy(
            scores.masked_fill(shut, -torch.inf), targets, reduction="none"
        )
    others = TOKENS - 1 - shut.sum(1)
    drawn = torch.zeros(TOKENS, dtype=torch.bool)
    drawn[sample] = True
    left = drawn & ~shut
    left[rows, targets] = False
    counted = (scores.exp() * left).sum(1) * others / left.sum(1)
    own = scores[rows, targets]
    return (counted + own.exp()).log() - own


CASES = list(itertools.product([False, True], [False, True], [1, 5, 256]))


@pytest.mark.parametrize(("with_bias", "is_listed", "rows"), CASES)
@pytest.mark.parametrize("sample", [None, torch.arange(TOKENS), torch.arange(0, TOKENS, 3)],
                         ids=["all", "a sample of all", "a third"])  # fmt: skip
def test_parts_are_the_whole(with_bias, is_listed, rows, sample):
    hidden, table, bias, stands, targets = numbers()
    bias = bias if with_bias else None
    given = [hidden, table] + [bias] * with_bias
    # A sample of all genes is the softmax over all, not an estimate of it.
    of_reference = None if sample is None or len(sample) == TOKENS else sample
    expected = whole(hidden, table, bias, stands, targets, is_listed, of_reference)
    lists = Lists(stands, LENGTHS) if is_listed else None
    total, each = cross_entropy(
        hidden, table, targets, bias=bias, lists=lists, sample=sample, rows=rows
    )
    np.testing.assert_allclose(each.numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    assert float(total.detach()) == pytest.approx(float(expected.detach().sum()), rel=1e-6)
    theirs = torch.autograd.grad(0.3 * expected.sum(), given)
    for own, other in zip(torch.autograd.grad(0.3 * total, given), theirs, strict=True):
        np.testing.assert_allclose(own.numpy(), other.numpy(), atol=1e-5)


def test_what_is_listed_cannot_come_next():
    hidden, table, _, stands, targets = numbers()
    table = table.detach().clone()
    before = cross_entropy(hidden, table, targets, lists=Lists(stands, LENGTHS))[1]
    table[stands[0]] *= 50  # it would take all probability
    after = cross_entropy(hidden, table, targets, lists=Lists(stands, LENGTHS))[1]
    assert torch.equal(before[: LENGTHS[0]], after[: LENGTHS[0]])
    assert not torch.equal(before, after)


def test_half_precision_is_near():
    hidden, table, _, _, targets = numbers()
    exact = cross_entropy(hidden, table, targets)[1]
    total, each = cross_entropy(hidden.bfloat16(), table, targets)
    np.testing.assert_allclose(each.numpy(), exact.numpy(), atol=5e-2)
    assert torch.autograd.grad(total, [table])[0].dtype == torch.float32


def test_one_row_that_is_certain():
    table = torch.tensor([[100.0], [-100.0]])
    losses = cross_entropy(torch.ones(2, 1), table, torch.tensor([0, 1]))[1]
    assert losses.tolist() == [0.0, 200.0]
