"""How much of each component new samples keep, by folds that nothing of theirs reaches."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

import fe_anndata as fe
from fe_anndata.evaluation import folds_of_any
from tests.helpers import of_components

QUICK = {"n_components": 4, "folds": 3, "progress": False}


@pytest.fixture
def adata():
    made = fe.datasets.simulated(150, 60, 6)
    made.obs["donor"] = [f"d{i % 15}" for i in range(150)]
    return made


def homogeneous():
    return AnnData(of_components(240, (4, 3, 2.6, 2.3, 2.0, 1.8)))


def first_genes(train, dim, seed):
    return lambda given: np.asarray(given.X)[:, :dim].copy()


def means(table):
    return table.groupby(["method", "component"], sort=False)["r2_new"].mean().unstack()  # noqa: PD010


def test_a_row_per_method_fold_and_component(adata):
    table = fe.tl.components_kept(adata, methods=["pca", first_genes], dim=3, **QUICK)
    keys = list(table[["method", "fold", "component"]].itertuples(index=False, name=None))
    assert keys == [
        (m, f, c) for m in ("pca", "first_genes") for f in range(3) for c in range(1, 5)
    ]
    assert (table["n_train"] + table["n_test"] == 150).all()
    assert (table["dim"] == 3).all()
    assert table["decoder"].unique().tolist() == ["linear", ""]
    pca = PCA(4).fit(adata.X[folds_of_any(150, 3, seed=0)[0].train])
    np.testing.assert_allclose(table["variance"][:4], pca.explained_variance_ratio_, rtol=1e-4)


def test_pca_keeps_its_own_and_noise_keeps_nothing():
    def noise(train, dim, seed):
        return lambda given: np.random.default_rng(len(given)).normal(size=(given.n_obs, dim))

    found = means(fe.tl.components_kept(homogeneous(), methods=["pca", noise], **QUICK))
    np.testing.assert_allclose(found.loc["pca"], [1, 1, 0, 0], atol=0.1)
    np.testing.assert_allclose(found.loc["noise"], 0, atol=0.1)


def test_a_bent_map_keeps_what_no_line_can_read(adata):
    """A spiral of the first component, and nothing else."""

    def spiral(train, dim, seed):
        pca = PCA(1).fit(train.X)
        scale = pca.transform(train.X).std()

        def embed(given):
            turn = 3 * pca.transform(given.X)[:, 0] / scale
            return np.column_stack([(turn + 12) * np.cos(turn), (turn + 12) * np.sin(turn)])

        return embed

    found = means(fe.tl.components_kept(adata, methods=[spiral], **QUICK))
    assert found.loc["spiral", 1] > 0.8
    train, test = folds_of_any(150, 3, seed=0)[0]
    places = spiral(adata[train], 2, 0)
    scores = PCA(1).fit(adata.X[train]).transform(adata.X)[:, 0]
    line = LinearRegression().fit(places(adata[train]), scores[train])
    assert line.score(places(adata[test]), scores[test]) < 0.6  # a line could not


def test_the_linear_recipe_keeps_the_second_component_and_the_default_others():
    methods, given = ["fe", "fe_linear"], {**QUICK, "folds": 2}
    found = means(fe.tl.components_kept(homogeneous(), methods=methods, **given))
    np.testing.assert_allclose(found.loc["fe_linear"], [1, 1, 0, 0], atol=0.1)
    assert found.loc["fe", 2] < 0.85
    assert found.loc["fe", [3, 4]].min() > 0.3


def test_nothing_of_new_samples_reaches_the_fit(adata):
    calls = []

    def seen(train, dim, seed):
        def embed(given):
            calls.append((train.obs_names, given.obs_names))
            return first_genes(train, dim, seed)(given)

        return embed

    table = fe.tl.components_kept(adata, methods=[seen], groups="donor", **QUICK)
    assert len(calls) == 6
    donors = [[set(adata.obs.loc[names, "donor"]) for names in sides] for sides in calls]
    assert all(a == b or not a & b for a, b in donors)
    spoilt, fold = adata.copy(), folds_of_any(150, 3, groups=adata.obs["donor"].to_numpy(str))[0]
    spoilt.X[fold.test] += np.random.default_rng(0).normal(size=(len(fold.test), 60)) * 9
    other = fe.tl.components_kept(spoilt, methods=[seen], groups="donor", **QUICK)
    of_fold = [of[of["fold"] == 0] for of in (table, other)]
    pd.testing.assert_series_equal(of_fold[0]["variance"], of_fold[1]["variance"])
    assert not of_fold[0]["r2_new"].equals(of_fold[1]["r2_new"])


def test_sparse_missing_and_layers(adata):
    dense = fe.tl.components_kept(adata, methods=["pca"], **QUICK)
    adata.layers["csr"] = sparse.csr_matrix(adata.X)
    found = fe.tl.components_kept(adata, methods=["pca"], layer="csr", **QUICK)
    np.testing.assert_allclose(found["r2_new"], dense["r2_new"], atol=1e-3)
    adata.X[np.random.default_rng(0).random(adata.shape) < 0.1] = np.nan
    given = {"methods": ["fe_linear"], "train": {"steps": 30}, **QUICK}
    assert means(fe.tl.components_kept(adata, **given)).loc["fe_linear", 1] > 0.8


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"methods": ["ef"]}, ValueError, ["'fe'", "'ef'"]),
        ({"methods": []}, ValueError, ["at least one"]),
        ({"n_components": 0}, ValueError, ["n_components", "at least 1"]),
        ({"n_components": 2.5}, TypeError, ["n_components", "2.5"]),
        ({"n_components": 60}, ValueError, ["60 components", "60 genes"]),
        ({"dim": 60}, ValueError, ["60 dimensions"]),
        ({"dim": 0}, ValueError, ["positive"]),
        ({"folds": 1}, ValueError, ["folds", "at least 2"]),
        ({"groups": "donro"}, KeyError, ["'donor'"]),
        ({"train": {"setps": 3}}, TypeError, ["'steps'"]),
        ({"train": {"sample_dim": 3}}, ValueError, ["tl.components_kept", "leave it out"]),
    ],
    ids=str,
)
def test_errors(adata, wrong, error, words):
    with pytest.raises(error) as raised:
        fe.tl.components_kept(adata, **{"methods": ["fe"], **QUICK, **wrong})
    for word in words:
        assert word in str(raised.value)
