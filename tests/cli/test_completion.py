"""Scripts with which shells complete commands and options."""

from __future__ import annotations

import subprocess

import pytest

import fe_anndata as fe
from fe_anndata.models.options import options_of

from .shared import bad

ASK = """
source {script}
COMP_WORDS=(fe-anndata {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
COMP_LINE="fe-anndata {words}"; COMP_POINT=${{#COMP_LINE}}
$(complete -p fe-anndata | sed 's/.*-F \\([^ ]*\\).*/\\1/') fe-anndata x y
echo ${{COMPREPLY[@]}}
"""


@pytest.fixture
def script(run, tmp_path):
    def of(shell):
        path = tmp_path / f"completion.{shell}"
        code, out, err = run("--install-completion", "--shell", shell, "-o", path)
        assert (code, f"wrote {path}" in out) == (0, True), err
        return path

    return of


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_scripts_know_commands_and_options(script, shell):
    text = script(shell).read_text()
    for word in ("similar-genes", "similarity-map", "--gene-symbols", "--labels-key", "concat"):
        assert word in text
    for name in options_of(fe.models.FE):
        assert f"--{name.replace('_', '-')}" in text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("gene-", "gene-arithmetic gene-modules gene-neighbors gene-similarity"),
        ("train in.h5ad --batch", "--batch-key"),
        ("similar in.h5ad --gene", "--gene-symbols"),
        ("plot in.h5ad sim", "similar-genes similarity-map"),
        ("train in.h5ad --decoder co", "concat"),
    ],
)
def test_bash_completes(script, words, expected):
    asked = ["bash", "-c", ASK.format(script=script("bash"), words=words)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == expected.split()


def test_nothing_is_installed_beside_the_file_that_was_named(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run("--install-completion", "--shell", "bash", "-o", tmp_path / "here")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    assert run("--install-completion", "--shell", "bash")[0] == 0
    assert "fe-anndata" in (tmp_path / "home" / ".bashrc").read_text()


def test_an_unknown_shell(run, monkeypatch):
    bad(run("--install-completion", "--shell", "csh"), "csh", "zsh")
