"""The command transform."""

from __future__ import annotations

import pandas as pd
import pytest

import fe_anndata as fe
from fe_anndata._access.layers import layers_of

from .shared import bad


def test_transform_adds_to_the_file(run, new, trained, tmp_path):
    out = tmp_path / "out.h5ad"
    before = new.read_bytes()
    code, printed, err = run("transform", new, trained, "-o", out, "--no-progress")
    assert code == 0, err
    assert f"wrote {out}: 12 samples placed" in printed
    assert new.read_bytes() == before
    found, expected = fe.io.read_h5ad(out), fe.io.read_h5ad(new)
    fe.tl.transform(expected, trained, progress=False)
    for name in ("X_fe", "X_fe_se", "X_other"):
        assert found.obsm[name].tobytes() == expected.obsm[name].tobytes()
    pd.testing.assert_frame_equal(found.obs, expected.obs)
    pd.testing.assert_frame_equal(found.var, expected.var)
    assert found.X.tobytes() == expected.X.tobytes()
    assert set(layers_of(found)) == {"truth", "log"}
    assert found.uns["kept"] == "text"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.h5ad", "out.h5ad"]
    fe.tl.impute(found, reference=trained)  # and it goes on from there


def test_transform_does_not_load_the_matrix(run, new, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(fe.io.h5ad, "load", lambda path: pytest.fail("loaded"))
    assert run("transform", new, trained, "-o", tmp_path / "out.h5ad")[0] == 0


def test_transform_replaces_its_input_if_told_to(run, new, trained):
    before = new.read_bytes()
    bad(run("transform", new, trained, "-o", new), "exists", "overwrite")
    assert new.read_bytes() == before
    assert run("transform", new, trained, "-o", new, "--overwrite", "--key-added", "k")[0] == 0
    assert {"X_k", "X_k_se", "X_other"} <= set(fe.io.read_h5ad(new).obsm)
    # once more, over earlier results
    assert run("transform", new, trained, "-o", new, "--overwrite", "--key-added", "k")[0] == 0


def test_transform_options(run, new, trained, tmp_path):
    words = ["--layer", "log", "--threads", 1, "--no-progress"]
    assert run("transform", new, trained, "-o", tmp_path / "out.h5ad", *words)[0] == 0
    bad(run("transform", new, trained, "-o", tmp_path / "b.h5ad", "--layer", "lgo"), "'log'")
    text = " ".join(run("transform", "--help")[1].split())
    assert "Names the places of the result" in text
    assert "--copy" not in text


def test_the_reference_is_never_replaced(run, new, trained):
    before = trained.read_bytes()
    bad(run("transform", new, trained, "-o", trained, "--overwrite"), "is the reference")
    for verb in ("impute", "reconstruct"):
        words = ["-o", trained, "--overwrite", "--reference", trained]
        bad(run(verb, new, *words), "is the reference")
    assert trained.read_bytes() == before


def test_transform_refuses(run, new, source, trained, tmp_path):
    out = tmp_path / "out.h5ad"
    bad(run("transform", new, source, "-o", out), "no trained model", "train")
    bad(run("transform", new, tmp_path / "none.h5ad", "-o", out), "none.h5ad")
    bad(run("transform", trained, trained, "-o", out), "itself trained")
    bad(run("transform", new, trained, "-o", tmp_path / "none" / "o.h5ad"), "no folder")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.h5ad", "new.h5ad"]


def test_a_failed_write_leaves_nothing(run, new, trained, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(fe.io.h5ad, "write_elem", full)
    code, out, err = run("transform", new, trained, "-o", tmp_path / "out.h5ad", "--no-progress")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == "fe-anndata: no space left on device"
    assert [p.name for p in tmp_path.iterdir()] == ["new.h5ad"]
