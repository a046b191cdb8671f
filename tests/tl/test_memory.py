"""A sparse matrix stays sparse."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import numpy as np
from anndata import AnnData
from scipy import sparse
import fe_anndata as fe
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
small = AnnData(sparse.random(200, 100, 0.1, format="csr", dtype=np.float32, random_state=0))
fe.tl.train(small, steps=10, progress=False)  # what the libraries need, whatever the matrix
# 5 % of the entries, one in every stretch of 20 genes: made without a peak of its own, which would
# hide that of the training.
rng = np.random.default_rng(0)
columns = 20 * np.arange(250, dtype=np.int32) + rng.integers(20, size=(20_000, 250), dtype=np.int32)
values = rng.random(columns.size, dtype=np.float32)
rows = np.arange(0, columns.size + 1, 250, dtype=np.int32)
adata = AnnData(sparse.csr_matrix((values, columns.ravel(), rows), shape=(20_000, 5_000)))
before = peak()
fe.tl.train(adata, steps=20, progress=False)
print(peak() - before)
"""


def test_csr_is_never_densified():
    dense = 20_000 * 5_000 * 4 / 2**20  # MiB
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=300
    )
    used = float(done.stdout)
    print(f"{used:.0f} MiB on top of the matrix; a dense copy alone takes {dense:.0f}")
    assert used < 0.55 * dense


@pytest.mark.parametrize("decoder", ["concat", "dot"])
def test_batches_read_a_csr_matrix_by_parts(decoder, monkeypatch):
    from scipy import sparse

    import fe_anndata as fe

    adata = fe.datasets.pbmc68k_reduced()
    sizes = []
    toarray = sparse.csr_matrix.toarray

    def watched(self, *arguments, **keywords):
        sizes.append(self.shape[0] * self.shape[1])
        return toarray(self, *arguments, **keywords)

    monkeypatch.setattr(sparse.csr_matrix, "toarray", watched)
    fe.tl.train(adata, decoder=decoder, steps=5, output="linear", center=True, progress=False)
    assert max(sizes, default=0) <= 10_000
