"""Every verb that reads a matrix gives the same for every kind of matrix."""

from __future__ import annotations

import importlib.util

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata._access.layers import layers_of
from tests.arrays import ARRAY_TYPES

# tanh, for at a kink of relu rounding decides the side, and steps later it is no rounding any more.
RUN = {"steps": 15, "gene_dim": 8, "activation": "tanh"}
CONCAT = {"decoder": "concat", "hidden": (8, 4), "gene_dim": 6, "activation": "tanh", "steps": 15}


def whole_numbers(n_obs, rng):
    """Return samples whose values are the same as integers, and of which many are zero."""
    adata = fe.datasets.simulated(n_obs, 50, 4, rng=rng)
    adata.X = np.rint(2 * adata.X).astype(np.float32)
    del adata.layers["truth"]
    return adata


@pytest.fixture(scope="module", autouse=True)
def _by_blocks():
    """Small matrices are read at once, so none is small here, and a block has a few rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fe_anndata._access.inputs.SMALL", 0)
        patch.setattr("fe_anndata.matrix.rows.BLOCK", 700)
        patch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 900)
        yield


@pytest.fixture(scope="module")
def plain():
    """Return a dense matrix in memory, trained on."""
    fe.settings.progress = False
    adata = whole_numbers(90, 0)
    fe.tl.train(adata, **RUN)
    fe.tl.train(adata, key_added="concat", **CONCAT)
    return adata


@pytest.fixture
def untrained(plain):
    return whole_numbers(90, 0)


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(params=ARRAY_TYPES)
def array_type(request):
    if "dask" in request.param and importlib.util.find_spec("dask") is None:
        pytest.skip("dask is not installed")
    return ARRAY_TYPES[request.param]


def same_embedding(found, expected, array_type):
    if array_type.dense:
        assert found.tobytes() == expected.tobytes()
    else:
        spread = expected.std(axis=0).max()
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-5 * spread)


def test_train(untrained, plain, array_type, tmp_path):
    adata = array_type.convert(untrained, tmp_path)
    fe.tl.train(adata, **RUN)
    same_embedding(adata.obsm["X_fe"], plain.obsm["X_fe"], array_type)
    losses = [fe.get.history(a)["validation_loss"] for a in (adata, plain)]
    np.testing.assert_allclose(*losses, rtol=1e-2)
    assert fe.get.history(adata)["step"].tolist() == [0, 15]


def test_train_on_tiles(untrained, plain, array_type, tmp_path):
    # It loads a matrix that is elsewhere, and tiles of it are those of the dense one.
    adata = array_type.convert(untrained, tmp_path)
    fe.tl.train(adata, **CONCAT)
    same_embedding(adata.obsm["X_fe"], plain.obsm["X_concat"], array_type)


def test_transform(plain, array_type, tmp_path):
    new = whole_numbers(20, 1)
    expected = fe.tl.transform(new, plain, copy=True)
    found = array_type.convert(new, tmp_path)
    fe.tl.transform(found, plain)
    for name in ("X_fe", "X_fe_se"):
        assert found.obsm[name].tobytes() == expected.obsm[name].tobytes()
    for name in ("fe_r2", "fe_n_genes", "fe_outlier"):
        np.testing.assert_array_equal(found.obs[name], expected.obs[name])


def needs_memory(array_type, verb, *arguments, **keywords):
    """Return whether the verb refuses the kind of matrix, in words that say what to do."""
    if not array_type.by_blocks:
        return False
    with pytest.raises(TypeError, match=r"adata = adata\.to_memory\(\)"):
        verb(*arguments, **keywords)
    return True


def test_impute(plain, array_type, tmp_path):
    holed = plain.copy()
    holed.X[3, :10] = holed.X[5:9, 2] = np.nan
    expected = fe.tl.impute(holed, copy=True).layers["fe_imputed"]
    integers = array_type is ARRAY_TYPES["integer"]  # which have no NaN
    adata = array_type.convert(plain if integers else holed, tmp_path)
    if not needs_memory(array_type, fe.tl.impute, adata):
        if integers:
            with pytest.warns(UserWarning, match="nothing is missing"):
                fe.tl.impute(adata)
            return
        fe.tl.impute(adata)
        found = adata.layers["fe_imputed"]
        assert getattr(found, "format", "") == getattr(adata.X, "format", "")
        found = found.toarray() if hasattr(found, "toarray") else found
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_evaluate(plain, untrained, array_type, tmp_path):
    few = {"dims": [2], "folds": 2, "methods": ["fe"], "classifiers": ["knn"], "train": RUN}
    adata = array_type.convert(untrained, tmp_path)
    if not needs_memory(array_type, fe.tl.evaluate, adata, "group", **few):
        found, expected = (fe.tl.evaluate(a, "group", **few) for a in (adata, untrained))
        assert found["decoder"].tolist() == ["inner", "inner"]
        for name in ("r2_new", "accuracy_new"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-4)


def test_explain_similarity(plain, array_type, tmp_path):
    adata = array_type.convert(plain, tmp_path)
    found, expected = (fe.tl.explain_similarity(a, "gene1", "gene2") for a in (adata, plain))
    np.testing.assert_allclose(found["share"], expected["share"][found.index], rtol=1e-6)


@pytest.mark.parametrize("entries", ["validation", "all"])
def test_picture_of_the_reconstruction(plain, array_type, tmp_path, entries):
    adata = array_type.convert(plain, tmp_path)
    texts = [
        fe.pl.reconstruction(a, entries=entries, show=False).texts[0].get_text()
        for a in (adata, plain)
    ]
    assert texts[0] == texts[1]


def test_picture_of_the_samples_by_a_gene(plain, array_type, tmp_path):
    adata = array_type.convert(plain, tmp_path)
    colours = [
        fe.pl.embedding(a, color="gene3", show=False).collections[0].get_array()
        for a in (adata, plain)
    ]
    np.testing.assert_array_equal(*colours)


@pytest.mark.parametrize("kind", ["h5ad", "h5ad csr", "zarr", "zarr csr"])
def test_paths(untrained, plain, tmp_path, kind):
    untrained.layers["log"] = untrained.X.copy()
    array_type = ARRAY_TYPES["csr" if "csr" in kind else "dense"]
    form = kind.split()[0]
    path = tmp_path / f"a.{form}"
    getattr(array_type.convert(untrained, tmp_path), f"write_{form}")(path)
    for given, layer in ((path, None), (str(path), "log")):
        found = fe.tl.train(given, layer=layer, **RUN)
        assert found.X is None
        assert not layers_of(found)
        assert set(found.obs) == set(untrained.obs)
        same_embedding(found.obsm["X_fe"], plain.obsm["X_fe"], array_type)
    new = whole_numbers(20, 1)
    getattr(array_type.convert(new, tmp_path), f"write_{form}")(tmp_path / f"new.{form}")
    placed = fe.tl.transform(tmp_path / f"new.{form}", plain)
    expected = fe.tl.transform(new, plain, copy=True)
    assert placed.X is None
    assert placed.obsm["X_fe"].tobytes() == expected.obsm["X_fe"].tobytes()
    found.write_h5ad(tmp_path / "trained.h5ad")  # without the matrix it is a reference
    fe.tl.transform(new, tmp_path / "trained.h5ad")
    np.testing.assert_allclose(new.obsm["X_fe"], expected.obsm["X_fe"], atol=1e-3)


@pytest.mark.parametrize("form", ["h5ad", "zarr"])
@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("holes", [False, True])
def test_a_file_gives_the_bytes_of_memory(tmp_path, kind, form, holes):
    """Blocks are cut alike wherever the matrix is, so there is nothing to tell them apart."""
    adata = whole_numbers(90, 0)
    if holes:
        adata.X[[3, 20, 77], [1, 2, 49]] = np.nan
    adata = ARRAY_TYPES[kind].convert(adata, tmp_path)
    mask = np.arange(50) != 7
    path = tmp_path / f"a.{form}"
    getattr(adata, f"write_{form}")(path)
    for options in ({}, {"validation_by": "samples", "validation": 0.2}):
        fe.tl.train(adata, mask_var=mask, steps=45, **options)
        found = fe.tl.train(path, mask_var=mask, steps=45, **options)
        for a, b in ((adata.obsm, found.obsm), (adata.varm, found.varm)):
            for name in a:
                assert a[name].tobytes() == b[name].tobytes()
