"""What is held out: how much, where, and the same in whatever order samples and genes stand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from fe_anndata.matrix.rows import ByBlocks, InMemory
from fe_anndata.training.holdout import draw, hidden_entries
from fe_anndata.training.ranks import Ranks
from tests.helpers import in_order

SHAPE = (30, 20)


@pytest.fixture
def X():  # noqa: N802
    return np.random.default_rng(0).normal(1, 1, size=SHAPE).astype(np.float32)


def places(entries):
    return set(zip(entries.rows.tolist(), entries.cols.tolist(), strict=True))


@pytest.mark.parametrize("by", ["entries", "samples"])
@pytest.mark.parametrize("fraction", [0, 0.1, 0.25, 0.5])
def test_how_much(X, fraction, by):
    holdout = draw(InMemory(X), fraction, by, 0, in_order(SHAPE))
    entries = holdout.entries
    expected = int(fraction * 600) if by == "entries" else int(fraction * 30) * 20 // 2
    assert len(places(entries)) == len(entries) == expected
    np.testing.assert_array_equal(entries.values, X[entries.rows, entries.cols])
    assert np.array_equal(np.lexsort((entries.cols, entries.rows)), np.arange(len(entries)))
    if by == "entries":
        assert holdout.counted.all()
    else:
        assert (~holdout.counted).sum() == int(30 * fraction)
        assert not holdout.counted[entries.rows].any()


@pytest.mark.parametrize(
    ("shape", "by", "expected"),
    [
        ((30, 20), "entries", 30),  # a twentieth
        ((2000, 1000), "entries", 50_000),  # but no more
        ((30, 20), "samples", 10),  # half of one sample
        ((9000, 1000), "samples", 50_000),  # half of a hundred
        ((7, 20), "samples", 10),  # one at least
    ],
)
def test_auto(shape, by, expected):
    X = np.broadcast_to(np.float32(1), shape)
    holdout = draw(InMemory(X), "auto", by, 0, in_order(shape))
    assert len(holdout.entries) == expected


def test_missing_entries_are_no_validation(X):
    X[X > 1] = np.nan
    entries = draw(InMemory(X), 0.5, "entries", 0, in_order(SHAPE)).entries
    assert 100 < len(entries) < 200
    assert not np.isnan(entries.values).any()


def test_sources_agree(X):
    X[X < 0.5] = 0
    expected = draw(InMemory(X), 0.2, "entries", 0, in_order(SHAPE)).entries
    for rows in (InMemory(sparse.csr_matrix(X)), ByBlocks(X), ByBlocks(sparse.csr_matrix(X))):
        found = draw(rows, 0.2, "entries", 0, in_order(SHAPE)).entries
        assert places(found) == places(expected)
        np.testing.assert_array_equal(found.values, expected.values)


@pytest.mark.parametrize("by", ["entries", "samples"])
def test_names_decide_and_not_their_order(X, by):
    rng = np.random.default_rng(1)
    rows, cols = rng.permutation(30), rng.permutation(20)
    plain = draw(InMemory(X), 0.2, by, 0, in_order(SHAPE))
    shuffled = draw(InMemory(X[np.ix_(rows, cols)]), 0.2, by, 0, Ranks(rows, cols))
    back = {(rows[i], cols[j]) for i, j in places(shuffled.entries)}
    assert back == places(plain.entries)
    np.testing.assert_array_equal(shuffled.counted, plain.counted[rows])


@pytest.mark.parametrize("by", ["entries", "samples"])
def test_seeds_differ(X, by):
    a, b = (draw(InMemory(X), 0.2, by, seed, in_order(SHAPE)) for seed in (0, 1))
    assert places(a.entries) != places(b.entries)


def test_all_that_training_must_not_see(X):
    X[[3, 29], [4, 0]] = np.nan
    held_out = draw(InMemory(X), 0.1, "entries", 0, in_order(SHAPE)).entries
    hidden = hidden_entries(InMemory(X), held_out)
    assert places(hidden) == places(held_out) | {(3, 4), (29, 0)}
    assert np.array_equal(np.lexsort((hidden.cols, hidden.rows)), np.arange(len(hidden)))
    missing = np.isnan(X[hidden.rows, hidden.cols])
    assert hidden.values[missing].tolist() == [0, 0]
    np.testing.assert_array_equal(hidden.values[~missing], X[hidden.rows, hidden.cols][~missing])
