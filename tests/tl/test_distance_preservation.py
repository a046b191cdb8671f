"""Distances kept, against scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr, spearmanr
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

import fe_anndata as fe


@pytest.fixture
def adata():
    X = np.random.default_rng(0).normal(size=(80, 20)).astype(np.float32)
    turned = X @ np.linalg.qr(np.random.default_rng(1).normal(size=(20, 20)))[0]
    return AnnData(
        X, obsm={"X_fe": X[:, :3].copy(), "turned": 2 * turned, "X_few": X[:, :2].copy()}
    )


def test_numbers_are_those_of_others(adata):
    table = fe.tl.distance_preservation(adata, n_neighbors=10)
    X, places = adata.X, adata.obsm["X_fe"]
    pairs = pdist(X), pdist(places)
    row = table.iloc[0]
    assert (row["basis"], row["dim"], row["n"], row["n_pairs"]) == ("fe", 3, 80, 3160)
    assert row["pearson"] == pytest.approx(pearsonr(*pairs)[0], abs=1e-5)
    assert row["spearman"] == pytest.approx(spearmanr(*pairs)[0], abs=1e-4)
    near = [NearestNeighbors(n_neighbors=10).fit(of).kneighbors()[1] for of in (X, places)]
    kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)])
    assert row["neighbours_kept"] == pytest.approx(kept)
    expected = trustworthiness(X, places, n_neighbors=10)
    assert row["trustworthiness"] == pytest.approx(expected, abs=1e-6)


def test_several_embeddings_and_what_a_rotation_keeps(adata):
    table = fe.tl.distance_preservation(adata, ["few", "turned", "fe"])
    assert table["basis"].tolist() == ["few", "turned", "fe"]
    turned = table.iloc[1]
    for number in ("pearson", "spearman", "neighbours_kept", "trustworthiness"):
        assert turned[number] == pytest.approx(1, abs=1e-5)
        assert table[number][0] < table[number][2] < 0.95 or number == "trustworthiness"


def test_a_draw_of_samples(adata):
    few = fe.tl.distance_preservation(adata, max_samples=40, n_neighbors=5)
    assert few["n"][0] == 40
    same, other = (
        fe.tl.distance_preservation(adata, max_samples=40, n_neighbors=5, rng=seed)
        for seed in (0, 1)
    )
    pd.testing.assert_frame_equal(few, same)
    assert few["pearson"][0] != other["pearson"][0]


def test_matrices_of_all_kinds(adata, tmp_path):
    expected = fe.tl.distance_preservation(adata)
    adata.layers["csr"] = sparse.csr_matrix(adata.X)
    adata.layers["csc"] = sparse.csc_matrix(adata.X)
    adata.layers["other"] = -adata.X[::-1]
    for layer in ("csr", "csc"):
        found = fe.tl.distance_preservation(adata, layer=layer)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-4)
    assert fe.tl.distance_preservation(adata, layer="other")["pearson"][0] < 0.3
    adata.var["first"] = np.arange(20) < 3
    kept = fe.tl.distance_preservation(adata, mask_var="first")
    assert kept["pearson"][0] == pytest.approx(1, abs=1e-5)
    adata.write_h5ad(tmp_path / "in.h5ad")
    backed = fe.io.read_h5ad(tmp_path / "in.h5ad")
    pd.testing.assert_frame_equal(fe.tl.distance_preservation(backed), expected, rtol=1e-5)


def test_missing_values_leave_the_distance(adata):
    whole = fe.tl.distance_preservation(adata)
    hidden = np.random.default_rng(2).random(adata.shape) < 0.05
    adata.X[hidden] = np.nan
    found = fe.tl.distance_preservation(adata)
    assert found["pearson"][0] == pytest.approx(whole["pearson"][0], abs=0.05)
    filled = adata.copy()
    filled.X = np.nan_to_num(adata.X, nan=1e3)
    assert abs(fe.tl.distance_preservation(filled)["pearson"][0]) < 0.2  # were they values
    adata.X[0, :10], adata.X[1, 10:] = np.nan, np.nan
    with pytest.raises(ValueError, match="'0' and '1' have no gene that was observed in both"):
        fe.tl.distance_preservation(adata)


def test_samples_without_a_place_are_left_out_of_all(adata):
    adata.obsm["X_few"][[3, 7]] = np.nan
    with pytest.warns(UserWarning, match="2 of 80 samples have no place"):
        table = fe.tl.distance_preservation(adata, ["fe", "few"])
    assert table["n"].tolist() == [78, 78]
    rest = np.setdiff1d(np.arange(80), [3, 7])
    expected = fe.tl.distance_preservation(adata[rest].copy(), ["fe", "few"])
    pd.testing.assert_frame_equal(table, expected, rtol=1e-6)
    adata.obsm["X_few"][:] = np.nan
    with pytest.raises(ValueError, match="0 samples have coordinates"):
        fe.tl.distance_preservation(adata, "few")


def test_all_at_one_point(adata):
    adata.obsm["X_point"] = np.zeros((80, 2))
    row = fe.tl.distance_preservation(adata, "point").iloc[0]
    assert np.isnan(row["pearson"])
    assert np.isnan(row["spearman"])


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"basis": "turnd"}, KeyError, "did you mean 'turned'"),
        ({"basis": []}, ValueError, "basis is empty"),
        ({"layer": "log"}, KeyError, "log"),
        ({"n_neighbors": 40}, ValueError, "less than half of the 80 samples, not 40"),
        ({"n_neighbors": 0}, ValueError, "n_neighbors must be from 1"),
        ({"n_neighbors": 2.5}, TypeError, "n_neighbors must be a whole number"),
        ({"max_samples": 2}, ValueError, "max_samples must be at least 3"),
        ({"max_samples": True}, TypeError, "max_samples"),
        ({"mask_var": "none"}, KeyError, "none"),
        ({"rng": -1}, ValueError, "rng"),
    ],
    ids=str,
)
def test_what_is_refused(adata, keywords, error, words):
    with pytest.raises(error, match=words):
        fe.tl.distance_preservation(adata, **keywords)


def test_infinite_values_are_refused(adata):
    adata.X[2, 3] = np.inf
    with pytest.raises(ValueError, match=r"adata.X holds infinite values"):
        fe.tl.distance_preservation(adata)
