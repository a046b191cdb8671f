"""The main job on real cohorts; skipped where they are absent."""

from __future__ import annotations

import time

import numpy as np
import pytest

import fe_anndata as fe
from benchmarks import cohorts
from benchmarks.quality import als

pytestmark = pytest.mark.data


@pytest.fixture(params=cohorts.FILES)
def cohort(request):
    path = cohorts.path_of(request.param)
    if not path.is_file():
        pytest.skip(f"{path} is absent; name the folder of the cohorts in FE_ANNDATA_DATA")
    return cohorts.load(request.param)


@pytest.mark.parametrize("dim", [2, 32])
def test_defaults_reach_pca_on_held_out_entries(cohort, dim):
    """Better than masked least squares of the same rank, iteration chosen in its favour."""
    X = np.asarray(cohort.X)
    test = np.random.default_rng(0).random(X.shape) < 0.05
    hidden = cohort.copy()
    hidden.X = np.where(test, np.nan, X)
    started = time.perf_counter()
    fe.tl.train(hidden, sample_dim=dim, progress=False)
    seconds = time.perf_counter() - started
    fe.tl.reconstruct(hidden)
    ours = ((hidden.layers["fe"] - X)[test] ** 2).mean()
    pca = min(((p - X)[test] ** 2).mean() for p in als(X, ~test, dim, ridge=0.0))
    print(f"{ours:.4f} in {seconds:.1f} s; PCA of rank {dim}: {pca:.4f}")
    assert ours < pca
