"""CSLS, ranks and mutual neighbours against loops."""

from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.genespace import _vectors
from fe_anndata.genespace._vectors import unit
from fe_anndata.genespace.retrieval import mutual, ranks, surroundings


@pytest.fixture
def two():
    draw = np.random.default_rng(0)
    a = draw.normal(size=(31, 4))
    b = np.concatenate([a[:17] + 0.3 * draw.normal(size=(17, 4)), draw.normal(size=(6, 4)) + 1])
    return unit(a), unit(b)


@pytest.fixture(params=[1, 50, 2**24], autouse=True)
def _parts(request, monkeypatch):
    """The parts into which products are cut must not matter."""
    monkeypatch.setattr(_vectors, "ENTRIES", request.param)


def naive_csls(a, b, k):
    table = np.empty((len(a), len(b)))
    for i in range(len(a)):
        for j in range(len(b)):
            from_a = np.mean(sorted([float(a[i] @ y) for y in b])[-k:]) if k else 0
            from_b = np.mean(sorted([float(x @ b[j]) for x in a])[-k:]) if k else 0
            table[i, j] = 2 * float(a[i] @ b[j]) - from_a - from_b
    return table


@pytest.mark.parametrize("k", [0, 1, 5])
def test_ranks_against_a_naive_csls(two, k):
    a, b = two
    pairs = np.array([[i, (5 * i) % 23] for i in range(31)])
    table = naive_csls(a, b, k)
    expected = [1 + sum(table[i] > table[i, j] + 1e-6) for i, j in pairs]
    assert ranks(a, b, pairs, k).tolist() == expected
    back = [1 + sum(table[:, j] > table[i, j] + 1e-6) for i, j in pairs]
    assert ranks(b, a, pairs[:, ::-1], k).tolist() == back


def test_csls_changes_ranks(two):
    pairs = np.array([[i, i] for i in range(17)])
    assert (ranks(*two, pairs, 0) != ranks(*two, pairs, 5)).any()


def test_surroundings_of_few_are_all(two):
    a, b = two
    np.testing.assert_allclose(surroundings(a, b, 99), (a @ b.T).mean(axis=1), atol=1e-6)


def test_mutual_neighbours_against_a_naive_csls(two):
    table = naive_csls(*two, 3)
    expected = [
        [i, j]
        for i in range(31)
        for j in range(23)
        if table[i].argmax() == j and table[:, j].argmax() == i
    ]
    assert len(expected) > 5
    assert mutual(*two, 3).tolist() == expected


def test_among_ties_the_partner_stands_in_the_middle():
    a = unit(np.array([[1.0, 0.0]]))
    b = unit(np.array([[1.0, 1.0], [1.0, -1.0], [1.0, 0.0]]))
    assert ranks(a, b, np.array([[0, 0], [0, 1], [0, 2]]), 0).tolist() == [3, 3, 1]
    same = np.repeat(a, 9, axis=0)
    assert ranks(a, same, np.array([[0, 4]]), 0).tolist() == [5]
