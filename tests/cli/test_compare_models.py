"""The command compare-models."""

from __future__ import annotations

import pandas as pd
import pytest

import fe_anndata as fe

from .shared import bad, small

FEW = ["--label", "group", "--dim", 4, "--folds", 2, "--no-progress"]


def test_it_writes_a_table(run, source, tmp_path):
    out = tmp_path / "table.tsv"
    words = ["pca", "fe", "--options", "fe.steps=5", "fe.decoder=dot", "-o", out]
    code, printed, err = run("compare-models", source, *words, *FEW)
    assert code == 0, err
    table = pd.read_csv(out, sep="\t", index_col="model")
    models = {"pca": {}, "fe": {"steps": 5, "decoder": "dot"}}
    found = fe.tl.compare_models(small(), models, label="group", dim=4, folds=2, progress=False)
    timed = ["seconds_fit", "seconds_new"]
    pd.testing.assert_frame_equal(table.drop(columns=timed), found.drop(columns=timed))
    assert printed.startswith("\tpca\tfe\ndecoder\tlinear\tdot\n")
    assert f"wrote {out}" in printed
    bad(run("compare-models", source, *words, *FEW), "exists", "overwrite")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["pca", "genrain"], ["'generain'", "'genrain'"]),
        (["pca", "fe", "--options", "generain.zero=1"], ["MODEL.NAME=VALUE", "pca, fe"]),
        (["fe", "--options", "steps=1"], ["MODEL.NAME=VALUE", "'steps=1'"]),
        (["fe", "--options", "fe.steps=1", "fe.steps=2"], ["fe.steps twice"]),
        (["fe", "--options", "fe.setps=1"], ["setps", "'steps'"]),
        (["fe", "--gene-sets", "smoe"], ["smoe"]),
    ],
    ids=" ".join,
)
def test_it_refuses(run, source, tmp_path, words, named):
    bad(run("compare-models", source, *words, *FEW, "-o", tmp_path / "table.tsv"), *named)
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]
