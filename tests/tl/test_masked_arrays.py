"""What is masked is missing, wherever a matrix is read."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fe_anndata as fe
from tests.refusals import small

HIDDEN = np.random.default_rng(5).random((40, 30)) < 0.1


def both(dtype=np.float32):
    """Return samples whose missing values are masked, 10**6 beneath; and others with NaN."""
    masked, plain = small(), small()
    X = masked.X.astype(dtype)
    masked.X = np.ma.masked_array(np.where(HIDDEN, dtype(1e6), X), HIDDEN)
    plain.X = np.where(HIDDEN, np.nan, X).astype(np.float32)
    return masked, plain


def in_layer(adata):
    other = adata.copy()
    other.layers["m"], other.X = other.X, np.zeros(other.shape, np.float32)
    return other, {"layer": "m"}


FORMS = {
    "X": lambda a: (a, {}),
    "a layer": in_layer,
    "a view": lambda a: (a[:, list(a.var_names)], {}),
    "a view of a layer": lambda a: (in_layer(a)[0][:, list(a.var_names)], {"layer": "m"}),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.fixture(scope="module")
def reference():
    adata = small()
    fe.tl.train(adata, steps=20, progress=False)
    return adata


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_train(form, dtype):
    masked, plain = both(dtype)
    masked, keywords = form(masked)
    fe.tl.train(masked, steps=20, **keywords)
    fe.tl.train(plain, steps=20)
    assert masked.obsm["X_fe"].tobytes() == plain.obsm["X_fe"].tobytes()


def test_transform(form, reference):
    masked, plain = both()
    masked, keywords = form(masked)
    fe.tl.transform(masked, reference, key_added="k", **keywords)
    fe.tl.transform(plain, reference, key_added="k")
    assert masked.obsm["X_k"].tobytes() == plain.obsm["X_k"].tobytes()
    assert masked.obs["k_n_genes"].tolist() == (~HIDDEN).sum(1).tolist()


def trained(adata, reference):
    for place in ("obs", "var", "uns", "obsm", "varm"):
        setattr(adata, place, getattr(reference.copy(), place))
    return adata


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_impute(form, reference, dtype):
    masked, plain = (trained(adata, reference) for adata in both(dtype))
    masked, keywords = form(masked)
    fe.tl.impute(masked, **keywords)
    fe.tl.impute(plain)
    filled = masked.layers["fe_imputed"]
    assert type(filled) is np.ndarray
    np.testing.assert_allclose(filled, plain.layers["fe_imputed"], rtol=1e-6)


def test_evaluate(form):
    masked, plain = both()
    masked, keywords = form(masked)
    few = {"dims": [2], "folds": 2, "methods": ["pca"], "classifiers": ["knn"]}
    found = fe.tl.evaluate(masked, "group", **few, **keywords)
    expected = fe.tl.evaluate(plain, "group", **few)
    assert found["r2_new"].tolist() == expected["r2_new"].tolist()


def test_tables_and_pictures_of_genes(form, reference):
    masked, plain = (trained(adata, reference) for adata in both())
    masked, keywords = form(masked)
    found = fe.tl.explain_similarity(masked, "gene1", "gene2", **keywords)
    expected = fe.tl.explain_similarity(plain, "gene1", "gene2")
    assert found["share"].to_dict() == expected["share"].to_dict()
    plt.switch_backend("agg")
    drawn = fe.pl.embedding(masked, "gene3", show=False, **keywords).collections
    colours = [c.get_array() for c in drawn if c.get_array() is not None]
    assert max(np.nanmax(np.ma.filled(of, np.nan)) for of in colours) < 100
    plt.close("all")


def test_picture_of_the_reconstruction(reference):
    texts = []
    plt.switch_backend("agg")
    for adata in both():
        adata = trained(adata, reference)
        axes = fe.pl.reconstruction(adata, entries="all", show=False)
        texts.append(axes.texts[0].get_text())
    plt.close("all")
    assert texts[0] == texts[1]
