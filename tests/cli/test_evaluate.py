"""The command evaluate."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import fe_anndata as fe

from .shared import PNG, bad, small

FEW = ["--methods", "pca", "--classifiers", "knn", "--folds", 2, "--no-progress"]


def test_evaluate_writes_a_table(run, source, tmp_path):
    out, picture = tmp_path / "table.tsv", tmp_path / "accuracy.png"
    words = ["--label", "group", "--dims", 2, 4, "-o", out, "--plot", picture]
    code, printed, err = run("evaluate", source, *words, *FEW)
    assert code == 0, err
    table = pd.read_csv(out, sep="\t")
    found = fe.tl.evaluate(
        small(), "group", dims=[2, 4], methods=["pca"], classifiers=["knn"], folds=2
    )
    timed = ["seconds_fit", "seconds_new"]
    pd.testing.assert_frame_equal(table.drop(columns=timed), found.drop(columns=timed))
    assert printed.startswith("method\tdecoder\tdim\tclassifier\taccuracy_new")
    assert f"wrote {out}" in printed
    assert picture.read_bytes().startswith(PNG)
    assert not plt.get_fignums()
    bad(run("evaluate", source, *words, *FEW), "exists", "overwrite")
    assert run("evaluate", source, *words, *FEW, "--overwrite")[0] == 0


def test_evaluate_with_groups_and_numbers(run, tmp_path):
    adata = small()
    adata.obs["donor"] = [f"d{i % 8}" for i in range(40)]
    adata.obs["age"] = adata.obsm["factors"][:, 0]
    adata.write_h5ad(tmp_path / "in.h5ad")
    out, picture = tmp_path / "table.csv", tmp_path / "r2.png"
    words = ["--label", "age", "--groups", "donor", "--dims", 2, "--n-top-genes", 20]
    words += ["-o", out, "--plot", picture]
    code, _, err = run("evaluate", tmp_path / "in.h5ad", *words, *FEW)
    assert code == 0, err
    assert pd.read_csv(out)["label_r2_new"].notna().all()
    assert picture.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--label", "gruop"], ["'group'"]),
        (["--label", "group", "--groups", "x"], ["'x'", "'group'"]),
        (["--label", "group", "--dims", "2.5"], ["2.5"]),
        (["--label", "group", "--dims", "30"], ["30", "too many"]),
        (["--label", "group", "--methods", "tsne"], ["'umap'", "'tsne'"]),
        (["--label", "group", "--folds", "20"], ["20", "--folds 10"]),
        ([], ["--label"]),
    ],
    ids=" ".join,
)
def test_evaluate_refuses(run, source, tmp_path, words, named):
    bad(run("evaluate", source, "-o", tmp_path / "table.tsv", *words), *named)
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]


def test_options_of_trainings(run, source, tmp_path):
    out = tmp_path / "table.tsv"
    few = ["--dims", 2, "--classifiers", "knn", "--folds", 2, "--no-progress", "--label", "group"]
    words = ["--methods", "fe", "fe_concat", "--train", "steps=3", "fe_concat.steps=4"]
    code, _, err = run("evaluate", source, *few, *words, "-o", out)
    assert code == 0, err
    given = {"steps": 3, "fe_concat": {"steps": 4}}
    expected = fe.tl.evaluate(
        small(), "group", dims=[2], methods=["fe", "fe_concat"], classifiers=["knn"], folds=2,
        train=given, progress=False,
    )  # fmt: skip
    timed = ["seconds_fit", "seconds_new"]
    found = pd.read_csv(out, sep="\t")
    pd.testing.assert_frame_equal(found.drop(columns=timed), expected.drop(columns=timed))
    bad(run("evaluate", source, *few, "--train", "setps=3", "-o", tmp_path / "x.tsv"), "'steps'")
