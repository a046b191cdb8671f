"""Whatever ends a command, its input stays and its output is whole, old or absent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="commands run in forks")


@pytest.mark.parametrize(("kills", "seed"), [(4, 0), pytest.param(260, 1, marks=pytest.mark.slow)])
def test_killed_at_any_moment(tmp_path, kills, seed):
    words = [Path(__file__).with_name("harness.py"), tmp_path / "work", str(kills), str(seed)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == []
    assert sum(found["ended"].values()) == kills
