"""What values are taken for, and samples of two units in one matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from fe_anndata.matrix.audit import audit
from fe_anndata.matrix.rows import InMemory


def of(X):
    return audit(InMemory(np.ascontiguousarray(X, dtype=np.float32)))


@pytest.fixture(scope="module")
def draw():
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def tpm(draw):
    X = draw.lognormal(1, 2.5, size=(40, 200))
    return X / X.sum(axis=1, keepdims=True) * 1e6


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_what_values_are_taken_for(draw, tpm, kind):
    counts = draw.poisson(draw.gamma(0.4, 30, size=(1, 200)), size=(40, 200))
    expected = {
        "counts": (counts, "log1p_cp10k", False),
        "tpm": (tpm, "log2_tpm", False),
        "log2 of tpm": (np.log2(tpm + 1), None, False),
        "log2 with a small offset": (np.log2(tpm + 0.001), None, False),
        "log10": (np.log10(tpm + 1), None, False),
        "log1p of cp10k": (np.log1p(counts / counts.sum(1, keepdims=True) * 1e4), None, False),
        "z-scores": ((tpm - tpm.mean(0)) / tpm.std(0), None, False),
        "expected counts": (tpm * 20 + 0.25, "log2_tpm", True),
        "p-values": (draw.uniform(size=(40, 200)), None, True),
        "yes and no": (draw.integers(2, size=(40, 200)), None, True),
        "a small linear scale": (draw.gamma(2, 20, size=(40, 200)).clip(0, 900), None, True),
        "differences in thousands": (tpm - tpm.mean(0), None, True),
    }
    for name, (X, step, doubt) in expected.items():
        if kind == "sparse":
            found = audit(InMemory(sparse.csr_matrix(np.asarray(X, dtype=np.float32)))).units
        else:
            found = of(X).units
        assert (found.step, found.doubt is not None) == (step, doubt), name


def test_counts_in_one_half_and_logarithms_in_the_other(draw):
    counts = draw.poisson(draw.gamma(0.4, 60, size=(1, 200)), size=(40, 200)).astype(float)
    both = counts.copy()
    both[20:] = np.log1p(both[20:])
    for X in (both, sparse.csr_matrix(both.astype(np.float32))):
        rows = InMemory(X if sparse.issparse(X) else X.astype(np.float32))
        found = audit(rows).mixed
        assert found is not None
        assert found[0] < 20 <= found[1]
    for X in (counts, np.log1p(counts), np.round(counts / 7, 2)):
        assert of(X).mixed is None
