from __future__ import annotations

import os

import anndata
import h5py
import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata._access.layers import layers_of
from fe_anndata.io.h5ad import write_beside


@pytest.fixture
def adata():
    return fe.datasets.simulated(12, 8, 2)


@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_write_then_read(adata, tmp_path, kind):
    path = kind(tmp_path / "a.h5ad")
    assert fe.io.write_h5ad(adata, path) is None
    back = fe.io.read_h5ad(path)
    assert back.X.tobytes() == adata.X.tobytes()
    assert back.obs_names.equals(adata.obs_names)
    assert list(layers_of(back)) == ["truth"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5ad"]


def test_overwrite_replaces_the_file(adata, tmp_path):
    path = tmp_path / "a.h5ad"
    fe.io.write_h5ad(adata, path)
    fe.io.write_h5ad(adata[:5].copy(), path, overwrite=True)
    assert fe.io.read_h5ad(path).n_obs == 5
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5ad"]


def test_without_overwrite_nothing_is_touched(adata, tmp_path):
    path = tmp_path / "a.h5ad"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="exists"):
        fe.io.write_h5ad(adata, path)
    assert path.read_bytes() == b"old"


def fails_half_way(monkeypatch):
    def half(self, filename, *args, **keywords):
        with open(filename, "wb") as file:
            file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(anndata.AnnData, "write_h5ad", half)


def interrupted_half_way(monkeypatch):
    def half(self, filename, *args, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(anndata.AnnData, "write_h5ad", half)


@pytest.mark.parametrize(
    ("failing", "error"), [(fails_half_way, OSError), (interrupted_half_way, KeyboardInterrupt)]
)
@pytest.mark.parametrize("exists", [True, False])
def test_failing_write_leaves_the_old_file(adata, tmp_path, monkeypatch, failing, error, exists):
    path = tmp_path / "a.h5ad"
    if exists:
        path.write_bytes(b"old")
    failing(monkeypatch)
    with pytest.raises(error):
        fe.io.write_h5ad(adata, path, overwrite=True)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"] * exists


def test_what_a_file_cannot_hold(adata, tmp_path):
    adata.uns["set"] = {1, 2}
    with pytest.raises((ValueError, TypeError), match="set"):
        fe.io.write_h5ad(adata, tmp_path / "a.h5ad")
    assert not list(tmp_path.iterdir())


def test_folder_that_does_not_exist(adata, tmp_path):
    with pytest.raises(ValueError, match=r"no folder .*none.*make it"):
        fe.io.write_h5ad(adata, tmp_path / "none" / "a.h5ad")


def test_a_folder_in_the_place_of_the_file(adata, tmp_path):
    (tmp_path / "a.h5ad").mkdir()
    with pytest.raises(ValueError, match=r"a\.h5ad"):
        fe.io.write_h5ad(adata, tmp_path / "a.h5ad", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5ad"]
    with pytest.raises(ValueError, match=r"a\.h5ad"):
        fe.io.read_h5ad(tmp_path / "a.h5ad")


def test_permissions_are_those_of_a_usual_file(adata, tmp_path):
    # A temporary file is private; the result must not be.
    usual = tmp_path / "usual"
    usual.touch()
    fe.io.write_h5ad(adata, tmp_path / "a.h5ad")
    assert os.stat(tmp_path / "a.h5ad").st_mode == os.stat(usual).st_mode


def test_hdf5_of_another_kind(tmp_path):
    path = tmp_path / "other.h5ad"
    with h5py.File(path, "w") as file:
        file["expression"] = np.ones((3, 4))
    with pytest.raises(ValueError, match=r"other\.h5ad"):
        fe.io.read_h5ad(path)


def test_writing_changes_no_value_in_memory(adata, tmp_path):
    adata.obs["text"] = ["a", "b"] * 6
    fe.io.write_h5ad(adata, tmp_path / "a.h5ad")
    assert (adata.filename, adata.isbacked) == (None, False)
    assert adata.obs["text"].astype(str).tolist() == ["a", "b"] * 6


@pytest.fixture
def results(adata):
    """Return an AnnData with results but without a matrix, as verbs return it for a path."""
    found = anndata.AnnData(obs=adata.obs.copy(), var=adata.var.copy())
    found.obs["new"] = np.arange(12)
    found.var["new"] = np.arange(8) > 3
    found.obsm["X_new"] = np.ones((12, 2))
    found.varm["new"] = np.ones((8, 2))
    found.uns["new"] = {"weights": np.arange(4.0), "text": "word", "none": None}
    return found


@pytest.mark.parametrize(
    ("source", "out"), [("a.h5ad", "b.h5ad"), ("a.zarr", "b.h5ad"), ("a.zarr", "b.zarr")]
)
def test_results_beside_a_copy(adata, results, tmp_path, source, out):
    write = adata.write_zarr if source.endswith("zarr") else adata.write_h5ad
    write(tmp_path / source)
    write_beside(tmp_path / source, results, tmp_path / out)
    back = (anndata.read_zarr if out.endswith("zarr") else anndata.read_h5ad)(tmp_path / out)
    assert back.X.tobytes() == adata.X.tobytes()
    assert list(layers_of(back)) == ["truth"]
    assert back.obs["new"].tolist() == list(range(12))
    assert back.var["new"].tolist() == [False] * 4 + [True] * 4
    assert back.obsm["X_new"].shape == (12, 2)
    assert back.varm["new"].shape == (8, 2)
    assert back.uns["new"]["weights"].tolist() == [0, 1, 2, 3]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([source, out])
    with pytest.raises(ValueError, match="exists"):
        write_beside(tmp_path / source, results, tmp_path / out)


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_results_that_cannot_be_written_leave_what_was_there(adata, results, tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    (adata.write_zarr if ending == "zarr" else adata.write_h5ad)(path)
    results.uns["new"]["bad"] = object()
    with pytest.raises(TypeError, match="was not written"):
        write_beside(path, results, path, overwrite=True)
    back = (anndata.read_zarr if ending == "zarr" else anndata.read_h5ad)(path)
    assert "new" not in back.uns
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_no_zarr_folder_of_an_h5ad_file(adata, results, tmp_path):
    adata.write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(ValueError, match=r"name an \.h5ad"):
        write_beside(tmp_path / "a.h5ad", results, tmp_path / "b.zarr")


def test_a_folder_to_which_nothing_may_be_written(adata, results, tmp_path, monkeypatch):
    adata.write_h5ad(tmp_path / "a.h5ad")
    monkeypatch.setattr("fe_anndata.io.h5ad.os.access", lambda *_: False)
    with pytest.raises(ValueError, match="name another"):
        write_beside(tmp_path / "a.h5ad", results, tmp_path / "b.h5ad")
