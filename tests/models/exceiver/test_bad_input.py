"""What Exceiver refuses, and what it says."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

import fe_anndata as fe
from tests.models.exceiver.conftest import cohort


def with_values(change):
    adata = cohort()
    X = adata.X.toarray()
    change(X)
    adata.X = X
    return adata


def put(row, column, value):
    def change(X):
        X[row, column] = value

    return with_values(change)


BAD = {
    "fractions": (
        lambda: put(3, 5, 0.5),
        "the gene 'g005' in the sample 's003' is 0.5, and no count.*layer=",
    ),
    "negative": (lambda: put(2, 1, -1), "the gene 'g001' in the sample 's002' is -1, and no count"),
    "missing": (lambda: put(2, 1, np.nan), "1 values are missing"),
    "enormous": (lambda: put(4, 7, 2.0**25), "is 3.35544e.07, more than 16777216"),
    "no counts": (lambda: put(slice(5, 6), slice(None), 0), "(no counts|no value)"),
    "logarithms": (lambda: with_values(lambda X: np.log1p(X, out=X)), "no count.*layer='counts'"),
    "few genes": (lambda: cohort()[:, :5].copy(), "genes are too few"),
    "one gene": (lambda: cohort()[:, :1].copy(), "gene"),
    "all equal": (lambda: put(slice(None), slice(None), 3), "every value of the matrix is 3"),
}


@pytest.mark.parametrize(("made", "said"), BAD.values(), ids=BAD)
def test_refused(made, said, quick):
    adata = made()
    with pytest.raises(ValueError, match=said):
        fe.tl.train(adata, "exceiver", **quick)
    assert "exceiver" not in adata.uns


OPTIONS = {
    "heads": ({"heads": 3}, "width=8 is no multiple of heads=3"),
    "masked": ({"masked_least": 0.7, "masked_most": 0.2}, "exchange them"),
    "likelihood": ({"likelihood": "gaussian"}, "likelihood"),
}


@pytest.mark.parametrize(("given", "said"), OPTIONS.values(), ids=OPTIONS)
def test_options(given, said, quick):
    with pytest.raises(ValueError, match=said):
        fe.tl.train(cohort(), "exceiver", **quick | given)


def test_new_samples_that_are_no_counts(trained):
    new = cohort(5, rng=1)
    new.X = new.X * 0.5
    said = "the gene 'g0.*' in the sample 's0.*' is .*.5, and no count"
    with pytest.raises(ValueError, match=said):
        fe.tl.transform(new, trained, key="exceiver", progress=False)
    assert "X_exceiver" not in new.obsm


def test_a_sample_without_a_trained_gene(trained):
    new = cohort(5, rng=1)
    X = new.X.toarray()
    X[2] = 0
    new.X = X
    with pytest.warns(UserWarning, match="1 samples have no value or only zeros"):
        fe.tl.transform(new, trained, key="exceiver", progress=False)
    assert np.isnan(new.obsm["X_exceiver"][2]).all()
    assert np.isfinite(np.delete(new.obsm["X_exceiver"], 2, 0)).all()


def test_few_genes_are_placed_and_flagged(trained):
    new = cohort(5, rng=1)
    X = new.X.toarray()
    X[2, 4:] = 0
    X[2, :4] = 1
    new.X = X
    with pytest.warns(UserWarning, match="fewer than 50 genes"):
        fe.tl.transform(new, trained, key="exceiver", progress=False)
    assert np.isfinite(new.obsm["X_exceiver"]).all()
    assert new.obs["exceiver_outlier"].iloc[2]


def test_no_gene_in_common(trained):
    new = cohort(5)
    new.var_names = [f"other{i}" for i in range(new.n_vars)]
    with pytest.raises(ValueError, match="g000"):
        fe.tl.transform(new, trained, key="exceiver", progress=False)


@pytest.mark.parametrize("shape", [(3, 80), (60, 12)])
def test_fewer_components_than_coordinates(quick, shape):
    few = cohort(*shape, total=3000)
    fe.tl.train(few, "exceiver", **quick | {"sample_dim": 32})
    assert few.obsm["X_exceiver"].shape == (shape[0], 32)
    assert np.isfinite(few.obsm["X_exceiver"]).all()
    again = few.copy()
    fe.tl.transform(again, few, key="exceiver", key_added="again", progress=False)
    np.testing.assert_array_equal(again.obsm["X_again"], few.obsm["X_exceiver"])


@pytest.mark.parametrize("layout", [{"linear": True}, {"linear": False}])
def test_one_sample_is_left_to_train_on(quick, layout):
    with pytest.raises(ValueError, match="of 3 samples 2 are held out"):
        fe.tl.train(cohort(3), "exceiver", **quick | layout, validation=0.5)


def test_samples_of_one_gene_each_tell_no_limit(quick, recwarn):
    one = AnnData(np.tile(np.eye(20, dtype=np.float32), (2, 1)))
    fe.tl.train(one, "exceiver", **quick)
    assert one.uns["exceiver"]["fit"]["loss_limit"] == np.inf
    assert not [of for of in recwarn if issubclass(of.category, RuntimeWarning)]
