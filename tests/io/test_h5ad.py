from __future__ import annotations

import os

import anndata
import h5py
import numpy as np
import pytest

import fe_anndata as fe


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
    assert list(back.layers) == ["truth"]
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
