"""The command sweep."""

from __future__ import annotations

import pandas as pd
import pytest

import fe_anndata as fe

from .shared import bad, small

OVER = ["--options", "gene_dim=4,6", "l2=0,1e-3", "--fixed", "epochs=2", "--no-progress"]
pytestmark = pytest.mark.filterwarnings("ignore:gene means of the new samples")


def test_it_writes_the_table_and_the_pictures(run, source, tmp_path):
    out, save = tmp_path / "table.tsv", tmp_path / "samples.h5ad"
    pictures = [tmp_path / "density.png", tmp_path / "scatter.pdf"]
    words = ["-o", out, "--label", "group", "--checkpoint", tmp_path / "run", *OVER]
    drawn = ["--density", pictures[0], "--scatter", pictures[1], "--save", save]
    code, printed, err = run("sweep", source, *words, *drawn)
    assert code == 0, err
    table = pd.read_csv(out, sep="\t")
    grid = {"gene_dim": [4, 6], "l2": [0, 1e-3]}
    found = fe.tl.sweep(small(), grid, label="group", epochs=2, progress=False)
    timed = [name for name in table if "seconds" in name]
    pd.testing.assert_frame_equal(table.drop(columns=timed), found.table.drop(columns=timed))
    assert all(path.stat().st_size > 1000 for path in pictures)
    assert "X_3" in fe.io.read_h5ad(save).obsm
    assert printed.startswith("gene_dim\tl2\tdecoder\t")
    assert f"wrote {out}" in printed
    bad(run("sweep", source, *words), "exists", "overwrite")
    code, _, err = run("sweep", source, *words, "--overwrite")
    assert code == 0, err
    pd.testing.assert_frame_equal(pd.read_csv(out, sep="\t"), table)  # the seconds, too


def test_values_are_json_or_text(run, source, tmp_path):
    words = ["--options", "hidden=[4,3],[5]", "activation=relu,tanh", "--fixed", "steps=2"]
    out = tmp_path / "table.csv"
    code, _, err = run("sweep", source, "-o", out, *words, "--no-progress")
    assert code == 0, err
    table = pd.read_csv(out)
    assert table["hidden"].tolist() == ["(4, 3)", "(4, 3)", "(5,)", "(5,)"]
    assert table["activation"].tolist() == ["relu", "tanh"] * 2


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--options", "gene_dim=4,-6"], ["gene_dim", "-6"]),
        (["--options", "gen_dim=4"], ["gen_dim", "'gene_dim'"]),
        (["--options", "gene_dim"], ["NAME=VALUE,VALUE", "'gene_dim'"]),
        (["--options", "l2=1", "l2=2"], ["l2 twice"]),
        (["--fixed", "epochs"], ["NAME=VALUE", "'epochs'"]),
        (["--color", "group"], ["--scatter"]),
        (["--scatter", "s.png", "--color", "gruop"], ["gruop", "'group'"]),
        (["--label", "gruop"], ["gruop", "'group'"]),
    ],
    ids=" ".join,
)
def test_it_refuses(run, source, tmp_path, monkeypatch, words, named):
    monkeypatch.chdir(tmp_path)
    more = ["--options", "l2=0"] if "--options" not in words else []
    bad(run("sweep", source, *words, *more, "-o", tmp_path / "table.tsv"), *named)
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]
