"""The command imputation-curve."""

from __future__ import annotations

import pandas as pd

import fe_anndata as fe

from .shared import bad

FEW = ["--n-genes", "3", "9", "--methods", "pca", "knn", "--folds", "2", "--subsets", "2"]


def test_it_writes_a_table_and_a_picture(run, source, tmp_path):
    out, plot = tmp_path / "table.tsv", tmp_path / "curve.png"
    code, printed, err = run("imputation-curve", source, "-o", out, "--plot", plot, *FEW)
    assert code == 0, err
    expected = fe.tl.imputation_curve(
        fe.io.read_h5ad(source), n_genes=[3, 9], methods=["pca", "knn"], folds=2, subsets=2,
        progress=False,
    )  # fmt: skip
    found = pd.read_csv(out, sep="\t")
    columns = [name for name in found if name != "seconds"]
    pd.testing.assert_frame_equal(found[columns], expected[columns], rtol=1e-4)
    assert "knn" in printed
    assert plot.stat().st_size > 1000
    again = tmp_path / "again.png"
    assert run("plot", out, "imputation-curve", "-o", again)[0] == 0
    assert again.stat().st_size > 1000


def test_it_refuses(run, source, tmp_path):
    out = tmp_path / "table.tsv"
    bad(run("imputation-curve", source, "-o", out, "--n-genes", "3000"), "fewer than the")
    bad(run("imputation-curve", source, "-o", out, "--train", "setps=3", *FEW), "'steps'")
    assert not out.exists()
