"""From a text table to a picture: convert, train and plot read files of any kind."""

from __future__ import annotations

import json

import anndata
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def tpm():
    """80 tumours of two types x 60 genes, TPM; their names are those of data to come."""
    draw = np.random.default_rng(0)
    kind = draw.integers(2, size=80)
    rates = draw.lognormal(2, 1.5, size=(2, 60))
    X = rates[kind] * draw.lognormal(0, 0.3, size=(80, 60))
    X *= 1e6 / X.sum(axis=1, keepdims=True)
    samples = [f"TCGA-AB-{k:04d}-01A-11R" for k in range(80)]
    genes = [f"ENSG{k:011d}.{k % 9}" for k in range(60)]
    patients = pd.Series(np.array(["BRCA", "LUAD"])[kind], [name[:12] for name in samples])
    return pd.DataFrame(X.T.round(3), genes, samples), patients


@pytest.fixture
def files(tmp_path, tpm, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table, patients = tpm
    table.to_csv(tmp_path / "tpm.tsv", sep="\t", index_label="gene_id")
    patients.rename("cancer").to_csv(tmp_path / "clinical.csv", index_label="patient")
    return tmp_path


def test_from_a_table_to_a_coloured_picture_in_two_commands(run, files):
    trained = run("train", "tpm.tsv", "--obs", "clinical.csv", "-o", "t.h5ad", "--steps", "20")
    assert trained[0] == 0, trained[2]
    assert "its rows are genes, so it was turned" in trained[2]
    assert "--normalize log2_tpm" in trained[2]
    drawn = run("plot", "t.h5ad", "embedding", "--color", "cancer", "-o", "map.png")
    assert drawn[0] == 0, drawn[2]
    assert (files / "map.png").stat().st_size > 5000
    adata = anndata.read_h5ad(files / "t.h5ad")
    assert adata.shape == (80, 60)
    assert adata.obsm["X_fe"].shape == (80, 2)
    assert set(adata.obs["cancer"]) == {"BRCA", "LUAD"}


def test_the_table_itself_is_trained_on_and_placed(run, files):
    for arguments in (
        ("train", "tpm.tsv", "-o", "t.h5ad"),
        ("transform", "tpm.tsv", "t.h5ad", "-o", "placed.h5ad"),
    ):
        done = run(*arguments)
        assert done[0] == 0, done[2]
    trained, placed = (anndata.read_h5ad(files / f"{name}.h5ad") for name in ("t", "placed"))
    assert trained.X.shape == placed.X.shape == (80, 60)
    away = np.abs(trained.obsm["X_fe"] - placed.obsm["X_fe"]).max(axis=1)
    assert np.median(away) < 0.05


def test_convert(run, files, tpm):
    done = run("convert", "tpm.tsv", "-o", "a.h5ad", "--obs", "clinical.csv", "--json")
    assert done[0] == 0, done[2]
    assert json.loads(done[1])["n_samples"] == 80
    adata = anndata.read_h5ad(files / "a.h5ad")
    np.testing.assert_allclose(adata.X, tpm[0].T.to_numpy(), rtol=1e-6)
    again = run("convert", "tpm.tsv", "-o", "a.h5ad")
    assert again[0] == 2
    assert "a.h5ad exists" in again[2]
    turned = run("convert", "tpm.tsv", "-o", "b.h5ad", "--orientation", "as-is")
    assert turned[0] == 0, turned[2]
    assert anndata.read_h5ad(files / "b.h5ad").shape == (60, 80)


def test_doubt_of_the_units_stops_a_command(run, files, tpm):
    shares = tpm[0] / tpm[0].max().max()
    shares.to_csv(files / "shares.csv", index_label="gene_id")
    stopped = run("train", "shares.csv", "-o", "t.h5ad", "--steps", "5")
    assert stopped[0] == 2
    assert "between 0 and 1" in stopped[2]
    assert "--normalize none" in stopped[2]
    assert not (files / "t.h5ad").exists()
    said = run("train", "shares.csv", "-o", "t.h5ad", "--steps", "5", "--normalize", "none")
    assert said[0] == 0, said[2]
    assert "warning" not in said[2]


def test_a_wrong_file_is_named(run, files):
    (files / "bad.csv").write_text("gene,S1,S2\nTP53,1,2\nMYC,1,x\n")
    for command in ("convert", "train"):
        done = run(command, "bad.csv", "-o", "t.h5ad")
        assert done[0] == 2
        assert "bad.csv, line 3, row 'MYC', column 'S2': 'x' is no number" in done[2]
        assert not (files / "t.h5ad").exists()


@pytest.mark.parametrize("words", ["transposed", "as-is"])
def test_what_names_do_not_tell_is_said(run, files, tpm, words):
    table = (
        tpm[0]
        .set_axis([f"p {k}" for k in range(60)])
        .set_axis([f"q {k}" for k in range(80)], axis=1)
    )
    (table if words == "transposed" else table.T).to_csv("p.csv")
    stopped = run("train", "p.csv", "-o", "t.h5ad", "--steps", "5")
    assert stopped[0] == 2
    assert f"--orientation {words}" in stopped[2]
    done = run("train", "p.csv", "-o", "t.h5ad", "--steps", "5", "--orientation", words)
    assert done[0] == 0, done[2]
    done = run("transform", "p.csv", "t.h5ad", "-o", "n.h5ad", "--orientation", words)
    assert done[0] == 0, done[2]
    assert anndata.read_h5ad("n.h5ad").X.shape == (80, 60)


def test_new_samples_with_a_table(run, files):
    for arguments in (
        ("train", "tpm.tsv", "-o", "t.h5ad", "--steps", "5"),
        ("transform", "tpm.tsv", "t.h5ad", "-o", "n.h5ad", "--obs", "clinical.csv"),
    ):
        done = run(*arguments)
        assert done[0] == 0, done[2]
    assert "80 of 80 samples, 80 of them by the beginning" in done[2]
    assert set(anndata.read_h5ad("n.h5ad").obs["cancer"]) == {"BRCA", "LUAD"}
