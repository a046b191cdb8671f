"""Compiled code that is kept on disk is never older than its source."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fe_anndata
from fe_anndata.kernels import compiled

PACKAGE = Path(fe_anndata.__file__).parent
FOLDER = "kernels/pair_mlp"
# What a block of one weight makes of an entry after ReLU, and rows as groups.
PROBE = """
import json
import numpy as np
from fe_anndata.kernels.pair_mlp import cpu_layout, cpu_sweep, small_matrix_product as product

lanes = product.LANES
weights, x, out = np.ones(1, "f4"), np.full(2 * lanes, -3, "f4"), np.zeros(2 * lanes, "f4")
cpu_sweep._product(*(weights.ctypes.data, 1, 1, x.ctypes.data, 4 * lanes),
                   *(out.ctypes.data, 4 * lanes, product.RELU, 0))
groups = np.zeros((2, 32), "f4")
cpu_layout.to_groups(np.arange(16, dtype="f4").reshape(8, 2), groups)
stats = [f.stats for f in (cpu_sweep._product, cpu_layout.to_groups)]
print(json.dumps({
    "relu": float(out[0]),
    "groups": groups.ravel().tolist(),
    "loaded": sum(sum(s.cache_hits.values()) for s in stats),
    "compiled": sum(sum(s.cache_misses.values()) for s in stats),
    "folder": stats[0].cache_path,
}))
"""


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the package, in which sources may be changed."""
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(PACKAGE, tmp_path / "fe_anndata", ignore=ignored)


def run(copy, **environment):
    """Compile, or take from disk, with the sources of a copy."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    output = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=copy.parent,
        env=kept | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(output)


def change(copy, name, before, after):
    file = copy / FOLDER / name
    source = file.read_text()
    assert before in source
    file.write_text(source.replace(before, after))


def kept_files(folder):
    return sorted(file.name for file in Path(folder).glob("*.nb[ci]"))


def test_a_change_in_another_file(copy):
    first = run(copy)
    assert (first["relu"], first["loaded"], first["compiled"]) == (0, 0, 2)
    # Nothing has changed: nothing is compiled.
    assert run(copy) == first | {"loaded": 2, "compiled": 0}
    before = kept_files(first["folder"])
    relu = 'builder.select(builder.fcmp_ordered("<", x, _ZERO), _ZERO, x)'
    change(copy, "small_matrix_product.py", relu, "x")
    lanes = 'LANES = 16 if _HOST.get("avx512f", False) else 8'
    change(copy, "small_matrix_product.py", lanes, "LANES = 4")
    second = run(copy)
    assert (second["relu"], second["loaded"], second["compiled"]) == (-3, 0, 2)
    assert second["groups"] != first["groups"]
    # What belongs to the former source is gone.
    after = kept_files(second["folder"])
    assert len(after) == len(before)
    assert not set(after) & set(before)


def test_a_change_of_a_constant_in_a_folder_of_the_user(copy, tmp_path):
    user = {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    first = run(copy, **user)
    assert Path(first["folder"]).is_relative_to(tmp_path / "kept")
    change(copy, "cpu_layout.py", "GROUPS = 32", "GROUPS = 16")
    # One of the two functions stands in another file.
    assert run(copy, **user) == first


def test_nowhere_to_write(copy, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    # No folder can be made where a file is.
    (copy / FOLDER / "__pycache__").touch()
    (copy / "kernels" / "__pycache__").touch()
    environment = dict.fromkeys(("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"), str(blocked))
    result = run(copy, **environment)
    assert (result["relu"], result["folder"]) == (0, None)


def test_digest_of_source(copy, monkeypatch):
    folder = copy / "kernels"
    monkeypatch.setattr(compiled, "files", lambda name: folder)
    assert compiled._digest_of_source() == compiled.DIGEST
    (folder / "notes.txt").touch()
    (folder / ".#lock.py").symlink_to(folder / "nothing")  # as editors make them
    assert compiled._digest_of_source() == compiled.DIGEST
    seen = {compiled.DIGEST}
    sources = sorted(file for file in folder.rglob("*.py") if file.is_file())
    assert {file.parent for file in sources} == {folder, copy / FOLDER, folder / "table_attention"}
    for file in sources:
        file.write_text(file.read_text() + "# changed\n")
        seen.add(compiled._digest_of_source())
    sources[0].rename(folder / "other.py")
    seen.add(compiled._digest_of_source())
    assert len(seen) == len(sources) + 2


def test_only_what_is_stale_is_removed(tmp_path):
    other = "0" * len(compiled.DIGEST)
    stale = [f"a.f_source_{other}-3.py311.nbi", f"a.f_source_{other}-3.py311.1.nbc"]
    kept = [
        f"a.f_source_{compiled.DIGEST}-3.py311.nbi",
        f"a.f_source_{other}-3.py311.nbi.tmp.0123",  # being written
        "a.f-3.py311.nbi",
        "a.f_source_-3.py311.1.nbc",
    ]
    for name in stale + kept:
        (tmp_path / name).touch()
    compiled._remove_stale(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(kept)
    compiled._remove_stale(tmp_path / "missing")


def test_compiled_code_takes_nothing_from_outside_its_folder():
    """What it takes from elsewhere would not be in the digest."""
    folder = PACKAGE / "kernels"
    waiting = {
        folder / f"{n}.py" for n in ("pair_mlp/cpu_sweep", "pair_mlp/cpu_layout", "bin_loops")
    }
    seen = set()
    while waiting:
        file = waiting.pop()
        seen.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                found = file.parents[node.level - 1] / f"{node.module}.py"
                assert found.is_relative_to(folder), f"in {file}"
                assert found.is_file(), f"in {file}"
                waiting |= {found} - seen
    assert {folder / "compiled.py", folder / "pair_mlp" / "small_matrix_product.py"} <= seen
