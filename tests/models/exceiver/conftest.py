"""What tests of Exceiver share: a small cohort of counts, and options that take no time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import fe_anndata as fe

QUICK = {
    "sample_dim": 4, "width": 8, "latents": 3, "heads": 2, "steps": 6, "minibatch_size": 20,
    "evaluate_every": 2, "progress": False,
}  # fmt: skip


def cohort(n_obs=60, n_vars=80, rng=0, total=300, apart=1.0):
    """Return counts of three kinds of samples, most of which are 0."""
    draw = np.random.default_rng(rng)
    kind = np.arange(n_obs) % 3
    share = np.exp(np.random.default_rng(9).normal(0, apart, (3, n_vars)))[kind]
    share /= share.sum(1, keepdims=True)
    X = draw.poisson(share * total * draw.gamma(5, 0.2, (n_obs, 1))).astype(np.float32)
    adata = AnnData(
        sparse.csr_matrix(X), obs=pd.DataFrame({"kind": kind.astype(str)}, index=names("s", n_obs))
    )
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
    fe.tl.train(adata, "exceiver", **quick)
    return adata


@pytest.fixture
def small():
    """Return options of the published recipe that take no time."""
    return {
        "recipe": "exceiver2022", "latents": 3, "blocks": 1, "feed_forward": 8, "steps": 6,
        "minibatch_size": 20, "evaluate_every": 2, "progress": False,
    }  # fmt: skip
