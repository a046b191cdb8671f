"""The command distance-preservation."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import fe_anndata as fe

from .shared import PNG, bad


def test_a_table_and_a_picture(run, trained, tmp_path):
    out, picture = tmp_path / "out.tsv", tmp_path / "distances.png"
    words = ["distance-preservation", trained, "-o", out, "--basis", "fe", "factors"]
    words += ["--n-neighbors", 5, "--max-samples", 30, "--plot", picture]
    code, printed, err = run(*words)
    assert code == 0, err
    adata = fe.io.read_h5ad(trained)
    expected = fe.tl.distance_preservation(adata, ["fe", "factors"], n_neighbors=5, max_samples=30)
    pd.testing.assert_frame_equal(pd.read_csv(out, sep="\t"), expected)
    assert picture.read_bytes().startswith(PNG)
    assert printed.startswith("basis\tdim\tn\tn_pairs\tpearson")
    assert f"wrote {picture}\nwrote {out}\n" in printed
    assert not plt.get_fignums()
    bad(run(*words), "exists", "overwrite")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--basis", "factor"], "'factors'"),
        (["--n-neighbors", "20"], "less than half of the 40 samples"),
        (["--layer", "log"], "log"),
        (["--max-samples", "2.5"], "2.5"),
    ],
    ids=" ".join,
)
def test_it_refuses(run, trained, tmp_path, words, named):
    bad(run("distance-preservation", trained, *words, "-o", tmp_path / "table.tsv"), named)
    assert not list(tmp_path.iterdir())
