"""Profiles of new samples from a few of their genes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe

QUICK = {"folds": 2, "subsets": 2, "train": {"steps": 60}, "progress": False}
COLUMNS = ["method", "dim", "n_genes", "fold", "subset", "n_train", "n_test", "r2", "seconds"]


@pytest.fixture(scope="module")
def adata():
    made = fe.datasets.simulated(160, 90, 3)
    made.obs["patient"] = (np.arange(160) // 2).astype(str)
    return made


@pytest.fixture(scope="module")
def table(adata):
    before = adata.copy()
    found = fe.tl.imputation_curve(adata, n_genes=[40, 5, 1], groups="patient", **QUICK)
    for part in ("uns", "obsm", "varm", "layers"):
        assert list(getattr(adata, part)) == list(getattr(before, part))
    return found


def test_a_tidy_table(table):
    assert list(table) == COLUMNS
    assert len(table) == 5 * 3 * 2 * 2
    assert list(dict.fromkeys(table["method"])) == ["fe", "means", "pca", "knn", "ridge"]
    assert table["n_genes"].unique().tolist() == [1, 5, 40]
    assert (table["n_train"] + table["n_test"] == 160).all()
    assert (table[table["method"] == "knn"]["dim"] == 0).all()
    assert not table.isna().any(axis=None)


def test_more_genes_say_more_and_means_say_nothing(table):
    r2 = table.groupby(["method", "n_genes"])["r2"].mean()
    np.testing.assert_allclose(r2["means"], 0, atol=1e-6)
    for method in ("fe", "pca", "knn", "ridge"):
        assert r2[method, 40] > r2[method, 5] > 0
    assert r2["fe", 5] > r2["pca", 5]
    assert r2["fe", 1] > -0.05


def test_the_seed_decides_and_methods_see_the_same_genes(adata, table):
    again = fe.tl.imputation_curve(
        adata, n_genes=[1, 5, 40], methods=["knn", "pca"], groups="patient", **QUICK
    )
    expected = table[table["method"].isin(["pca", "knn"])]
    for method in ("pca", "knn"):
        of = [t[t["method"] == method]["r2"].to_numpy() for t in (again, expected)]
        np.testing.assert_array_equal(*of)
    other = fe.tl.imputation_curve(adata, n_genes=[5], methods="knn", rng=1, **QUICK)
    assert not np.isin(other["r2"], table["r2"]).any()


def test_missing_values_are_shown_to_nobody_and_not_judged(adata):
    gaps = np.random.default_rng(0).random(adata.shape) < 0.1
    holed = adata.copy()
    holed.X[gaps] = np.nan
    found = fe.tl.imputation_curve(holed, n_genes=[1, 40], **QUICK)
    assert found["r2"].notna().all()
    means = found.groupby(["method", "n_genes"])["r2"].mean()
    assert means["fe", 40] > 0.3


def test_sparse_and_default_numbers(adata):
    sparsely = adata.copy()
    sparsely.X = sparse.csr_matrix(adata.X)
    few = {"methods": ["pca"], **QUICK}
    found = fe.tl.imputation_curve(sparsely, **few)
    assert found["n_genes"].unique().tolist() == [1, 5, 10, 25]
    np.testing.assert_allclose(found["r2"], fe.tl.imputation_curve(adata, **few)["r2"], rtol=1e-4)


@pytest.mark.parametrize(
    ("error", "match", "keywords"),
    [
        (ValueError, "from 1 to 89", {"n_genes": [90]}),
        (ValueError, "from 1 to 89", {"n_genes": [0, 3]}),
        (TypeError, "whole numbers", {"n_genes": [1.5]}),
        (TypeError, "whole numbers", {"n_genes": []}),
        (ValueError, "'ridge'", {"methods": ["lasso"]}),
        (ValueError, "subsets", {"subsets": 0}),
        (ValueError, "too many", {"dim": 80}),
        (ValueError, "folds", {"folds": 1}),
        (KeyError, "patient", {"groups": "patent"}),
        (TypeError, "'steps'", {"train": {"setps": 3}}),
    ],
)
def test_refused(adata, error, match, keywords):
    with pytest.raises(error, match=match):
        fe.tl.imputation_curve(adata, **{**QUICK, **keywords})
