"""The command components-kept, and its picture."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import fe_anndata as fe

from .shared import PNG, bad


def test_a_table_and_pictures(run, trained, tmp_path):
    out, picture = tmp_path / "out.tsv", tmp_path / "kept.png"
    words = ["components-kept", trained, "-o", out, "--methods", "fe", "pca", "--folds", 2]
    words += ["--n-components", 3, "--train", "steps=5", "fe.warm_up=2", "--plot", picture]
    code, printed, err = run(*words)
    assert code == 0, err
    adata = fe.io.read_h5ad(trained)
    given = {"folds": 2, "n_components": 3, "train": {"steps": 5, "fe": {"warm_up": 2}}}
    expected = fe.tl.components_kept(adata, methods=["fe", "pca"], **given)
    pd.testing.assert_frame_equal(pd.read_csv(out, sep="\t"), expected)
    assert picture.read_bytes().startswith(PNG)
    assert printed.startswith("method\tcomponent\tvariance\tr2_new")
    again = tmp_path / "again.png"
    code, _, err = run("plot", out, "components-kept", "-o", again)
    assert code == 0, err
    assert again.read_bytes() == picture.read_bytes()
    assert not plt.get_fignums()
    bad(run(*words), "exists", "overwrite")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--methods", "ef"], "'fe'"),
        (["--n-components", "50"], "50 components are too many"),
        (["--train", "setps=3"], "'steps'"),
    ],
    ids=" ".join,
)
def test_it_refuses(run, trained, tmp_path, words, named):
    bad(run("components-kept", trained, *words, "-o", tmp_path / "table.tsv"), named)
    assert not list(tmp_path.iterdir())
