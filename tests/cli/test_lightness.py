"""Help is there at once, since nothing heavy is imported before a command runs."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

HEAVY = ("torch", "scanpy", "anndata", "sklearn", "pandas", "matplotlib", "scipy", "numba", "numpy")
MOST_SECONDS = 1.0
"""Of a processor; a quarter of it is used, and much more with any of the heavy ones."""

PROGRAM = """
import json, sys
from fe_anndata.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["train", "--help"], ["plot", "--help"], ["classify", "--help"]],
    ids=" ".join,
)
def test_help_imports_nothing_heavy_and_is_quick(words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    loaded = set(json.loads(done.stderr))
    assert not loaded & set(HEAVY)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < MOST_SECONDS


def test_python_dash_m():
    done = subprocess.run(
        [sys.executable, "-m", "fe_anndata", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: fe-anndata COMMAND")
