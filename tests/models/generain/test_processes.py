"""Several processes train what one does."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

CODE = """
import sys
import numpy as np
import torch.distributed as dist
import fe_anndata as fe
from fe_anndata.models.generain import task
from tests.models.generain.conftest import QUICK, cohort
rank, world, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if world > 1:
    dist.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=world)
task.PIECE = 2 * QUICK["tokens"]
adata = cohort()
fe.tl.train(adata, "generain", **{**QUICK, "steps": 20, "evaluate_every": 10})
np.savez(f"{folder}/{world}_{rank}.npz", u=adata.obsm["X_generain"], v=adata.varm["generain"])
"""


@pytest.mark.slow
def test_one_and_two_processes_agree(tmp_path):
    runs = [(0, 1), (0, 2), (1, 2)]
    started = [
        subprocess.Popen([sys.executable, "-c", CODE, *map(str, (rank, world, tmp_path))])
        for rank, world in runs
    ]
    assert [process.wait(timeout=300) for process in started] == [0, 0, 0]
    one, *two = (np.load(tmp_path / f"{world}_{rank}.npz") for rank, world in runs)
    for other in two:
        for name in ("u", "v"):
            np.testing.assert_allclose(other[name], one[name], atol=1e-6 * np.abs(one[name]).max())
    assert two[0]["v"].tobytes() == two[1]["v"].tobytes()
