"""Matrices for which there is no memory are refused before anything is made of them."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import anndata
import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata._access import inputs
from fe_anndata.matrix import memory

SHAPE, N = (40, 30), 40 * 30
GENES = np.arange(30) < 15


def of(kind):
    # No zeros, so that a sparse matrix stores as many values.
    return anndata.AnnData(kind(fe.datasets.simulated(*SHAPE, 4, rng=0).X + np.float32(1)))


@pytest.mark.parametrize(
    ("kind", "mask", "needed"),
    [
        (lambda X: X, None, 0),
        (lambda X: X.astype(np.float64), None, 4 * N),
        (np.asfortranarray, None, 4 * N),
        (lambda X: X, GENES, 2 * N),
        (sparse.csr_matrix, None, 0),
        (sparse.csc_matrix, None, 8 * N),
    ],
)
def test_as_much_as_the_copies_take(monkeypatch, kind, mask, needed):
    adata = of(kind)
    monkeypatch.setattr(memory, "available", lambda: needed - 1)
    with pytest.raises(MemoryError, match="highly_variable"):
        fe.tl.train(adata, steps=2, mask_var=mask, progress=False)
    assert not adata.obsm
    assert not adata.uns
    monkeypatch.setattr(memory, "available", lambda: needed)
    fe.tl.train(adata, steps=2, mask_var=mask, progress=False)


@pytest.mark.parametrize(("kind", "bytes_each"), [(np.asarray, 4), (sparse.csr_matrix, 8)])
def test_a_file_is_loaded_only_if_it_fits(monkeypatch, tmp_path, kind, bytes_each):
    monkeypatch.setattr(inputs, "SMALL", 0)
    of(kind).write_h5ad(tmp_path / "a.h5ad")
    backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
    monkeypatch.setattr(memory, "available", lambda: bytes_each * N - 1)
    with pytest.raises(MemoryError, match=r"'tiles' needs.*memory.*'full'.*highly_variable"):
        fe.tl.train(backed, steps=2, decoder="concat", progress=False)
    assert not backed.obsm
    fe.tl.train(backed, steps=2, progress=False)  # by blocks
    monkeypatch.setattr(memory, "available", lambda: bytes_each * N)
    fe.tl.train(backed, steps=2, decoder="concat", progress=False)
    backed.file.close()


def test_the_smaller_of_host_and_container(monkeypatch, tmp_path):
    host = {"virtual_memory": {"available": 5000}, "swap_memory": {"free": 1000}}
    for name, numbers in host.items():
        monkeypatch.setattr(memory.psutil, name, lambda numbers=numbers: SimpleNamespace(**numbers))
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    monkeypatch.setattr(memory, "_OWN_GROUP", tmp_path / "own")
    assert memory.available() == 6000
    (tmp_path / "memory.max").write_text("4096\n")
    (tmp_path / "memory.current").write_text("3000\n")
    (tmp_path / "memory.stat").write_text("anon 1000\nfile 2000\n")
    assert memory.available() == 4096 - 3000 + 2000
    (tmp_path / "memory.max").write_text("9999\n")
    assert memory.available() == 6000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available() == 6000


@pytest.mark.parametrize(
    ("line", "folder", "names", "cache"),
    [
        ("0::/job/step", "job", ("max", "current"), "file"),
        ("4:memory:/job/step", "memory/job", ("limit_in_bytes", "usage_in_bytes"), "total_cache"),
    ],
    ids=["version 2", "version 1"],
)
def test_the_limit_of_a_job_above_the_process(monkeypatch, tmp_path, line, folder, names, cache):
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    monkeypatch.setattr(memory, "_OWN_GROUP", tmp_path / "own")
    (tmp_path / "own").write_text(f"9:cpu:/else\n{line}\n")
    (tmp_path / folder).mkdir(parents=True)
    for name, text in zip((*names, "stat"), ("4096", "3000", f"{cache} 2000"), strict=True):
        (tmp_path / folder / f"memory.{name}").write_text(text)
    assert memory.available() == 4096 - 3000 + 2000


@pytest.mark.skipif(sys.platform == "win32", reason="which has no such limits")
@pytest.mark.parametrize("limit", ["-v", "-d"])
def test_the_limit_of_the_process(limit):
    code = "from fe_anndata.matrix import memory; print(memory.available())"
    shell = f"ulimit {limit} 6000000; {sys.executable} -c '{code}'"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert 3e9 < float(done.stdout) < 6000000 * 1024
