"""What holds for all commands: help, versions, files and words that are wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fe_anndata as fe

from .shared import bad


def missing(source, tmp_path):
    return tmp_path / "none.h5ad"


def truncated(source, tmp_path):
    path = tmp_path / "cut.h5ad"
    path.write_bytes(source.read_bytes()[:3000])
    return path


def text(source, tmp_path):
    path = tmp_path / "text.h5ad"
    path.write_text("gene\n" * 300)
    return path


@pytest.mark.parametrize("which", [missing, truncated, text])
@pytest.mark.parametrize("command", ["train", "similar", "plot"])
def test_file_that_cannot_be_read(run, source, tmp_path, command, which):
    path, out = which(source, tmp_path), tmp_path / "out"
    more = {"train": ["-o", out], "similar": ["gene1"], "plot": ["history", "-o", out]}[command]
    bad(run(command, path, *more), path.name)
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["train", "in.h5ad"], "out"),
        (["similar"], "input"),
        (["embed", "in.h5ad"], "embed"),
        (["plot", "in.h5ad", "umap", "-o", "x.png"], "umap"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_wrong_commands(run, words, named):
    code, out, err = run(*words)
    bad((code, out, err.lower()), named)


def test_version(run):
    assert run("--version")[:2] == (0, fe.__version__ + "\n")


def test_help_names_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    for command in ("demo", "train", "similar", "plot", "info"):
        assert command in out


def test_every_option_of_train_is_explained(run):
    code, out, _ = run("train", "--help")
    assert code == 0
    text = " ".join(out.split())
    assert "--sample-dim" in text
    assert "--hidden" in text
    assert "Length of a sample vector" in text
    assert "--copy" not in text


def test_nobody_reads_the_output():
    piped = subprocess.run(
        f"{sys.executable} -m fe_anndata models | head -c 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (piped.returncode in (0, 141), piped.stderr) == (True, "")


def test_installed_command(tmp_path):
    done = subprocess.run(
        [Path(sys.executable).parent / "fe-anndata", "similar", tmp_path / "none.h5ad", "LYZ"],
        capture_output=True,
        text=True,
        check=False,
    )
    bad((done.returncode, done.stdout, done.stderr), "none.h5ad")
