"""What became of a mutant: harmless, a named error, or a fault of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

from fe_anndata._access.heaps import require_ends
from fe_anndata.store.checksums import CLOCK

from .mutants import mutate
from .verbs import OF_NEW, OF_TRAINED

AT_A_TIME = 2
"""Verbs that a mutant is given to, drawn by its seed."""
ROOT = Path(__file__).parents[2]
_NAMED = ("ValueError", "KeyError", "TypeError", "MemoryError")
_KEYS = ("uns[", "obsm[", "varm[", "var[", "obs[", "layers[", "adata.obs", "adata.X", "state[",
         "noise/")  # fmt: skip
_OURS = ("uns/fe/", "obsm/X_fe", "varm/fe", "var/fe_trained")
"""Of these a result depends, and a change must not go without a word."""
_CLOCK = tuple(f"uns/fe/history/{column}" for column in CLOCK)
"""What the clock decides has no checksum."""


class Harness:
    """Mutants of a few files, and a process that runs verbs on them.

    Parameters
    ----------
    folder
        Where files are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.worker", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self._line() == "ready"
        self.clean = {
            name: self._ask(folder / f"{name}.h5ad", list(verbs))
            for name, verbs in (("trained", OF_TRAINED), ("dense", OF_NEW), ("sparse", OF_NEW))
        }

    def close(self) -> None:
        """End the process."""
        assert self.worker.stdin is not None
        self.worker.stdin.close()
        self.worker.wait(timeout=60)

    def _line(self) -> str:
        assert self.worker.stdout is not None
        return self.worker.stdout.readline().strip()

    def _ask(self, path: Path, verbs: list[str]) -> dict[str, dict[str, str]]:
        assert self.worker.stdin is not None
        self.worker.stdin.write(" ".join([str(path), *verbs]) + "\n")
        self.worker.stdin.flush()
        found: dict[str, dict[str, str]] = json.loads(self._line())
        return found

    def faults(self, seed: int) -> list[str]:
        """Return what is wrong with the outcomes of one mutant, each in a line."""
        kind = ("trained", "trained", "trained", "dense", "sparse")[seed % 5]
        source, mutant = self.folder / f"{kind}.h5ad", self.folder / f"mutant{seed}.h5ad"
        what = mutate(source, mutant, seed)
        try:
            changed = changes(source, mutant)
            clean = self.clean[kind]
            verbs = np.random.default_rng(seed).permutation(sorted(clean))[:AT_A_TIME]
            outcomes = self._ask(mutant, verbs.tolist())
            return [
                f"seed {seed} ({what}), {verb}: {fault}"
                for verb, outcome in outcomes.items()
                if (fault := judged(outcome, clean[verb], changed, mutant))
            ]
        finally:
            mutant.unlink()


def changes(source: Path, mutant: Path) -> set[str]:
    """Return the names of the arrays that differ, those that cannot be compared left out."""
    found = set()
    try:
        require_ends(mutant, 8)  # h5py would not return
        with h5py.File(source) as a, h5py.File(mutant) as b:
            names: list[str] = []
            a.visititems(lambda name, of: names.append(name) if hasattr(of, "shape") else None)
            for name in names:
                try:
                    x, there = a[name][()], b.get(name, getlink=True)
                    alike = isinstance(there, h5py.HardLink) and b[name].shape == a[name].shape
                    y = b[name][()] if alike else None
                except Exception:
                    continue
                if repr(np.asarray(x).tolist()) != repr(np.asarray(y).tolist()):
                    found.add(name)
    except Exception:
        return set()
    return found


def judged(
    outcome: dict[str, str], clean: dict[str, str], changed: set[str], path: Path
) -> str | None:
    """Return what is wrong with an outcome; None if nothing is."""
    if "error" in outcome:
        kind, message = outcome["error"], outcome["message"]
        if kind not in _NAMED and not kind.startswith("fe_anndata."):
            return f"unclean: {kind}: {message[:200]} at {outcome['at']}"
        if path.name not in message and not any(key in message for key in _KEYS):
            return f"unnamed: {kind}: {message[:200]} at {outcome['at']}"
        return None
    if outcome != clean and "ended" in outcome:
        ours = sorted(n for n in changed if n.startswith(_OURS) and n not in _CLOCK)
        return f"silently different: {', '.join(ours)}" if ours else None
    return None if "ended" in outcome else str(outcome)
