"""The command markers."""

from __future__ import annotations

import pandas as pd

import fe_anndata as fe

from .shared import PNG, bad

GROUPS = ["--groups", "group 2", "group 3"]


def test_a_table_and_a_picture(run, trained, tmp_path):
    out, picture = tmp_path / "out.tsv", tmp_path / "out.png"
    words = ("markers", trained, "group", "-o", out, "--plot", picture)
    code, printed, err = run(*words, "--n-genes", 3, "--reference", "group 1", *GROUPS)
    assert code == 0, err
    assert f"wrote {out}: 6 rows" in printed
    assert picture.read_bytes().startswith(PNG)
    found = pd.read_csv(out, sep="\t", dtype={"group": str})
    adata = fe.io.read_h5ad(trained)
    expected = fe.tl.markers(adata, "group", groups=GROUPS[1:], reference="group 1", n_genes=3)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, check_dtype=False)
    assert f"group 2: {', '.join(expected['names'][:3])}" in printed
    bad(run(*words), "exists", "overwrite")


def test_bad_words(run, trained, tmp_path):
    base, out = ("markers", trained), ("-o", tmp_path / "out.tsv")
    bad(run(*base, "gruop", *out), "'group'")
    bad(run(*base, "group", "--reference", "9", *out), "no group '9'")
    bad(run(*base, "group", "--n-genes", 0, *out), "--n-genes must be at least 1")
    bad(run(*base, "group", "--key", "k", *out), "'k'")
    bad(run(*base, "group", "-o", tmp_path / "out.h5ad"), "to be a table")
    bad(run(*base, "group", *out, "--plot", tmp_path / "x.tsv"), "to be a picture")
    assert not list(tmp_path.iterdir())


def test_a_picture_of_many_groups(run, trained, tmp_path, monkeypatch):
    adata = fe.io.read_h5ad(trained)
    adata.obs["each"] = [f"s{i}" for i in range(adata.n_obs)]
    fe.io.write_h5ad(adata, tmp_path / "each.h5ad")
    picture = tmp_path / "out.png"
    words = ("markers", tmp_path / "each.h5ad", "each", "-o", tmp_path / "out.tsv")
    asked, draw = [], fe.pl.markers

    def drawn(table, **keywords):
        asked.append(keywords["n_genes"])
        return draw(table, **keywords)

    monkeypatch.setattr(fe.pl, "markers", drawn)
    code, _, err = run(*words, "--plot", picture)
    assert code == 0, err
    assert asked == [2]  # of each group: more would not be legible
    assert picture.read_bytes().startswith(PNG)
    monkeypatch.setattr("fe_anndata.cli.pictures.MOST_GENES", 10)
    code, _, err = run(*words, "--plot", tmp_path / "no.png", "--overwrite")
    assert code == 2
    assert "there are 40 groups" in err
    assert not (tmp_path / "no.png").exists()
