"""The command generate."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe

from .shared import bad


def test_a_grid(run, trained, tmp_path):
    out = tmp_path / "grid.h5ad"
    code, printed, err = run("generate", trained, "--grid", 6, "-o", out)
    assert code == 0, err
    assert f"wrote {out}: 36 profiles of 30 genes" in printed
    adata = fe.io.read_h5ad(trained)
    expected = fe.tl.generate(adata, fe.get.grid(adata, 6))
    assert fe.io.read_h5ad(out).X.tobytes() == expected.X.tobytes()


def test_a_path(run, trained, tmp_path):
    out = tmp_path / "path.h5ad"
    words = ["--path", "group=group 1", "sample3", "0.5,-1", "--points", 7]
    code, _, err = run("generate", trained, *words, "-o", out)
    assert code == 0, err
    found = fe.io.read_h5ad(out)
    adata = fe.io.read_h5ad(trained)
    stops = [("group", "group 1"), "sample3", [0.5, -1]]
    np.testing.assert_array_equal(found.obsm["X_fe"], fe.get.path(adata, stops, 7))
    assert found.obs["fe_distance"].notna().all()


def test_a_sample_whose_name_reads_like_a_group_or_a_place(run, trained, tmp_path):
    adata = fe.io.read_h5ad(trained)
    adata.obs_names = ["group=group 1", "1,2", *adata.obs_names[2:]]
    adata.write_h5ad(tmp_path / "named.h5ad")
    out = tmp_path / "path.h5ad"
    words = ["--path", "group=group 1", "1,2", "--points", 2]
    code, _, err = run("generate", tmp_path / "named.h5ad", *words, "-o", out)
    assert code == 0, err
    found = fe.io.read_h5ad(out).obsm["X_fe"]
    np.testing.assert_allclose(found, adata.obsm["X_fe"][:2], rtol=1e-6)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], ["--grid", "--path"]),
        (["--grid", "5", "--path", "sample1", "sample2"], ["--grid", "--path"]),
        (["--grid", "1"], ["at least 2"]),
        (["--path", "sample1"], ["two stops"]),
        (["--path", "smaple1", "sample2"], ["did you mean", "'sample1'"]),
        (["--grid", "5", "--key", "ef"], ["'X_ef'", "'X_fe'"]),
    ],
)
def test_generate_refuses(run, trained, tmp_path, words, named):
    bad(run("generate", trained, *words, "-o", tmp_path / "x.h5ad"), *named)
    assert not list(tmp_path.iterdir())
