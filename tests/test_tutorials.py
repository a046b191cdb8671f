"""Every tutorial runs from top to bottom, and so does the README's notebook."""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[1]


def code_of(notebook: Path) -> str:
    cells = json.loads(notebook.read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


LONG = ("exceiver", "generain")
"""Tutorials that take a minute."""
NOTEBOOKS = [
    pytest.param(path, marks=[pytest.mark.slow] if path.stem in LONG else [], id=path.stem)
    for path in sorted((ROOT / "tutorials").glob("*.ipynb"))
]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_tutorial(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FE_ANNDATA_DATA", raising=False)  # cohorts take minutes
    plt.switch_backend("agg")
    exec(compile(code_of(notebook), notebook.name, "exec"), {})
    plt.close("all")
    assert not list(tmp_path.iterdir())


def test_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert (tmp_path / "pbmc.h5ad").is_file()
    plt.close("all")
