"""Look-ups against brute force and a hand-worked example."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from fe_anndata.genespace import GeneSpace, topk

METRICS = ["cosine", "euclidean", "dot"]
SLANTED = np.random.default_rng(6).normal(size=(6, 6)) + np.eye(6)


@pytest.fixture
def space():
    vectors = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    vectors[7] = vectors[3]  # a tie with gene 3, for every query
    return GeneSpace(pd.Index([f"g{i}" for i in range(50)]), vectors)


def distances(space, metric):
    if metric == "dot":
        return -(space.vectors @ space.vectors.T)
    if metric == "whitened":
        white = PCA(whiten=True).fit_transform(space.vectors.astype(float))
        return cdist(white, white, "cosine")
    return cdist(space.vectors, space.vectors, metric)


@pytest.mark.parametrize("metric", [*METRICS, "whitened"])
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


# ties, exactly


def with_ties(n=150, dim=3, largest=2):
    """Return a space of small whole numbers, in which most similarities are shared by many."""
    vectors = np.random.default_rng(1).integers(-largest, largest + 1, size=(n, dim))
    return GeneSpace(pd.Index([f"g{i}" for i in range(n)]), vectors)


def closeness(space, metric):
    """Return exact numbers that order all genes as their similarities to each do."""
    vectors = [[int(x) for x in row] for row in space.vectors]

    def of(a, b):
        dot = sum(x * y for x, y in zip(a, b, strict=True))
        if metric == "dot":
            return dot
        if metric == "euclidean":
            return -sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
        squared = sum(y * y for y in b)
        return None if not squared else Fraction(dot * abs(dot), squared)

    return [[of(a, b) for b in vectors] for a in vectors]


def rank_and_percentile(values, a, b):
    others = [v for i, v in enumerate(values) if i not in (a, b) and v is not None]
    closer, tied = sum(v > values[b] for v in others), sum(v == values[b] for v in others)
    return 1 + closer, 100 * (len(others) - closer - tied + tied / 2) / len(others)


@pytest.mark.parametrize("metric", METRICS)
def test_ranks_and_percentiles_of_1000_pairs_with_ties(metric):
    space = with_ties()
    exact = closeness(space, metric)
    able = np.flatnonzero((space.norms > 0) | (metric != "cosine"))
    draw = np.random.default_rng(2)
    shared = 0
    for _ in range(1000):
        a, b = map(int, draw.choice(able, 2, replace=False))
        got = space.similarity(f"g{a}", f"g{b}", metric)
        assert (got.rank_of_b, got.percentile_of_b) == rank_and_percentile(exact[a], a, b)
        assert (got.rank_of_a, got.percentile_of_a) == rank_and_percentile(exact[b], b, a)
        assert got.n_genes == len(able) - 1
        shared += got.percentile_of_b * (got.n_genes - 1) % 100 != 0
    assert shared > 100  # an odd number of ties leaves a half


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("spare", [0, 8])
def test_all_pairs_with_ties_in_the_order_of_the_genes(metric, spare, monkeypatch):
    monkeypatch.setattr(topk, "SPARE", spare)
    monkeypatch.setattr(topk, "BLOCK_BYTES", 20_000)  # many blocks
    whole = with_ties()
    directed = np.flatnonzero(whole.norms > 0)
    space = GeneSpace(whole.names[directed], whole.vectors[directed])
    exact = closeness(space, metric)
    for n in (1, 7, len(directed) - 1):
        indices, similarities = space.neighbours(n, metric)
        assert (indices.shape, similarities.shape) == ((len(directed), n),) * 2
        for i, values in enumerate(exact):
            others = [j for j in range(len(values)) if j != i]
            assert indices[i].tolist() == sorted(others, key=lambda j: (-values[j], j))[:n]
    table = space.similar([space.names[4]], n, metric)
    assert table["gene"].tolist() == space.names[indices[4]].tolist()
    np.testing.assert_allclose(table["similarity"], similarities[4], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e8])
def test_all_pairs_of_real_numbers(metric, scale):
    vectors = np.random.default_rng(3).normal(1, 1, size=(300, 20)) * scale
    space = GeneSpace(pd.Index([f"g{i}" for i in range(300)]), vectors)
    used = space.vectors.astype(np.float64)
    far = -used @ used.T if metric == "dot" else cdist(used, used, metric)
    np.fill_diagonal(far, np.inf)
    expected = np.argsort(far, axis=1, kind="stable")[:, :25]
    indices, similarities = space.neighbours(25, metric)
    np.testing.assert_array_equal(indices, expected)
    best = np.take_along_axis(far, expected, axis=1)
    shown = 1 - best if metric == "cosine" else -best
    np.testing.assert_allclose(similarities, shown, rtol=1e-6)


# by hand


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


def test_weights_and_raw_vectors():
    names = pd.Index(["right", "up", "diagonal", "left"])
    space = GeneSpace(names, np.array([[1, 0], [0, 2], [3, 3], [-5, 0]]))
    table = space.similar(["right", "up"], 2, weights=[3, 4])  # (0.6, 0.8) times 5/7
    assert table["gene"].tolist() == ["diagonal", "left"]
    np.testing.assert_allclose(table["similarity"], [1.4 / 2**0.5, -0.6])
    table = space.similar(["right", "up"], 2, "euclidean", weights=[3, 1])  # (0.75, 0.5)
    np.testing.assert_allclose(
        table["similarity"], [-((2.25**2 + 2.5**2) ** 0.5), -((5.75**2 + 0.25) ** 0.5)]
    )
    table = space.nearest_to([0, -1], 9, leave_out=[3])
    assert table["gene"].tolist() == ["right", "diagonal", "up"]
    assert table["rank"].tolist() == [1, 2, 3]


def test_a_query_is_never_its_own_answer(space):
    table = space.similar(["g1", "g2"], 60)
    assert not {"g1", "g2"} & set(table["gene"])
    assert len(table) == 48  # all there are


def test_two_genes():
    space = GeneSpace(pd.Index(["a", "b"]), np.eye(2))
    assert space.similarity("a", "b") == (0.0, 1, 1, 1, 100.0, 100.0)
    assert space.neighbours(1)[0].tolist() == [[1], [0]]


# transforms


def test_transforms_against_scikit_learn():
    draw = np.random.default_rng(4)
    vectors = draw.normal(size=(200, 5)) @ draw.normal(size=(5, 5)) + 3
    space = GeneSpace(pd.Index([f"g{i}" for i in range(200)]), vectors)
    moved = vectors - vectors.mean(axis=0)
    np.testing.assert_allclose(space.centred().vectors, moved, atol=1e-5)
    fitted = PCA(2).fit(vectors)
    left = moved - fitted.transform(vectors) @ fitted.components_
    np.testing.assert_allclose(space.without_common(2).vectors, left, atol=1e-5)
    np.testing.assert_allclose(space.without_common(0).vectors, moved, atol=1e-5)
    white = space.whitened().vectors
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(5), atol=1e-5)
    expected = PCA(whiten=True).fit_transform(vectors)
    np.testing.assert_allclose(
        cdist(white, white), cdist(expected, expected) * (200 / 199) ** 0.5, atol=1e-4
    )
    assert space.whitened().names.equals(space.names)
    assert space.whitened().vectors.tobytes() == white.tobytes()


def test_whitening_leaves_out_what_does_not_vary():
    vectors = np.random.default_rng(5).normal(size=(40, 3))
    vectors = np.column_stack([vectors, vectors[:, 0] * 2])
    assert (
        GeneSpace(pd.Index([f"g{i}" for i in range(40)]), vectors).whitened().vectors.shape[1] == 3
    )
    same = GeneSpace(pd.Index(["a", "b"]), np.ones((2, 3)))
    with pytest.raises(ValueError, match="all gene vectors are the same"):
        same.whitened()


def test_whitening_leaves_out_what_is_rounding():
    draw = np.random.default_rng(7)
    vectors = draw.normal(size=(60, 3)) * [1, 1, 1e-4]
    names = pd.Index([f"g{i}" for i in range(60)])
    for offset, kept in ((0, 3), (10, 3), (1000, 2)):  # float32 rounds 1000 to 6e-5
        assert GeneSpace(names, vectors + offset).whitened().vectors.shape[1] == kept


def test_whitened_similarity_is_that_of_any_coordinates(space):
    moved = GeneSpace(space.names, space.vectors @ SLANTED + 2)
    for ask in (
        lambda s: s.similar(["g1", "g2"], 9, "whitened", [2, 1]),
        lambda s: s.arithmetic("g1 - g2 + g5", 9, "whitened"),
    ):
        found, expected = ask(moved), ask(space)
        assert found["gene"].tolist() == expected["gene"].tolist()
        np.testing.assert_allclose(found["similarity"], expected["similarity"], atol=1e-4)
    near, similarities = moved.neighbours(5, "whitened")
    assert (near == space.neighbours(5, "whitened")[0]).all()
    assert similarities[3, 0] == 1.0  # of gene 7, whose vector is the same
    np.testing.assert_allclose(
        similarities[0, 0], space.similar(["g0"], 1, "whitened")["similarity"][0], atol=1e-4
    )
    positions, vectors = moved.chosen(["g4", "g1", "g4"], "whitened")
    assert positions.tolist() == [4, 1]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert moved.similar(["g0"], 9)["gene"].tolist() != space.similar(["g0"], 9)["gene"].tolist()


def test_the_whitened_space_knows_the_same_genes(space):
    known = GeneSpace(space.names, space.vectors, space.names + "_id", pd.Index(["untrained"]))
    assert known.similar(["g1_id"], 3, "whitened")["id"].str.endswith("_id").all()
    for of in (known, known.whitened(), known.centred(), known.without_common(1)):
        with pytest.raises(KeyError, match="no vector"):
            of.similar(["untrained"], 3, "whitened")


def test_removing_all_directions(space):
    with pytest.raises(ValueError, match="from 0 to 5"):
        space.without_common(6)
    with pytest.raises(ValueError, match="from 0 to 5"):
        space.without_common(-1)


# bad input


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_vectors_that_are_not_finite(bad):
    vectors = np.ones((3, 2))
    vectors[1, 0] = bad
    with pytest.raises(ValueError, match=r"1 gene vectors hold NaN.*'b'.*leave"):
        GeneSpace(pd.Index(["a", "b", "c"]), vectors)


@pytest.mark.parametrize(
    ("names", "vectors", "match"),
    [
        (["a", "b"], np.ones((3, 2)), "2 names for 3 vectors"),
        (["a", ""], np.ones((2, 2)), "1 gene names are empty.*number 1"),
        (["a", np.nan], np.ones((2, 2)), "empty or not strings"),
        (["a", "b"], np.ones(2), r"n_genes, gene_dim.*\(2,\)"),
        (["a", "b"], np.ones((2, 0)), r"\(2, 0\)"),
        (["a", "b"], np.array([["x"], ["y"]]), "numbers"),
    ],
)
def test_spaces_that_make_no_sense(names, vectors, match):
    with pytest.raises(ValueError, match=match):
        GeneSpace(pd.Index(names), vectors)


def test_zero_vectors_have_no_cosine():
    space = GeneSpace(pd.Index(list("abcd")), np.array([[1, 0], [0, 0], [0, 1], [1e-30, 0]]))
    assert space.similar(["a"], 9)["gene"].tolist() == ["d", "c"]  # small is not zero
    for ask in (
        lambda: space.similar(["a", "b"], 1),
        lambda: space.similarity("a", "b"),
        lambda: space.similarity("b", "a"),
        lambda: space.arithmetic("a + b", 1),
        lambda: space.neighbours(1),
    ):
        with pytest.raises(ValueError, match=r"1 genes are zero: 'b'.*euclidean"):
            ask()
    assert space.similar(["b"], 1, "euclidean")["gene"].tolist() == ["d"]
    assert space.similarity("a", "b", "dot").similarity == 0
    with pytest.raises(ValueError, match="add up to zero"):
        space.arithmetic("a - d", 1)
    with pytest.raises(ValueError, match="add up to zero"):
        space.nearest_to([0, 0], 1)


@pytest.mark.parametrize(
    ("vectors", "match"),
    [
        (np.random.default_rng(8).normal(size=(5, 6)), r"5 genes.*6 dimensions.*at least 8 genes"),
        (np.random.default_rng(8).normal(size=(7, 6)), r"7 genes.*at least 8 genes.*'cosine'"),
        (np.ones((9, 6)), "all gene vectors are the same"),
        (np.vstack([np.eye(6), -np.eye(6), np.zeros((1, 6))])[:, :2], "genes are zero: 'g2'"),
    ],
)
def test_vectors_that_cannot_be_whitened(vectors, match):
    space = GeneSpace(pd.Index([f"g{i}" for i in range(len(vectors))]), vectors)
    for ask in (
        lambda: space.similar(["g2"], 3, "whitened"),
        lambda: space.arithmetic("g1 - g2", 3, "whitened"),
        lambda: space.similarity("g1", "g2", "whitened"),
        lambda: space.neighbours(3, "whitened"),
        lambda: space.chosen(["g2"], "whitened"),
    ):
        with pytest.raises(ValueError, match=match):
            ask()


def test_numbers_and_weights_that_make_no_sense(space):
    with pytest.raises(ValueError, match=r"50 neighbours.*49 other genes"):
        space.neighbours(50)
    with pytest.raises(ValueError, match="at least 1"):
        space.neighbours(0)
    with pytest.raises(TypeError, match=r"whole number, not 2\.5"):
        space.similar(["g1"], 2.5)
    with pytest.raises(ValueError, match="'cosine'"):
        space.neighbours(3, "manhattan")
    with pytest.raises(ValueError, match="'whitened'"):
        space.similar(["g1"], 3, "whiten")
    for weights in ([1], [1, np.nan], [[1, 2]]):
        with pytest.raises(ValueError, match="2 finite numbers"):
            space.similar(["g1", "g2"], 3, weights=weights)
    for weights in ([1, -1], [0, 0]):
        with pytest.raises(ValueError, match="arithmetic"):
            space.similar(["g1", "g2"], 3, weights=weights)
    for vector in (np.ones(5), np.full(6, np.nan)):
        with pytest.raises(ValueError, match="6 finite numbers"):
            space.nearest_to(vector, 3)


def test_neighbours_tell_how_far_they_are(space, monkeypatch):
    monkeypatch.setattr("fe_anndata.genespace.topk.BLOCK_BYTES", 1)  # a block for each gene
    told = []
    space.neighbours(3, advance=told.append)
    assert told == [1] * len(space.names)
