"""Families of models on the command line: their help, their options, and the command models."""

from __future__ import annotations

import pytest

import fe_anndata as fe
from fe_anndata.models.documented import explained
from fe_anndata.models.option import about
from fe_anndata.models.options import options_of

from .shared import bad
from .toy_family import ToyFamily


@pytest.fixture
def _toy(monkeypatch):
    monkeypatch.setattr("fe_anndata.models._registered", {})
    fe.models.register(ToyFamily())


def words_of(text):
    """Return help without its frames and line breaks."""
    return " ".join(text.replace("│", " ").split())


def test_help_shows_every_option_of_the_family(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")  # so that names stay beside their texts
    code, out, _ = run("train", "--help")
    text = words_of(out)
    assert code == 0
    for name, of in options_of(fe.models.FE).items():
        assert f"--{name.replace('_', '-')}" in text
        assert " ".join(explained(about(of)).split()) in text
    warm_up = explained(about(options_of(fe.models.FE)["warm_up"]))
    assert f"--warm-up INT {warm_up} [default: 10]" in text
    assert "[choices: full, entries, tiles, auto] [default: auto]" in text


def test_help_shows_arguments_and_settings_of_train(run):
    text = words_of(run("train", "--help")[1])
    names = """recipe layer mask-var batch-key labels-key key-added checkpoint resume rng device
        progress no-progress threads precision kernel out overwrite model"""
    for name in names.split():
        assert f"--{name} " in text
    assert "How many threads" in text
    assert "trofimov2020: Trofimov et al. 2020" in text
    assert "--copy" not in text


def test_help_fits_a_terminal(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for words in (["--help"], ["train", "--help"], ["plot", "--help"]):
        assert max(map(len, run(*words)[1].splitlines())) <= 80


@pytest.mark.usefixtures("_toy")
def test_help_of_another_family(run):
    for words in (["--model", "toy", "--help"], ["--help", "--model=toy"]):
        code, out, _ = run("train", *words)
        text = words_of(out)
        assert code == 0
        assert "Advanced: options of the family toy" in text
        assert "Number of products that are added. [default: 3]" in text
        assert "Whether it is *loud*, in <b>dB</b>. [default: false]" in text
        assert "More sizes. [default: 4 2]" in text
        assert "wide: wider" in text
        assert "--sample-dim" not in text


@pytest.mark.usefixtures("_toy")
def test_another_family_is_trained(run, source, tmp_path):
    out = tmp_path / "out.h5ad"
    words = ["--toy-rank", 4, "--steps", 7, "--widths", "none", "--sizes", 3, "--loud"]
    code, printed, err = run("train", source, "-o", out, "--model", "toy", *words)
    assert code == 0, err
    assert f"wrote {out}: 7 steps" in printed
    adata = fe.io.read_h5ad(out)
    assert adata.obsm["X_toy"].shape == (40, 4)
    assert adata.varm["toy"].shape == (30, 4)
    params = adata.uns["toy"]["params"]
    assert (params["model"], params["toy_rank"], params["steps"]) == ("toy", 4, 7)
    assert (bool(params["loud"]), params["sizes"].tolist()) == (True, [3])


@pytest.mark.usefixtures("_toy")
def test_a_recipe_changes_what_was_not_typed(run, source, tmp_path):
    for words, rank in (([], 7), (["--toy-rank", 3], 3)):
        out = tmp_path / f"{rank}.h5ad"
        run("train", source, "-o", out, "--model", "toy", "--recipe", "wide", *words)
        assert fe.io.read_h5ad(out).obsm["X_toy"].shape == (40, rank)


@pytest.mark.usefixtures("_toy")
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--toy-rank", "3"], ["'toy', not of 'fe'"]),
        (["--no-loud"], ["'toy', not of 'fe'"]),
        (["--model", "toy", "--sample-dim", "3"], ["'fe' and 'exceiver', not of 'toy'"]),
        (["--model", "toy", "--decoder=dot"], ["'fe', not of 'toy'"]),
        (["--model", "toy", "--rank", "3"], ["--toy-rank"]),
        (["--model", "toy", "--toy-rnk", "3"], ["--toy-rank"]),
        (["--model", "tyo"], ["'toy'"]),
        (["--batch", "tiles"], ["minibatch"]),
        (["--batch-size", "100"], ["--minibatch-size"]),
        (["--relocate"], ["--place-samples"]),
        (["--no-relocate"], ["--place-samples"]),
        (["--noise", "equal"], ["--noise-model"]),
        (["--seed", "3"], ["it is called rng, an argument of tl.train"]),
        (["--n-components", "3"], ["it is called --sample-dim."]),
        (["--minibatch", "cells"], ["'entries'"]),
        (["--validation-by", "cells"], ["'entries'"]),
        (["--sampel-dim", "3"], ["--sample-dim"]),
        (["--recpie", "x"], ["--recipe"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_wrong_options(run, source, tmp_path, words, named):
    bad(run("train", source, "-o", tmp_path / "out.h5ad", *words), *named)
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]


@pytest.mark.usefixtures("_toy")
def test_models(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run("models")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    lines = out.splitlines()
    assert [line for line in lines if line.startswith("family")] == [
        "family fe", "family generain", "family exceiver", "family toy"
    ]  # fmt: skip
    assert "toy_rank  3        Number of products that are added." in lines
    table = fe.tl.models()
    shown = " ".join(out.split())
    for meaning in table["meaning"]:
        first = meaning.split()[:4]
        assert " ".join(first) in shown


@pytest.mark.usefixtures("_toy")
def test_models_of_one_family(run):
    code, out, _ = run("models", "--family", "toy")
    assert code == 0
    assert "toy_rank" in out
    assert "sample_dim" not in out
    bad(run("models", "--family", "tyo"), "'toy'")
