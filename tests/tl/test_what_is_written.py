"""Nothing that is put into an AnnData is None, nor written as only newer versions can read."""

from __future__ import annotations

from collections.abc import Mapping

import anndata
import h5py
import numpy as np
import pytest

import fe_anndata as fe
from tests.refusals import small

OF_0_11 = {"anndata", "array", "categorical", "csc_matrix", "csr_matrix", "dataframe", "dict",
           "nullable-boolean", "nullable-integer", "numeric-scalar", "raw", "rec-array", "string",
           "string-array", "awkward-array"}  # fmt: skip
"""What anndata 0.11 reads."""


def everything(path):
    """Return an AnnData after each verb that writes into one."""
    adata = small()
    adata.obs["group"] = np.array(["a", "b"])[np.arange(adata.n_obs) % 2]
    fe.tl.train(adata, steps=20, progress=False)
    fe.tl.train(adata, steps=3, decoder="dot", key_added="dot", progress=False)
    fe.tl.reconstruct(adata)
    fe.tl.gene_modules(adata)
    fe.pl.embedding(adata, "group", show=False)
    return adata


def nones(values, above=""):
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from nones(value, f"{above}/{name}")
        elif value is None:
            yield f"{above}/{name}"


def test_nothing_is_none(tmp_path):
    adata = everything(tmp_path)
    assert list(nones(adata.uns)) == []
    fe.io.write_h5ad(adata, tmp_path / "a.h5ad")
    kinds = {}
    with h5py.File(tmp_path / "a.h5ad") as file:
        file.visititems(lambda name, of: kinds.setdefault(of.attrs.get("encoding-type"), name))
    assert not kinds.keys() - OF_0_11, kinds


def test_keys_that_other_versions_leave_out(tmp_path):
    """What was not given reads as not given, whether it is None, empty or missing."""
    trained = small()
    fe.tl.train(trained, steps=20, patience=None, progress=False)
    params = trained.uns["fe"]["params"]
    assert params["patience"] == params["layer"] == params["epochs"] == ""
    expected = fe.tl.train(trained, resume=True, steps=30, copy=True, progress=False)
    for name in [name for name, value in params.items() if isinstance(value, str) and value == ""]:
        for change in (lambda p, n=name: p.pop(n), lambda p, n=name: p.update({n: None})):
            other = trained.copy()
            change(other.uns["fe"]["params"])
            fe.get.model(other)
    for name in ("layer", "mask_var", "epochs", "patience", "minibatch_size", "gene_hidden"):
        trained.uns["fe"]["params"].pop(name)
    fe.tl.reconstruct(trained)
    resumed = fe.tl.train(trained, resume=True, steps=30, copy=True, progress=False)
    np.testing.assert_array_equal(resumed.obsm["X_fe"], expected.obsm["X_fe"])


def of_anndata_0_5(path):
    """Write a file as anndata wrote them before version 0.7."""
    adata = small()
    with h5py.File(path, "w") as file:
        file["X"] = adata.X
        names = adata.obs_names.to_numpy().astype("S8")
        obs = np.zeros(adata.n_obs, [("index", "S8"), ("group", "i1")])
        obs["index"], obs["group"] = names, np.arange(adata.n_obs) % 2
        var = np.zeros(adata.n_vars, [("index", "S8")])
        var["index"] = adata.var_names.to_numpy().astype("S8")
        file["obs"], file["var"] = obs, var
        obsm = np.zeros(adata.n_obs, [("X_pca", "f4", (2,)), ("X_umap", "f4", (2,))])
        file["obsm"] = obsm
        file["uns/group_categories"] = np.array([b"a", b"b"])


@pytest.mark.filterwarnings("ignore")
def test_an_old_file_is_read(tmp_path):
    of_anndata_0_5(tmp_path / "old.h5ad")
    adata = fe.io.read_h5ad(tmp_path / "old.h5ad")
    assert adata.obs["group"].tolist()[:2] == ["a", "b"]
    assert set(adata.obsm) == {"X_pca", "X_umap"}
    trained = fe.tl.train(tmp_path / "old.h5ad", steps=5, progress=False)
    np.testing.assert_array_equal(trained.obsm["X_pca"], np.zeros((40, 2)))


def test_a_compound_table_in_a_file_of_today(tmp_path):
    small().write_h5ad(tmp_path / "a.h5ad")
    with h5py.File(tmp_path / "a.h5ad", "r+") as file:
        del file["obsm"]
        file["obsm"] = np.ones(40, dtype=[("X_pca", "f4", (2,))])
    placed = fe.tl.train(tmp_path / "a.h5ad", steps=5, progress=False)
    assert placed.obsm["X_pca"].shape == (40, 2)


@pytest.mark.parametrize("verb", ["train", "transform"])
def test_a_view_of_a_file(tmp_path, verb):
    """It is refused before the work, or works."""
    small().write_h5ad(tmp_path / "a.h5ad")
    reference = small()
    fe.tl.train(reference, steps=5, progress=False)
    backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
    view = backed[:30]

    def call(**more):
        if verb == "train":
            return fe.tl.train(view, steps=5, progress=False, **more)
        return fe.tl.transform(view, reference, progress=False, **more)

    with pytest.raises(ValueError, match=r"is a view of an AnnData in a file.*copy=True"):
        call()
    assert call(copy=True).obsm["X_fe"].shape == (30, 2)
    backed.file.close()
