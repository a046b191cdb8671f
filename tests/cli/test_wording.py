"""Messages name options as they are typed, and say what to do."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest

import fe_anndata as fe
from fe_anndata.cli import wording

from .shared import bad


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("labels_key='x' needs labels_weight.", "--labels-key x needs --labels-weight."),
        ("give hidden=(100, 50) or factors=['a', 'b'].", "give --hidden 100 50 or --factors a b."),
        ("take center=False, steps=None.", "take --no-center, --steps none."),
        ("layer='my layer' is missing", "--layer 'my layer' is missing"),
        ("or overwrite=True (--overwrite on the command line).", "or --overwrite."),
        ("call fe.tl.train(adata) first", 'call "fe-anndata train" first'),
        ("call fe.tl.similar_genes first.", 'call "fe-anndata similar-genes" first.'),
        ("fe.tl.transform(adata, reference)", "fe.tl.transform(adata, reference)"),
        ("no column of obs 'batch_key'", "no column of obs 'batch_key'"),
        ("adata.obs[mask_var], var['key_added'], x.gene_dim", None),
        ("an argument of tl.train, called rng", None),
    ],
)
def test_a_message_as_it_is_typed(monkeypatch, message, expected):
    monkeypatch.setattr(sys, "argv", ["fe-anndata", "train"])
    assert wording.as_typed(message) == (message if expected is None else expected)


def test_options_that_are_typed_as_name_and_value_stay(run, source, tmp_path):
    words = ["sweep", source, "-o", tmp_path / "t.tsv", "--options", "gene_dim=4,-6"]
    bad(run(*words), "gene_dim", "-6")


def test_a_warning_too(run, source, tmp_path, monkeypatch):
    def warns(*_, **__):
        warnings.warn("batch_key='run' is\nconfounded", stacklevel=1)
        warnings.warn("pandas will change", FutureWarning, stacklevel=1)
        raise ValueError("done")

    monkeypatch.setattr(fe.tl, "train", warns)
    code, _, err = run("train", source, "-o", tmp_path / "o.h5ad")
    assert code == 2
    assert err.splitlines() == [
        "fe-anndata: warning: --batch-key run is confounded",
        "fe-anndata: done",
    ]


def test_warnings_of_other_packages_and_of_threads_have_no_line_of_code(tmp_path):
    code = """
import logging, sys, threading, warnings
import fe_anndata.tl
def warns(*_, **__):
    import numpy as np
    np.array([1.0]) / np.array([0.0])
    thread = threading.Thread(target=lambda: warnings.warn("of a thread"))
    thread.start(); thread.join()
    logging.getLogger("fe_anndata").warning("of the log")
    logging.getLogger("matplotlib").warning("of another log")
    raise ValueError("done")
fe_anndata.tl.models = warns
from fe_anndata.cli import main
sys.argv = ["fe-anndata", "models"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert [line.removeprefix("fe-anndata: warning: ") for line in done.stderr.splitlines()] == [
        "divide by zero encountered in divide", "of a thread", "of the log", "of another log",
        "fe-anndata: done",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--batch-key", "donor", "mito", "IN", "-o", "O"], "--batch-key takes all words"),
        (["train", "-o", "O", "--factors", "a", "IN"], "--factors takes all words"),
        (["plot", "--color", "group", "IN", "embedding", "-o", "O"], "--color takes all words"),
        (["join-modalities", "--weights", "a=1", "IN", "-o", "O"], "--weights takes all words"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_list_that_has_taken_the_input(run, source, tmp_path, words, said):
    typed = [{"IN": source, "O": tmp_path / "o.h5ad"}.get(word, word) for word in words]
    bad(run(*typed), said, "type INPUT first")


def test_what_is_missing_for_another_reason(run, tmp_path):
    code, _, err = run("train", "--steps", "3", "-o", tmp_path / "o.h5ad")
    assert (code, "takes all words" in err) == (2, False)
    code, _, err = run("train", "in.h5ad", "--batch-key", "donor", "mito")
    assert (code, "--out" in err, "takes all words" in err) == (2, True, False)


def test_the_command_alone_shows_an_example_that_works(run, source, tmp_path, monkeypatch):
    code, out, err = run()
    assert (code, err) == (0, "")
    lines = [line.split()[1:] for line in out.splitlines() if line.startswith("  fe-anndata")]
    assert [line[0] for line in lines] == ["train", "plot", "similar"]
    assert "--help" in out
    monkeypatch.chdir(tmp_path)
    adata = fe.io.read_h5ad(source)
    adata.obs["cell_type"] = adata.obs["group"]
    adata.var_names = ["CD79A", *adata.var_names[1:]]
    adata.write_h5ad("cells.h5ad")
    for line in lines:
        assert run(*line)[0] == 0


@pytest.mark.parametrize("word", ["export", "similr", "trian"])
def test_an_unknown_command_names_near_ones(run, word):
    code, _, err = run(word, "in.h5ad")
    assert (code, word in err, "Did you mean" in err) == (2, True, True)
