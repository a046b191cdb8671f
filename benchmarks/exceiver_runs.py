"""Runs of Exceiver that should be equal: killed, of several processes, in other orders."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from anndata import AnnData

import fe_anndata as fe
from benchmarks.exceiver_cells import simulated
from benchmarks.generain_runs import far, started

SMALL: dict[str, Any] = {
    "sample_dim": 4, "width": 8, "latents": 3, "heads": 2, "steps": 20, "minibatch_size": 64,
    "evaluate_every": 10, "progress": False,
}  # fmt: skip
KILLED_AT = 15
"""A step that is no evaluation: what came after the last one is lost."""
KEY = "X_exceiver"


def save(adata: AnnData, path: Path) -> None:
    """Write what was learned."""
    np.savez(path, u=adata.obsm[KEY], v=adata.varm["exceiver"])


def run(path: str, checkpoint: str) -> None:
    """Train from where `checkpoint` is, in this process, and write what was learned."""
    adata = simulated()
    fe.tl.train(adata, "exceiver", checkpoint=checkpoint, resume=True, **SMALL)
    save(adata, Path(path))


def killed(path: str, checkpoint: str) -> None:
    """Do the same in a process that kills itself."""
    from fe_anndata.models.exceiver.task import Training

    whole = Training.backward

    def backward(self: Training, step: int) -> float:
        if step == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(self, step)

    with mock.patch.object(Training, "backward", backward):
        run(path, checkpoint)


def one_of(rank: int, world: int, folder: str) -> None:
    """Train in one of `world` processes, each of which takes some pieces of a step."""
    import torch.distributed as dist

    if world > 1:
        dist.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=world)
    adata = simulated()
    fe.tl.train(adata, "exceiver", **SMALL)
    if rank == 0:  # which has the result
        save(adata, Path(folder) / f"{world}.npz")


def of_resumed() -> float:
    """Return how far a run that was killed and resumed is from one that was not; 0 for no byte."""
    with tempfile.TemporaryDirectory() as folder:
        whole, part = (str(Path(folder) / name) for name in ("whole", "part"))
        codes = []
        for function, name in (("run", whole), ("killed", part), ("run", part)):
            codes.append(started(function, f"{name}.npz", name, module="exceiver_runs").wait())
        if codes != [0, -9, 0]:
            raise RuntimeError(f"a process of a run ended by {codes}")
        return far(Path(f"{part}.npz"), Path(f"{whole}.npz"))


def of_processes() -> float:
    """Return how far two processes are from one after 20 steps, relative to the greatest number."""
    runs = [(0, 1), (0, 2), (1, 2)]
    with tempfile.TemporaryDirectory() as folder:
        processes = [
            started("one_of", rank, world, folder, module="exceiver_runs") for rank, world in runs
        ]
        codes = [process.wait(timeout=300) for process in processes]
        if any(codes):
            raise RuntimeError(f"the processes ended by {codes}")
        return far(Path(folder) / "2.npz", Path(folder) / "1.npz")


def different_bytes(found: np.ndarray, other: np.ndarray) -> int:
    """Return how many bytes of two arrays differ."""
    if found.shape != other.shape or found.dtype != other.dtype:
        raise ValueError(f"{found.shape} and {other.shape} are not to be compared")
    return int((np.frombuffer(found.tobytes(), np.uint8)
                != np.frombuffer(other.tobytes(), np.uint8)).sum())  # fmt: skip


def of_orders() -> dict[str, int]:
    """Return how many bytes change with what should change none, and how many cells are refused."""
    from fe_anndata.models.exceiver import trained

    draw = np.random.default_rng(1)
    first, new = simulated()[:120].copy(), simulated()[120:].copy()
    mixed = first[draw.permutation(first.n_obs)][:, draw.permutation(first.n_vars)].copy()
    for adata in (first, mixed):
        fe.tl.train(adata, "exceiver", **SMALL)
    back = mixed[first.obs_names, first.var_names]
    found = {
        "order of cells and genes, cells": different_bytes(first.obsm[KEY], back.obsm[KEY]),
        "order of cells and genes, genes": different_bytes(
            first.varm["exceiver"], back.varm["exceiver"]
        ),
    }

    def placed(adata: AnnData, reference: AnnData) -> AnnData:
        result = fe.tl.transform(adata, reference, key="exceiver", progress=False, copy=True)
        assert result is not None
        return result

    whole = placed(new, first).obsm[KEY]
    shuffled = placed(new[:, draw.permutation(new.n_vars)].copy(), mixed).obsm[KEY]
    found["order of genes of new cells"] = different_bytes(whole, shuffled)
    found["company of new cells"] = found["cells refused when alone"] = 0
    for i in range(new.n_obs):
        try:
            alone = placed(new[i : i + 1].copy(), first).obsm[KEY]
        except ValueError as refused:
            found["cells refused when alone"] += 1
            print(f"  {new.obs_names[i]} alone: {refused}")
        else:
            found["company of new cells"] += different_bytes(whole[i : i + 1], alone)
    with mock.patch.object(trained, "ROWS", 7), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.h5ad"
        new.write_h5ad(path)
        of_file = fe.tl.transform(path, first, key="exceiver", progress=False)
        assert of_file is not None
        found["chunks of 7 from a file"] = different_bytes(whole, of_file.obsm[KEY])
    return found
