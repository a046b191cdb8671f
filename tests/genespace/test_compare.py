"""Agreement of two spaces against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from scipy.spatial import procrustes as scipy_procrustes
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group

from fe_anndata.genespace import agreement
from fe_anndata.genespace.compare import cca, neighbours, procrustes

ALL = 10**6


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def compared(a, b, k=5, n_pairs=ALL, seed=0):
    table = agreement(a, b, k=k, n_pairs=n_pairs, rng=np.random.default_rng(seed))
    return table.set_index("measure")


@pytest.fixture
def two():
    a = normal(60, 5)
    return a, a[:, :4] @ normal(4, 4, seed=1) + 0.5 * normal(60, 4, seed=2)


def test_neighbours_against_brute_force(two):
    k, shared = 7, []
    orders = [np.argsort(cdist(v, v, "cosine") + 9 * np.eye(60), axis=1)[:, :k] for v in two]
    for i in range(60):
        shared.append(len(set(orders[0][i]) & set(orders[1][i])) / k)
    assert neighbours(*two, k) == pytest.approx(np.mean(shared))
    assert 0.2 < np.mean(shared) < 0.9
    assert compared(*two, k=k).loc["neighbours", "chance"] == pytest.approx(k / 59)


def test_neighbours_of_unrelated_spaces_are_those_of_chance():
    table = compared(normal(800, 10), normal(800, 10, seed=1), k=20)
    np.testing.assert_allclose(table["agreement"], table["chance"], atol=0.02)


def test_procrustes_against_scipy(two):
    a, b = two
    padded = np.column_stack([b, np.zeros(60)])
    assert procrustes(a, b) == pytest.approx(1 - scipy_procrustes(a, padded)[2])
    assert procrustes(a, b) == pytest.approx(procrustes(b, a))


def test_cca_against_scipy(two):
    centred = [v - v.mean(axis=0) for v in two]
    assert cca(*two) == pytest.approx(np.cos(subspace_angles(*centred)).mean(), abs=1e-5)


def test_a_dependent_direction_counts_once(two):
    a, b = two
    assert cca(np.column_stack([a, a[:, 0] + a[:, 1]]), b) == pytest.approx(cca(a, b), abs=1e-4)


def test_similarities_against_numpy(two):
    upper = np.triu_indices(60, 1)
    cosines = [(1 - cdist(v, v, "cosine"))[upper] for v in two]
    expected = np.corrcoef(*cosines)[0, 1]
    assert compared(*two).loc["similarities", "agreement"] == pytest.approx(expected, abs=1e-5)
    sampled = compared(*two, n_pairs=1500).loc["similarities", "agreement"]
    assert sampled == pytest.approx(expected, abs=0.1)
    assert sampled != expected


def test_a_turned_and_scaled_space_agrees_wholly():
    a = normal(200, 6)
    b = 3 * a @ ortho_group.rvs(6, random_state=0)
    table = compared(a, b.astype(np.float32))
    np.testing.assert_allclose(table["agreement"], 1, atol=1e-4)
    assert (table["chance"] < 0.4).all()


def test_the_same_seed_gives_the_same_table(two):
    assert compared(*two, n_pairs=100).equals(compared(*two, n_pairs=100))
    assert not compared(*two, n_pairs=100).equals(compared(*two, n_pairs=100, seed=1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"k": 60}, "k must be from 1 to 59"),
        ({"k": 0}, "k must be from 1"),
        ({"n_pairs": 1}, "n_pairs"),
    ],
)
def test_bad_numbers(two, change, words):
    with pytest.raises(ValueError, match=words):
        compared(*two, **change)


def test_spaces_without_content():
    with pytest.raises(ValueError, match="2 common genes are too few"):
        compared(normal(2, 3), normal(2, 3), k=1)
    with pytest.raises(ValueError, match="second space are the same"):
        compared(normal(9, 3), np.ones((9, 2), np.float32))
