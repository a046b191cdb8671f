"""What tests of GeneRAIN share: a small cohort of counts, and options that take no time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import fe_anndata as fe

QUICK = {
    "tokens": 20, "width": 8, "layers": 1, "heads": 2, "steps": 6, "minibatch_size": 8,
    "evaluate_every": 2, "progress": False,
}  # fmt: skip


def cohort(n_obs=40, n_vars=60, rng=0, zeros=0.2, apart=0.5):
    """Return counts of two kinds of samples."""
    draw = np.random.default_rng(rng)
    kind = np.arange(n_obs) % 2
    mean = np.exp(np.random.default_rng(9).normal(2, apart, (2, n_vars)))[kind]
    X = draw.poisson(mean * draw.gamma(5, 0.2, mean.shape)).astype(np.float32)
    X[draw.random(X.shape) < zeros] = 0
    adata = AnnData(X, obs=pd.DataFrame({"kind": kind.astype(str)}, index=names("s", n_obs)))
    adata.var_names = names("g", n_vars)
    return adata


def names(letter, n):
    return [f"{letter}{i:03d}" for i in range(n)]


@pytest.fixture
def quick():
    return dict(QUICK)


@pytest.fixture
def trained(quick):
    adata = cohort()
    fe.tl.train(adata, "generain", **quick)
    return adata
