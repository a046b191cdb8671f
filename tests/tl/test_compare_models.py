"""Models of several families on the same folds, in one table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import fe_anndata as fe
from fe_anndata import models
from fe_anndata.evaluation import outer_folds
from fe_anndata.tl import _methods
from tests import toy_family
from tests.models.generain.conftest import QUICK, cohort

FAST = {name: QUICK[name] for name in ("tokens", "layers", "steps", "minibatch_size")}
MODELS = {"fe": {"steps": 10, "gene_dim": 8}, "pca": {}, "generain": FAST}
GIVEN = {"label": "kind", "dim": 8, "folds": 2, "progress": False}


@pytest.fixture
def adata():
    made = cohort(60, zeros=0.1, apart=1.5)
    made.X = np.log1p(made.X)
    made.var["some"] = np.arange(60) < 30
    return made


@pytest.fixture(scope="module")
def table():
    made = cohort(60, zeros=0.1, apart=1.5)
    made.X = np.log1p(made.X)
    made.var["some"] = np.arange(60) < 30
    return fe.tl.compare_models(made, MODELS, gene_sets=["some"], **GIVEN)


def test_a_row_for_each_model(table):
    assert table.index.tolist() == list(MODELS)
    assert table["decoder"].tolist() == ["inner", "linear", ""]
    assert (table[["n_train", "n_test"]] == 30).all(axis=None)
    assert (table["accuracy_new"] > 0.8).all()
    assert table["r2_new"].notna().tolist() == [True, True, False]
    assert (table[["seconds_fit", "seconds_new", "seconds_all"]] > 0).all(axis=None)
    assert (table["gene_dim"] == 8).all()
    assert (table["n_genes"] == 60).all()


def test_nats_stand_beside_a_baseline_of_the_same_samples(table):
    nats = table.filter(like="nats")
    assert nats.notna().all(axis=1).tolist() == [False, False, True]
    assert nats.loc[["fe", "pca"]].isna().all(axis=None)
    assert table.loc["generain", "baseline"] == "bag"
    # Six steps leave it near the least it can do, which is to say how often genes are listed.
    assert nats.loc["generain"].between(2, np.log(60) + 0.5).all()


def test_nats_are_those_of_the_run_by_hand(adata):
    found = fe.tl.compare_models(adata, {"generain": FAST}, **GIVEN).loc["generain"]
    labels = adata.obs["kind"].to_numpy(str)
    of_folds = []
    for train, test in outer_folds(labels, 2, seed=0):
        reference, new = adata[train].copy(), adata[test].copy()
        fe.tl.train(reference, "generain", width=8, heads=4, rng=0, progress=False, **FAST)
        fe.tl.transform(new, reference, key="generain", progress=False)
        of = reference.uns["generain"]
        history = fe.get.history(reference, key="generain")["validation_loss"]
        least = min(of["baselines"].values())
        of_folds.append((new.obs["generain_cross_entropy"].mean(), history.min(), least))
    expected = np.mean(of_folds, axis=0)
    columns = ["nats_new", "nats_held_out", "baseline_nats_held_out"]
    np.testing.assert_allclose(found[columns].astype(float), expected, rtol=1e-4)


def test_what_both_measure_is_what_evaluate_measures(adata, table):
    train = {name: options for name, options in MODELS.items() if options}
    found = fe.tl.evaluate(
        adata, "kind", dims=[8], methods=list(MODELS), folds=2, classifiers=["logistic"],
        train=train, progress=False,
    ).groupby("method", sort=False)  # fmt: skip
    columns = ["accuracy_new", "balanced_accuracy_new", "accuracy_fitted", "r2_new"]
    pd.testing.assert_frame_equal(table[columns], found[columns].mean(), check_names=False)
    spread = found["accuracy_new"].std()
    pd.testing.assert_series_equal(table["accuracy_new_sd"], spread, check_names=False)


def test_gene_sets_are_read_off_models_of_all_samples(adata, table):
    fe.tl.train(adata, sample_dim=8, rng=0, progress=False, **MODELS["fe"])
    found = fe.tl.classify_genes(adata, ["some"], folds=2, progress=False).table
    assert table.loc["fe", "auroc_gene_sets"] == pytest.approx(found["auroc"].mean(), abs=1e-6)


def test_genes_that_one_model_does_not_know_count_for_none(adata):
    adata.X[:, 7] = 0
    adata.X[3, 7] = 1  # of one value, the lowest bin, which no list shows
    found = fe.tl.compare_models(adata, MODELS, gene_sets=["some"], **GIVEN)
    assert found["n_genes"].tolist() == [59] * 3


def test_one_family_twice_and_without_a_label(adata):
    twice = {
        "next": {"model": "generain", **FAST},
        "values": {"model": "generain", "objective": "masked-expression", **FAST},
    }
    found = fe.tl.compare_models(adata, twice, **{**GIVEN, "label": None})
    assert found.index.tolist() == list(twice)
    assert found["nats_new"].notna().tolist() == [True, False]  # squared errors are no nats
    assert found["nats_held_out"].notna().tolist() == [True, False]
    assert not [column for column in found if "accuracy" in column or "auroc" in column]


def test_numbers_and_groups(adata):
    adata.obs["age"] = adata.X.sum(axis=1)
    adata.obs["donor"] = [f"d{i % 6}" for i in range(60)]
    given = {**GIVEN, "label": "age", "groups": "donor"}
    found = fe.tl.compare_models(adata, ["pca"], **given)
    assert found.loc["pca", "label_r2_new"] > 0.2
    assert {"label_r2_fitted", "label_r2_new_sd"} <= set(found)


def test_a_family_of_ones_own(adata, monkeypatch):
    monkeypatch.setattr(models, "_registered", {})
    toy_family.register()
    found = fe.tl.compare_models(adata, ["toy"], **{**GIVEN, "dim": 1})
    evaluated = fe.tl.evaluate(adata, "kind", dims=[1], methods=["toy"], folds=2, progress=False)
    assert found.loc["toy", "r2_new"] == pytest.approx(evaluated["r2_new"].mean())
    assert "nats_new" not in found


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"models": []}, TypeError, ["models", "'generain'", "'pca'"]),
        ({"models": {}}, ValueError, ["models is empty"]),
        ({"models": ["pca", "pca"]}, ValueError, ["named twice"]),
        ({"models": ["genrain"]}, ValueError, ["'generain'", "'genrain'"]),
        ({"models": {"pca": 3}}, TypeError, ["models['pca']", "dict"]),
        ({"models": {"pca": {"steps": 3}}}, ValueError, ["'pca' has no options"]),
        ({"models": {"fe": {"setps": 3}}}, TypeError, ["setps", "'steps'"]),
        ({"models": {"fe": {"tokens": 3}}}, TypeError, ["tokens", "'generain'"]),
        ({"models": {"generain": {"width": 8}}}, ValueError, ["'width'", "tl.compare_models"]),
        ({"models": {"fe": {"layer": "x"}}}, KeyError, ["'x'", "layer"]),
        ({"models": {"fe": {"labels_key": "kind"}}}, ValueError, ["labels_key", "leave it out"]),
        ({"label": "knd"}, KeyError, ["knd", "'kind'"]),
        ({"gene_sets": ["smoe"]}, KeyError, ["smoe"]),
        ({"gene_sets": {"few": ["g001", "g002"]}}, ValueError, ["min_genes"]),
        ({"dim": 60}, ValueError, ["60 dimensions"]),
        ({"dim": 2.5}, TypeError, ["dim", "2.5"]),
        ({"folds": 1}, ValueError, ["folds"]),
        ({"folds": 40, "label": None}, ValueError, ["60 samples", "40 folds"]),
        ({"classifier": "svm"}, ValueError, ["classifier", "'knn'"]),
    ],
    ids=str,
)
def test_errors_come_before_any_training(adata, wrong, error, words, monkeypatch):
    monkeypatch.setattr(_methods, "train_model", lambda *_, **__: pytest.fail("it was trained"))
    with pytest.raises(error) as raised:
        fe.tl.compare_models(adata, **{"models": ["fe", "pca"], **GIVEN, **wrong})
    for word in words:
        assert word in str(raised.value)


def test_interrupted_it_returns_the_models_that_are_complete(adata, monkeypatch):
    def interrupted(train, model, **_):
        train.uns[model] = {"params": {"ended": "interrupted"}}

    monkeypatch.setattr(_methods, "train_model", interrupted)
    given = {**GIVEN, "gene_sets": ["some"]}
    with pytest.warns(UserWarning, match="interrupted: the table holds pca of pca, fe"):
        found = fe.tl.compare_models(adata, ["pca", "fe"], **given)
    assert found.index.tolist() == ["pca"]
    assert found["auroc_gene_sets"].notna().all()
    with pytest.raises(KeyboardInterrupt):
        fe.tl.compare_models(adata, ["fe", "pca"], **given)


def test_a_model_on_another_layer():
    """Counts for one model, logarithms for the others, on the same folds."""
    draw = np.random.default_rng(0)
    kind = np.arange(60) % 2
    counts = draw.poisson(np.exp(draw.normal(0, 1, (2, 40)))[kind] * 5).astype(np.float32)
    adata = AnnData(np.log1p(counts), layers={"counts": counts})
    adata.obs["kind"] = kind.astype(str)
    adata.obs_names = [f"s{i}" for i in range(60)]
    few = {"layer": "counts", "width": 8, "latents": 2, "heads": 2, "steps": 3}
    models = {"pca": {}, "exceiver": few}
    table = fe.tl.compare_models(adata, models, label="kind", dim=4, folds=2, progress=False)
    assert table["accuracy_new"].min() > 0.8
    assert np.isfinite(table.loc["exceiver", "nats_new"])
    assert np.isnan(table.loc["exceiver", "r2_new"])  # of counts, which is not what X holds
    evaluated = fe.tl.evaluate(
        adata, "kind", dims=[4], methods=["pca", "exceiver"], folds=2, classifiers=["knn"],
        train={"exceiver": few}, progress=False,
    )  # fmt: skip
    assert evaluated.groupby("method")["accuracy_new"].mean().min() > 0.8
