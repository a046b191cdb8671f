"""No verb and no picture trusts the indices of a sparse matrix that it has not looked at."""

from __future__ import annotations

from pathlib import Path

import anndata
import h5py
import matplotlib.pyplot as plt
import numpy as np
import pytest
import zarr
from scipy import sparse

import fe_anndata as fe
from tests.refusals import small, snapshot

pytestmark = pytest.mark.filterwarnings("ignore:zarr v3 autosharding")

VERBS = {
    "train": lambda a, of: fe.tl.train(a, steps=5, key_added="k"),
    "train on some genes": lambda a, of: fe.tl.train(
        a, steps=5, key_added="k", mask_var=np.arange(30) < 20
    ),
    "transform": lambda a, of: fe.tl.transform(a, of, key_added="k"),
    "impute": lambda a, of: fe.tl.impute(a),
    "evaluate": lambda a, of: fe.tl.evaluate(
        a, "group", dims=[2], folds=2, methods=["pca"], classifiers=["knn"]
    ),
    "explain_similarity": lambda a, of: fe.tl.explain_similarity(a, "gene1", "gene2"),
    "embedding": lambda a, of: fe.pl.embedding(a, "gene3", show=False),
    "reconstruction": lambda a, of: fe.pl.reconstruction(a, entries="all", show=False),
}
IN_MEMORY = ("impute", "evaluate")
"""Verbs that take no other matrices."""


@pytest.fixture(scope="module")
def reference():
    adata = small()
    fe.tl.train(adata, steps=20, progress=False)
    return adata


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(params=["index", "pointer"])
def damaged(request):
    """Return what makes a damaged sparse matrix; tests/matrix/test_sound.py has all damage."""

    def make(X, kind):
        X = kind(X)
        if request.param == "pointer":
            X.indptr[7] = 10**6
        else:
            X.indices[50] = 10**6
        return X

    return make


@pytest.fixture(params=[sparse.csr_matrix, sparse.csc_array])
def kind(request):
    return request.param


def refused(verb, adata, reference, where):
    before = snapshot(adata) if not adata.isbacked else None
    with pytest.raises(ValueError, match=r"is a damaged sparse matrix.*counted from 0") as caught:
        VERBS[verb](adata, reference)
    assert str(caught.value).startswith(where)
    assert before is None or snapshot(adata) == before


@pytest.mark.parametrize("verb", VERBS)
def test_in_memory(verb, reference, damaged, kind):
    adata = reference.copy()
    adata.X = damaged(adata.X, kind)
    refused(verb, adata, reference, "adata.X is")


@pytest.mark.parametrize("verb", VERBS)
def test_a_view(verb, reference, damaged, kind):
    adata = reference.copy()
    adata.X = damaged(adata.X, kind)
    view = adata[:, list(adata.var_names)]  # anndata would cut it before anyone looks
    with pytest.raises(ValueError, match=r"adata\.X is a damaged sparse matrix"):
        VERBS[verb](view, reference)


def test_a_layer(reference, damaged, kind):
    adata = reference.copy()
    adata.layers["log"] = damaged(adata.X, kind)
    with pytest.raises(ValueError, match=r"adata\.layers\['log'\] is a damaged"):
        fe.tl.transform(adata, reference, key_added="k", layer="log")


def written(adata, X, folder, form):
    """Write an AnnData, then the arrays of a damaged matrix over those of a sound one."""
    path = folder / f"a.{form}"
    sound = adata.copy()
    sound.X = type(X)(np.asarray(adata.X))
    getattr(sound, f"write_{form}")(path)
    file = h5py.File(path, "r+") if form == "h5ad" else zarr.open_group(path, mode="r+")
    for part in ("indices", "indptr"):
        file[f"X/{part}"][...] = getattr(X, part)
    if form == "h5ad":
        file.close()
    return path


@pytest.mark.parametrize("size", [0, 1 << 26], ids=["by blocks", "at once"])
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in IN_MEMORY])
def test_backed(verb, reference, damaged, kind, tmp_path, size, monkeypatch):
    monkeypatch.setattr("fe_anndata._access.inputs.SMALL", size)
    path = written(reference, damaged(reference.X, kind), tmp_path, "h5ad")
    adata = anndata.read_h5ad(path, backed="r")
    refused(verb, adata, reference, f"X of {path} is")
    if verb in ("explain_similarity", "embedding"):  # those that take a view of it
        with pytest.raises(ValueError, match="is a damaged sparse matrix"):
            VERBS[verb](adata[:, list(adata.var_names)], reference)
    adata.file.close()


@pytest.mark.parametrize("form", ["h5ad", "zarr"])
@pytest.mark.parametrize("verb", ["train", "transform"])
def test_paths(verb, form, reference, damaged, tmp_path):
    path = written(reference, damaged(reference.X, sparse.csr_matrix), tmp_path, form)
    with pytest.raises(ValueError, match="is a damaged sparse matrix") as caught:
        VERBS[verb](Path(path), reference)
    assert str(caught.value).startswith(f"X of {path} is")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in IN_MEMORY])
@pytest.mark.parametrize("of_view", [False, True], ids=["whole", "view"])
def test_of_dask(verb, reference, damaged, of_view):
    da = pytest.importorskip("dask.array")
    delayed = pytest.importorskip("dask").delayed
    X, empty = damaged(reference.X, sparse.csr_matrix), sparse.csr_matrix((0, 0), dtype="f4")
    adata = reference.copy()
    adata.X = da.from_delayed(delayed(lambda: X)(), X.shape, meta=empty, dtype="f4")
    with pytest.raises(ValueError, match=r"adata\.X is a damaged sparse matrix"):
        VERBS[verb](adata[:39] if of_view else adata, reference)


def test_another_shape(reference, tmp_path):
    path = tmp_path / "a.h5ad"
    reference.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        del file["X"]
        anndata.io.write_elem(file, "X", sparse.csr_matrix(reference.X[:30]))
    with pytest.raises(ValueError, match=r"a\.h5ad: X has 30 rows, but 40 belong there"):
        fe.tl.train(path, steps=5, key_added="k")


def test_a_sparse_embedding(reference):
    adata = reference.copy()
    adata.obsm["X_t"] = sparse.csr_matrix(np.ones((40, 2)))
    adata.obsm["X_t"].indices[9] = 10**6
    with pytest.raises(ValueError, match=r"adata\.obsm\['X_t'\] is a damaged"):
        fe.tl.embedding_density(adata, "t")
    with pytest.raises(ValueError, match="the table is a damaged"):
        fe.tl.train(adata, steps=5, key_added="k", sample_start="X_t")
