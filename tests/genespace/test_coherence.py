"""Coherence of sets against all pairs written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from fe_anndata.genespace.coherence import (
    against_random,
    coherence,
    random_coherence,
    unit_vectors,
)


@pytest.fixture
def vectors():
    found = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    found[:8] += 2  # these are alike
    found[39] = 0
    return found


def cosines(vectors, which):
    pairs = combinations(vectors[which].astype(float), 2)
    lengths = np.linalg.norm
    return np.mean([a @ b / max(lengths(a) * lengths(b), 1e-300) for a, b in pairs])


def test_it_is_the_mean_over_pairs(vectors):
    sets = [np.arange(8), np.array([3, 20, 39]), np.array([10, 11]), np.arange(40)]
    table = np.stack([np.isin(np.arange(40), s) for s in sets], axis=1)
    found = coherence(unit_vectors(vectors), sparse.csc_array(table))
    np.testing.assert_allclose(found, [cosines(vectors, s) for s in sets], rtol=1e-9)


def test_random_sets_have_the_coherence_of_all_pairs_on_average(vectors):
    units, sizes = unit_vectors(vectors), np.array([2, 5, 17, 40])
    found = random_coherence(units, sizes, 3000, 0, np.arange(40))
    mean = cosines(vectors, np.arange(40))
    error = found.std(axis=0) / 3000**0.5
    assert np.all(np.abs(found.mean(axis=0) - mean) < 4 * error + 1e-9)
    np.testing.assert_allclose(found[:, 3], mean)
    draws = np.random.default_rng(1)
    naive = [cosines(vectors, draws.choice(40, 5, replace=False)) for _ in range(3000)]
    assert found[:, 1].std() == pytest.approx(np.std(naive), rel=0.08)


def test_a_planted_set_stands_out_and_a_random_one_does_not(vectors):
    which = np.random.default_rng(2).choice(np.arange(8, 39), 8, replace=False)
    table = np.stack([np.arange(40) < 8, np.isin(np.arange(40), which)], axis=1)
    found = against_random(unit_vectors(vectors), sparse.csc_array(table), 500, 0, np.arange(40))
    assert found["z"][0] > 4
    assert found["p_value"][0] == pytest.approx(1 / 501)
    assert found["p_value"][1] > 0.01


def test_the_whole_universe_deviates_from_nothing(vectors):
    everyone = sparse.csc_array(np.ones((40, 1), dtype=bool))
    found = against_random(unit_vectors(vectors), everyone, 20, 0, np.arange(40))
    assert np.isnan(found["z"][0])
    assert found["p_value"][0] == 1
