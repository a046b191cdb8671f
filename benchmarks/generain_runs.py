"""Runs of GeneRAIN that are killed, and runs of several processes. Tests read the same."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData

import fe_anndata as fe

SMALL: dict[str, Any] = {
    "tokens": 20, "width": 8, "layers": 1, "heads": 2, "minibatch_size": 8, "steps": 20,
    "evaluate_every": 10, "progress": False,
}  # fmt: skip
KILLED_AT = 15
"""A step that is no evaluation: what came after the last one is lost."""


def counts() -> AnnData:
    """Return a little cohort without negative values."""
    adata = fe.datasets.simulated(60, 60, 3)
    adata.X = np.exp(adata.X - adata.X.max())
    return adata


def save(adata: AnnData, path: Path) -> None:
    """Write what was learned."""
    np.savez(path, u=adata.obsm["X_generain"], v=adata.varm["generain"])


def run(path: str, checkpoint: str) -> None:
    """Train from where `checkpoint` is, in this process, and write what was learned."""
    adata = counts()
    fe.tl.train(adata, "generain", checkpoint=checkpoint, resume=True, **SMALL)
    save(adata, Path(path))


def killed(path: str, checkpoint: str) -> None:
    """Do the same in a process that kills itself."""
    import os
    import signal

    from fe_anndata.models.generain.task import Training

    whole = Training.backward

    def backward(self: Training, step: int) -> float:
        if step == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(self, step)

    Training.backward = backward  # type: ignore[method-assign]
    run(path, checkpoint)


def one_of(rank: int, world: int, folder: str) -> None:
    """Train in one of `world` processes, each of which takes some pieces of a step."""
    import torch.distributed as dist

    from fe_anndata.models.generain import task

    if world > 1:
        dist.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=world)
    task.PIECE = 2 * SMALL["tokens"]
    adata = counts()
    fe.tl.train(adata, "generain", **SMALL)
    if rank == 0:  # which has the result
        save(adata, Path(folder) / f"{world}.npz")


def started(
    function: str, *arguments: Any, module: str = "generain_runs"
) -> subprocess.Popen[bytes]:
    """Call a function of a module of benchmarks in a process of its own."""
    code = f"from benchmarks import {module} as r; r.{function}{arguments!r}"
    return subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1])


def of_resumed() -> float:
    """Return how far a run that was killed and resumed is from one that was not; 0 for no byte."""
    with tempfile.TemporaryDirectory() as folder:
        whole, part = (str(Path(folder) / name) for name in ("whole", "part"))
        codes = []
        for function, name in (("run", whole), ("killed", part), ("run", part)):
            codes.append(started(function, f"{name}.npz", name).wait())
            assert function != "killed" or not Path(f"{name}.npz").exists()
        if codes != [0, -9, 0]:
            raise RuntimeError(f"a process of a run ended by {codes}")
        return far(Path(f"{part}.npz"), Path(f"{whole}.npz"))


def of_processes() -> float:
    """Return how far two processes are from one after 20 steps, relative to the greatest number."""
    runs = [(0, 1), (0, 2), (1, 2)]
    with tempfile.TemporaryDirectory() as folder:
        processes = [started("one_of", rank, world, folder) for rank, world in runs]
        codes = [process.wait(timeout=300) for process in processes]
        if any(codes):
            raise RuntimeError(f"the processes ended by {codes}")
        return far(Path(folder) / "2.npz", Path(folder) / "1.npz")


def far(path: Path, other: Path) -> float:
    """Return the greatest difference of vectors, relative to the greatest number."""
    found, known = np.load(path), np.load(other)
    return max(float(np.abs(found[k] - known[k]).max() / np.abs(known[k]).max()) for k in known)
