"""The command bin-by-gene."""

from __future__ import annotations

import numpy as np

import fe_anndata as fe

from .shared import bad


def test_bins_of_a_reference_and_of_new_samples(run, source, new, tmp_path):
    reference, out = tmp_path / "reference.h5ad", tmp_path / "out.h5ad"
    code, printed, err = run("bin-by-gene", source, "-o", reference, "--n-bins", 50, "--panel", 20)
    assert code == 0, err
    assert f"wrote {reference}: layer bins, 40 samples x 30 genes" in printed
    expected = fe.io.read_h5ad(source)
    fe.pp.bin_by_gene(expected, n_bins=50, panel=20)
    found = fe.io.read_h5ad(reference)
    assert found.layers["bins"].tobytes() == expected.layers["bins"].tobytes()
    assert found.X.tobytes() == expected.X.tobytes()

    words = ["--reference", reference, "--layer", "log", "--key-added", "k"]
    assert run("bin-by-gene", new, "-o", out, *words)[0] == 0
    placed = fe.io.read_h5ad(new)
    fe.pp.bin_by_gene(placed, reference=expected, layer="log", key_added="k")
    found = fe.io.read_h5ad(out)
    assert found.layers["k"].tobytes() == placed.layers["k"].tobytes()
    assert found.uns["k"]["layer"] == "log"
    bad(run("bin-by-gene", new, "-o", reference, "--overwrite", *words), "is the reference")


def test_a_floor_and_z_scores(run, tmp_path):
    adata = fe.datasets.simulated(20, 30, 4)
    adata.X -= 2
    path, out = tmp_path / "in.h5ad", tmp_path / "out.h5ad"
    adata.write_h5ad(path)
    bad(run("bin-by-gene", path, "-o", out), "smallest is -2.0", "--zero -2.0")
    for words in (["--zero", "-2"], ["--zero=-inf", "--overwrite"]):
        assert run("bin-by-gene", path, "-o", out, *words)[0] == 0
    assert fe.io.read_h5ad(out).uns["bins"]["zero"] == -np.inf
    assert run("bin-by-gene", path, "-o", out, "--values", "z", "--overwrite")[0] == 0
    assert fe.io.read_h5ad(out).layers["bins"].dtype == np.float32
    bad(run("bin-by-gene", path, "-o", out, "--values", "y"), "values")
    bad(run("bin-by-gene", path, "-o", out), "exists", "overwrite")
    bad(run("bin-by-gene", path, "-o", tmp_path / "b.h5ad", "--n-bins", "2.5"), "n-bins")
    assert not (tmp_path / "b.h5ad").exists()
