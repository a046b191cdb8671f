"""The command survival."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

from .shared import PNG, bad, small

FEW = ["--dims", 2, "--folds", 2, "--ridge", 0.1, "--resamples", 20]


def cohort():
    adata = small()
    adata.obs["days"], adata.obs["died"] = np.arange(40.0), np.arange(40) % 2
    adata.obs["age"] = np.random.default_rng(0).normal(size=40)
    return adata


@pytest.fixture
def path(tmp_path):
    cohort().write_h5ad(tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def test_tables_and_a_picture(run, path, tmp_path):
    out, risks, picture = (tmp_path / name for name in ("out.tsv", "risks.csv", "km.png"))
    words = ["survival", path, "days", "died", "-o", out, "--bases", "pca", "age", "pca+age"]
    words += ["--baseline", "age", "--within", "group", *FEW]
    code, printed, err = run(*words, "--risks", risks, "--plot", picture)
    assert code == 0, err
    found = fe.tl.survival(
        cohort(), "days", "died", bases=["pca", "age", "pca+age"], baseline="age", within="group",
        dims=[2], folds=2, ridge=0.1, resamples=20, progress=False,
    )  # fmt: skip
    pd.testing.assert_frame_equal(pd.read_csv(out, sep="\t"), found.table)
    pd.testing.assert_frame_equal(
        pd.read_csv(risks, dtype={"sample": str, "within": str}), found.risks
    )
    assert picture.read_bytes().startswith(PNG)
    assert printed.startswith("basis\tdim\tpairs\tc_index\tlow\thigh\tn\tevents\n")
    assert all(f"wrote {made}" in printed for made in (out, risks, picture))
    assert not plt.get_fignums()
    bad(run(*words), "exists", "overwrite")
    assert run(*words, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["dyas", "died"], ["'days'"]),
        (["days", "age"], ["events must be 1"]),
        (["days", "died", "--bases", "pac"], ["'pca'"]),
        (["days", "died", "--dims", "2.5"], ["2.5"]),
        (["days", "died", "--folds", "30"], ["30"]),
        (["days"], ["EVENT"]),
    ],
    ids=" ".join,
)
def test_it_refuses(run, path, tmp_path, words, named):
    bad(run("survival", path, *words, "-o", tmp_path / "table.tsv"), *named)
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]
