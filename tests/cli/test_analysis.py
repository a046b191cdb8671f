"""The analysis that the documentation shows: its commands are real, and it runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cyclopts import UnknownOptionError

import fe_anndata as fe
from fe_anndata.cli.commands import app
from fe_anndata.cli.train import command_of

from .shared import PNG, small

DOCS = Path(__file__).parents[2] / "docs"
SCRIPT = DOCS / "analysis.sh"
PICTURES = ("history.png", "map.png", "density.png", "markers.png", "evaluation.png")
TABLES = {"markers.tsv": 120, "similar.tsv": 20, "evaluation.tsv": 12, "samples_fe.tsv": 40}


def commands(text):
    """Yield the words of each line that is a command, without where its output goes."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip().startswith("fe-anndata "):
            yield shlex.split(line.partition(" > ")[0], comments=True)[1:]


def understood(words):
    if words[0] == "train":
        command_of(fe.models.family("fe")).parse_args(
            words[1:], exit_on_error=False, print_error=False
        )
    else:
        app.parse_args(words, exit_on_error=False, print_error=False)


def test_the_page_shows_the_script():
    assert f"```sh\n{SCRIPT.read_text()}```\n" in (DOCS / "command_line.md").read_text()


@pytest.mark.parametrize(
    "page", [*DOCS.glob("*.md"), DOCS.parent / "README.md"], ids=lambda p: p.name
)
def test_commands_of_all_pages_are_understood(page):
    blocks = re.findall(r"```(?:sh|bash)?\n(.*?)```", page.read_text(), re.DOTALL)
    for words in [words for block in blocks for words in commands(block)]:
        if words != ["--help"]:
            understood(words)


def test_a_wrong_option_would_be_noticed():
    text = SCRIPT.read_text().replace("--classifiers", "--classifirs")
    (words,) = [words for words in commands(text) if words[0] == "evaluate"]
    with pytest.raises(UnknownOptionError, match="classifirs"):
        understood(words)


@pytest.mark.slow
def test_it_runs(tmp_path):
    adata = small()
    adata.var_names = [f"ENSG{k:011d}" for k in range(adata.n_vars)]
    tpm = np.exp2(adata.X - adata.X.min())
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    genes = pd.DataFrame(tpm.T.round(3), adata.var_names, adata.obs_names)
    genes.to_csv(tmp_path / "tpm.tsv", sep="\t", index_label="gene")
    adata.obs.to_csv(tmp_path / "samples.tsv", sep="\t", index_label="sample")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", SCRIPT, "tpm.tsv", "samples.tsv", "group", "ENSG00000000001"],
        cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in PICTURES:
        assert (tmp_path / name).read_bytes().startswith(PNG)
    for name, n in TABLES.items():
        assert len(pd.read_csv(tmp_path / name, sep="\t")) == n, name
    told = json.loads((tmp_path / "train.json").read_text())
    assert (told["n_samples"], told["wrote"]) == (40, ["trained.h5ad"])
    assert "trained 40 samples x 30 genes" in (tmp_path / "train.log").read_text()
    modules = json.loads((tmp_path / "modules.json").read_text())["table"]
    trained = fe.io.read_h5ad(tmp_path / "trained.h5ad")
    assert len(modules) == trained.var["fe_module"].nunique()
