"""The command differences, of what evaluate wrote."""

from __future__ import annotations

import pandas as pd

import fe_anndata as fe

from .shared import bad


def test_which_method_to_use(run, trained, tmp_path):
    table, out = tmp_path / "table.tsv", tmp_path / "differences.tsv"
    words = ["evaluate", trained, "--label", "group", "-o", table, "--dims", 2, "--deals", 2]
    words += ["--methods", "fe", "pca", "--classifiers", "knn", "--folds", 2]
    code, _, err = run(*words, "--train", "steps=5")
    assert code == 0, err
    code, printed, err = run("differences", table, "--method", "pca", "-o", out)
    assert code == 0, err
    expected = fe.get.differences(pd.read_csv(table, sep="\t"), "pca")
    assert expected["n"].tolist() == [4]
    pd.testing.assert_frame_equal(pd.read_csv(out, sep="\t"), expected)
    assert expected["sentence"][0] in printed
    bad(run("differences", table, "-o", out), "exists", "overwrite")
    again = tmp_path / "again.tsv"
    bad(run("differences", table, "--metric", "acuracy_new", "-o", again), "'accuracy_new'")
    bad(run("differences", table, "--method", "umap", "-o", again), "'umap'")
    assert not again.exists()
