"""With --json a command prints one value of JSON on standard output, and all else on the other."""

from __future__ import annotations

import json

import pytest

import fe_anndata as fe

from .shared import small

FEW = ["--folds", "2", "--no-progress"]
COMMANDS = {
    "train": (["IN", "-o", "o.h5ad", "--steps", "20"], {"steps": 20, "key": "fe", "n_genes": 30}),
    "transform": (["NEW", "TRAINED", "-o", "o.h5ad"], {"n_samples": 12}),
    "reconstruct": (["TRAINED", "-o", "o.h5ad"], {"layer": "fe"}),
    "impute": (["TRAINED", "-o", "o.h5ad"], {"layer": "fe_imputed"}),
    "generate": (["TRAINED", "-o", "o.h5ad", "--grid", "3"], {"n_profiles": 9, "n_genes": 30}),
    "bin-by-gene": (["IN", "-o", "o.h5ad", "--zero=-inf"], {"layer": "bins", "n_samples": 40}),
    "markers": (["TRAINED", "group", "-o", "o.tsv"], {"rows": 120}),
    "evaluate": (["IN", "--label", "group", "-o", "o.tsv", "--dims", "2", "--methods", "pca",
                  "--classifiers", "knn", *FEW], {}),
    "imputation-curve": (["IN", "-o", "o.tsv", "--n-genes", "5", "--methods", "pca", *FEW], {}),
    "compare-models": (["IN", "pca", "-o", "o.tsv", "--label", "group", "--dim", "4", *FEW], {}),
    "sweep": (["IN", "-o", "o.tsv", "--options", "gene_dim=4", "--fixed", "steps=3",
               "--no-progress"], {}),
    "classify": (["TRAINED", "half", "-o", "o.tsv", "--universe", "fe_trained", *FEW], {}),
    "distance-preservation": (["TRAINED", "-o", "o.tsv"], {}),
    "set-coherence": (["TRAINED", "half", "-o", "o.tsv", "--universe", "fe_trained"], {"sets": 1}),
    "plot": (["TRAINED", "history", "-o", "o.png"], {}),
    "export-genes": (["TRAINED", "-o", "o.vec"], {"n_genes": 30, "dim": 29}),
    "export-samples": (["TRAINED", "-o", "o.tsv"], {"n_samples": 40, "dim": 2}),
}  # fmt: skip
TABLES = {
    "similar": ["TRAINED", "gene1", "-n", "3"],
    "arithmetic": ["TRAINED", "gene1 - gene2 + gene3", "-n", "3"],
    "compare": ["TRAINED", "TRAINED", "--k", "3"],
    "history": ["TRAINED"],
    "models": ["--family", "fe"],
}


@pytest.fixture
def typed(run, tmp_path, trained, new, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small().write_h5ad("in.h5ad")
    places = {"IN": "in.h5ad", "TRAINED": trained, "NEW": new}

    def command(name, words):
        code, out, err = run(name, *(places.get(word, word) for word in words), "--json")
        assert code == 0, err
        return json.loads(out)

    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_written(typed, tmp_path, name):
    words, facts = COMMANDS[name]
    found = typed(name, words)
    out = words[words.index("-o") + 1]
    assert found["wrote"] == [out]
    assert (tmp_path / out).is_file()
    assert {fact: found[fact] for fact in facts} == facts
    if "table" in found:
        assert found["table"]
        assert isinstance(found["table"][0], dict)


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_records(typed, name):
    found = typed(name, TABLES[name])
    assert found
    assert all(isinstance(row, dict) for row in found)


def test_numbers_have_all_their_digits_and_missing_ones_are_null(typed, trained):
    expected = fe.get.history(fe.io.read_h5ad(trained))
    found = typed("history", ["TRAINED"])
    assert [row["step"] for row in found] == expected["step"].tolist()
    assert found[-1]["validation_loss"] == pytest.approx(
        expected["validation_loss"].iloc[-1], 1e-12
    )
    assert expected["train_loss"].isna().iloc[0]
    assert found[0]["train_loss"] is None


def test_info(typed):
    found = typed("info", [])
    assert found["versions"]["fe-anndata"] == fe.__version__
    assert set(found["why"]) >= {"device", "threads", "precision", "kernel"}
