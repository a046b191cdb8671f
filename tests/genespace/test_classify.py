"""Folds, control, leakage and probabilities of the classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from fe_anndata.genespace import classify as pipeline
from fe_anndata.genespace.calibrate import platt
from fe_anndata.genespace.classify import CLASSIFIERS, classify, out_of_fold
from fe_anndata.genespace.gene_folds import deal, permuted

N, D, P = 400, 6, 30


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(N, D)).astype(np.float32)
    members = rng.random((N, P)) < np.linspace(0.05, 0.5, P)
    members[:, 0] = vectors[:, 0] + 0.3 * rng.normal(size=N) > 1  # the one that can be read
    return vectors, members


def run(vectors, members, universe=None, **keywords):
    universe = np.ones(len(vectors), dtype=bool) if universe is None else universe
    options = {"classifier": "linear", "k": 5, "seed": 0, "order": np.arange(len(vectors))}
    return classify(vectors, sparse.csc_array(members), universe, **(options | keywords))


@pytest.mark.parametrize("classifier", ["linear", "knn"])
def test_a_planted_property_is_found_and_others_are_not(data, classifier):
    found = run(*data, classifier=classifier).measures
    assert found["auroc"][0] > 0.9
    assert found["auprc"][0] > 5 * found["base_rate"][0] / 2
    assert found["q_value"][0] < 1e-6
    assert abs(found["auroc"][1:].mean() - 0.5) < 0.03
    assert abs(found["auroc_permuted"].mean() - 0.5) < 0.03
    assert np.median(found["p_value"][1:]) > 0.2


def test_boosting_finds_it_too(data):
    vectors, members = data
    found = run(vectors, members[:, :2], classifier="boosting", k=2).measures["auroc"]
    assert found[0] > 0.9 > 0.65 > found[1]


def test_by_luck_small_sets_score_one_half():
    # Scores with an intercept would be lower where a fold holds more members than its share.
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(300, 20)).astype(np.float32)
    members = np.zeros((300, 600), dtype=bool)
    for i in range(600):
        members[rng.choice(300, 10, replace=False), i] = True
    found = run(vectors, members).measures
    both = np.concatenate([found["auroc"], found["auroc_permuted"]])
    assert abs(both.mean() - 0.5) < 4 * both.std() / len(both) ** 0.5


@pytest.mark.parametrize("classifier", sorted(CLASSIFIERS))
def test_labels_of_a_fold_do_not_reach_its_scores(data, classifier):
    vectors, members = data
    members = members[:, :3]
    folds = np.arange(N) % 2
    prepare = CLASSIFIERS[classifier]
    models = [prepare(vectors[folds != f], vectors[folds == f], 0) for f in range(2)]
    before = out_of_fold(models, sparse.csc_array(members), folds)
    changed = members.copy()
    changed[folds == 1] = ~changed[folds == 1]
    after = out_of_fold(models, sparse.csc_array(changed), folds)
    np.testing.assert_array_equal(before[:, folds == 1], after[:, folds == 1])
    assert np.any(before[:, folds == 0] != after[:, folds == 0])


def test_neighbours_are_those_of_brute_force(data):
    vectors, members = data
    train, test = vectors[:300], vectors[300:]
    scores = CLASSIFIERS["knn"](train, test, 0).scores(sparse.csc_array(members[:300]))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for i in (0, 50):
        cosines = unit[:300] @ unit[300 + i]
        near = np.argsort(-cosines)[:50]
        weights = np.maximum(cosines[near], 0)
        share = weights @ members[near] / weights.sum()
        np.testing.assert_allclose(scores[:, i], share / members[:300].mean(axis=0), rtol=1e-4)


def test_probabilities_of_all_genes(data):
    vectors, members = data
    universe = np.arange(N) < 300
    truth, members = members.copy(), members & universe[:, None]
    found = run(vectors, members, universe)
    p = found.probabilities
    assert (p.shape, p.dtype) == ((P, N), np.float32)
    assert p.min() >= 0
    assert p.max() <= 1
    assert roc_auc_score(truth[300:, 0], p[0, 300:]) > 0.9  # genes that no model has seen
    np.testing.assert_allclose(p[:, :300].mean(axis=1), found.measures["base_rate"], atol=0.02)
    np.testing.assert_array_equal(found.folds == -1, ~universe)
    for label in (True, False):  # what is said of genes outside the universe is not read
        other = members.copy()
        other[300:] = label
        inside = run(vectors, other & universe[:, None], universe)
        np.testing.assert_array_equal(inside.probabilities, p)


def test_blocks_change_nothing(data, monkeypatch):
    whole = run(*data)
    monkeypatch.setattr(pipeline, "BLOCK", 7)
    parts = run(*data)
    np.testing.assert_allclose(parts.probabilities, whole.probabilities, atol=1e-5)
    np.testing.assert_allclose(parts.measures["auroc"], whole.measures["auroc"], atol=1e-3)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(data):
    first, again, other = run(*data), run(*data), run(*data, seed=1)
    assert first.probabilities.tobytes() == again.probabilities.tobytes()
    assert first.folds.tobytes() == again.folds.tobytes()
    assert first.folds.tobytes() != other.folds.tobytes()


def test_an_order_of_the_genes_permutes_the_result(data):
    vectors, members = data
    moved = np.random.default_rng(5).permutation(N)
    here = run(vectors, members)
    there = run(vectors[moved], members[moved], order=moved)
    np.testing.assert_array_equal(there.folds, here.folds[moved])
    np.testing.assert_allclose(there.probabilities, here.probabilities[:, moved], atol=1e-4)
    np.testing.assert_allclose(
        there.measures["auroc_permuted"], here.measures["auroc_permuted"], atol=1e-3
    )


def test_folds_are_even_and_leave_members_to_learn_from():
    members = np.zeros((103, 40), dtype=bool)
    members[np.arange(40), np.arange(40)] = members[np.arange(40) + 1, np.arange(40)] = True
    members[:, 20:] = ~members[:, 20:]
    for seed in range(5):
        folds = deal(sparse.csc_array(members[:, ::8]), np.arange(103), 4, seed)
        assert sorted(np.bincount(folds)) == [25, 26, 26, 26]
        for f in range(4):
            outside = members[folds != f][:, ::8]
            assert np.all(outside.any(axis=0) & ~outside.all(axis=0))
    with pytest.raises(ValueError, match="larger min_genes"):
        deal(sparse.csc_array(np.arange(103)[:, None] == 5), np.arange(103), 4, 0)


def test_the_control_has_as_many_members():
    members = sparse.csc_array(np.random.default_rng(0).random((50, 8)) < 0.3)
    folds = np.arange(50) % 5
    control = permuted(members, np.arange(50), folds, 5, 0)
    np.testing.assert_array_equal(control.sum(axis=0), members.sum(axis=0))
    assert (control != members).sum() > 0
    rows = [members.toarray()[i].tobytes() for i in range(50)]  # whole genes are moved
    assert sorted(rows) == sorted(control.toarray()[i].tobytes() for i in range(50))


def test_the_curve_is_that_of_a_logistic_regression():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=4000)
    members = rng.random(4000) < 1 / (1 + np.exp(-(1.5 * scores - 2)))
    slope, intercept = platt(scores, members)
    model = LogisticRegression(C=np.inf, tol=1e-8).fit(scores[:, None], members)
    assert slope == pytest.approx(model.coef_[0, 0], rel=0.01)
    assert intercept == pytest.approx(model.intercept_[0], rel=0.01)


@pytest.mark.parametrize("gap", [0.0, 1.0, 50.0])
def test_the_curve_is_finite_where_scores_separate_or_do_not_vary(gap):
    scores = np.where(np.arange(1000) < 10, gap, 0.0) + 0.01 * (np.arange(1000) % 7) * (gap > 0)
    members = np.arange(1000) < 10
    slope, intercept = platt(scores, members)
    p = 1 / (1 + np.exp(-(slope * scores + intercept)))
    assert np.isfinite([slope, intercept]).all()
    assert p.mean() == pytest.approx(0.01, abs=0.003)
    if gap:
        assert p[:10].min() > 0.5 > p[10:].max()
