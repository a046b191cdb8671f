"""The family of lists on the command line, whose options are made from its own."""

from __future__ import annotations

import fe_anndata as fe
from fe_anndata.models.options import options_of
from tests.cli.shared import bad
from tests.models.generain.conftest import cohort

FEW = ("--model", "generain", "--tokens", "20", "--width", "8", "--heads", "2", "--steps", "4",
       "--no-progress")  # fmt: skip


def test_help_names_all_options(run):
    code, out, _ = run("train", "--model", "generain", "--help")
    assert code == 0
    for name in options_of(fe.models.GeneRAIN):
        assert f"--{name.replace('_', '-')}" in out
    assert "generain2024" in out
    assert "--sample-dim" not in out


def test_train_and_transform(run, tmp_path):
    cohort().write_h5ad(tmp_path / "a.h5ad")
    cohort(7, rng=3).write_h5ad(tmp_path / "new.h5ad")
    code, _, err = run("train", tmp_path / "a.h5ad", "--out", tmp_path / "b.h5ad", *FEW)
    assert code == 0, err
    assert "will take about" in err
    assert "bag" in err
    trained = fe.io.read_h5ad(tmp_path / "b.h5ad")
    direct = fe.tl.train(tmp_path / "a.h5ad", "generain", tokens=20, width=8, heads=2, steps=4,
                         progress=False)  # fmt: skip
    assert trained.obsm["X_generain"].tobytes() == direct.obsm["X_generain"].tobytes()
    words = (tmp_path / "b.h5ad", "--key", "generain", "--no-progress")
    code, _, err = run("transform", tmp_path / "new.h5ad", *words, "--out", tmp_path / "c.h5ad")
    assert code == 0, err
    placed = fe.io.read_h5ad(tmp_path / "c.h5ad")
    assert placed.obsm["X_generain"].shape == (7, 8)
    assert "generain_cross_entropy" in placed.obs


def test_a_model_is_continued(run, tmp_path):
    cohort().write_h5ad(tmp_path / "a.h5ad")
    more = ("train", "--model", "generain", "--no-progress", "--steps", "2")
    code, _, err = run("train", tmp_path / "a.h5ad", "--out", tmp_path / "b.h5ad", *FEW)
    assert code == 0, err
    cohort(20, rng=3).write_h5ad(tmp_path / "c.h5ad")
    start = ("--start", tmp_path / "b.h5ad", "--out", tmp_path / "d.h5ad")
    code, _, err = run(*more, tmp_path / "c.h5ad", *start)
    assert code == 0, err
    assert "60 of its 60 genes are shared" in err
    assert fe.io.read_h5ad(tmp_path / "d.h5ad").varm["generain"].shape == (60, 8)
    bad(run(*more, tmp_path / "c.h5ad", *start, "--overwrite", "--width", "4"), "--width 8")


def test_bad_words(run, tmp_path):
    cohort().write_h5ad(tmp_path / "a.h5ad")
    base = ("train", tmp_path / "a.h5ad", "--out", tmp_path / "b.h5ad", *FEW)
    bad(run(*base, "--masked", "0"), "masked")
    bad(run(*base, "--sample-dim", "3"), "'fe'")
    bad(run(*base, "--lr", "3"), "--learning-rate")
    assert not (tmp_path / "b.h5ad").exists()
