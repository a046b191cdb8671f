"""Look-ups against brute force and a hand-worked example."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from fe_anndata.genespace import GeneSpace


@pytest.fixture
def space():
    vectors = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    vectors[7] = vectors[3]  # a tie with gene 3, for every query
    return GeneSpace(pd.Index([f"g{i}" for i in range(50)]), vectors)


def distances(space, metric):
    if metric == "dot":
        return -(space.vectors @ space.vectors.T)
    return cdist(space.vectors, space.vectors, metric)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
def test_neighbours_and_ranks_agree_with_brute_force(space, metric):
    far = distances(space, metric).round(5)
    for i in range(50):
        others = np.delete(np.arange(50), i)
        table = space.similar([f"g{i}"], 49, metric)
        found = [int(gene[1:]) for gene in table["gene"]]
        assert sorted(found) == sorted(others)
        assert np.all(np.diff(far[i, found]) >= 0)
        assert table["similarity"].is_monotonic_decreasing
        j = int(others[i % 49])
        got = space.similarity(f"g{i}", f"g{j}", metric)
        assert got.rank_of_b == 1 + (np.delete(far[i], i) < far[i, j]).sum()
        assert got.rank_of_a == 1 + (np.delete(far[j], j) < far[j, i]).sum()
        assert got.n_genes == 49


def test_a_hand_worked_example():
    names = pd.Index(["right", "up", "diagonal", "left"])
    vectors = np.array([[1, 0], [0, 2], [3, 3], [-5, 0]], dtype=np.float32)
    space = GeneSpace(names, vectors)
    table = space.similar(["right"], 3)
    assert table["gene"].tolist() == ["diagonal", "up", "left"]
    np.testing.assert_allclose(table["similarity"], [0.5**0.5, 0, -1], atol=1e-6)
    pooled = space.similar(["right", "up"], 1)  # unit vectors: their mean points along the diagonal
    assert pooled["gene"].tolist() == ["diagonal"]
    assert pooled["similarity"][0] == pytest.approx(1)
    assert space.similarity("up", "left").rank_of_b == 2  # tied with right, behind diagonal
    assert space.similar(["up"], 1, "euclidean")["gene"].tolist() == ["right"]
    assert space.similar(["left"], 1, "dot")["similarity"][0] == 0


def test_a_query_is_never_its_own_answer(space):
    assert not {"g1", "g2"} & set(space.similar(["g1", "g2"], 60)["gene"])
