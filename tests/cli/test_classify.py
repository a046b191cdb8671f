"""The command classify."""

from __future__ import annotations

import pandas as pd
import pytest

import fe_anndata as fe

from .shared import PNG, bad


@pytest.fixture
def gene_sets(tmp_path):
    lines = [f"SET{i}\tna\t" + "\t".join(f"gene{j + i}" for j in range(1, 16)) for i in range(3)]
    (tmp_path / "sets.gmt").write_text("\n".join(lines) + "\n")
    return tmp_path / "sets.gmt"


def test_classify(run, trained, gene_sets, tmp_path):
    out, more, picture = tmp_path / "t.csv", tmp_path / "p.h5ad", tmp_path / "p.png"
    universe = ["--universe", "fe_trained", "--folds", 3, "--rng", 1, "--no-progress"]
    files = ["--probabilities", more, "--plot", picture]
    code, text, err = run("classify", trained, gene_sets, "-o", out, *universe, *files)
    assert (code, err) == (0, "")
    assert text.endswith(f"wrote {out}: 3 properties\n")
    adata = fe.io.read_h5ad(trained)
    keywords = {"universe": "fe_trained", "folds": 3, "rng": 1, "progress": False}
    expected = fe.tl.classify_genes(adata, gene_sets, **keywords)
    pd.testing.assert_frame_equal(pd.read_csv(out), expected.table)
    assert fe.io.read_h5ad(more).X.tobytes() == expected.probabilities.to_numpy().tobytes()
    assert picture.read_bytes().startswith(PNG)
    bad(run("classify", trained, gene_sets, "-o", out), "exists", "--overwrite")
    bad(run("classify", trained, "half", "hlaf", "-o", tmp_path / "u.csv"), "did you mean 'half'")
    broken = tmp_path / "broken.gmt"
    broken.write_text("A na\n")
    bad(run("classify", trained, broken, "-o", tmp_path / "u.csv"), "line 1")
    bad(run("classify", trained, "half", "-o", trained, "--overwrite"), "name another output")
    assert not (tmp_path / "u.csv").exists()
