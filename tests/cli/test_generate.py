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


@pytest.fixture(scope="module")
def factored(tmp_path_factory):
    path = tmp_path_factory.mktemp("factored") / "factored.h5ad"
    adata = fe.datasets.simulated(40, 30, 4)
    adata.obs["cond"] = ["x", "y, or z"] * 20
    adata.obs["donor"] = ["a"] * 20 + ["b"] * 20
    fe.tl.train(adata, factors=["cond", "donor"], steps=20, progress=False)
    adata.write_h5ad(path)
    return path


@pytest.mark.parametrize("donors", ["a,b", '"a","b"'])
def test_levels_of_factors_also_with_commas(run, factored, tmp_path, donors):
    out = tmp_path / "o.h5ad"
    words = ["--factors", 'cond="y, or z","x"', f"donor={donors}"]
    code, _, err = run("generate", factored, *words, "-o", out)
    assert code == 0, err
    found = fe.io.read_h5ad(out)
    assert found.obs["cond"].tolist() == ["y, or z", "x"]
    levels = {"cond": ["y, or z", "x"], "donor": ["a", "b"]}
    expected = fe.tl.generate(fe.io.read_h5ad(factored), factors=levels)
    np.testing.assert_array_equal(found.X, expected.X)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["cond=x", "cond=x", "donor=a"], ["--factors", "cond twice"]),
        (["cond", "x"], ["NAME=LEVEL", "'cond'"]),
        (["cond=y, or z", "donor=a,b"], ["'y'", "y, or z"]),
    ],
    ids=" ".join,
)
def test_factors_that_are_refused(run, factored, tmp_path, words, named):
    bad(run("generate", factored, "--factors", *words, "-o", tmp_path / "o.h5ad"), *named)
    assert not list(tmp_path.iterdir())


def test_profiles_at_coordinates(run, trained, tmp_path):
    table, out = tmp_path / "places.tsv", tmp_path / "o.h5ad"
    assert run("export-samples", trained, "-o", table)[0] == 0
    code, _, err = run("generate", trained, "--coordinates", table, "-o", out)
    assert code == 0, err
    found, adata = fe.io.read_h5ad(out), fe.io.read_h5ad(trained)
    assert found.obs_names.tolist() == adata.obs_names.tolist()
    expected = fe.tl.generate(adata, adata.obsm["X_fe"])
    np.testing.assert_allclose(found.X, expected.X, rtol=1e-5, atol=1e-5)
    table.write_text("name\tu\ta\t0.5\n")
    bad(run("generate", trained, "--coordinates", table, "-o", tmp_path / "x.h5ad"), "coordinates")
