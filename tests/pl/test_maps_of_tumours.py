"""Maps of real tumours; skipped where they are absent."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from benchmarks import cohorts

pytestmark = pytest.mark.data


def test_the_mean_of_a_tumour_lies_among_its_samples():
    path = cohorts.path_of("tcga")
    if not path.is_file():
        pytest.skip(f"{path} is absent; name the folder of the cohorts in FE_ANNDATA_DATA")
    adata = cohorts.load("tcga")
    fe.tl.train(adata, progress=False)
    types = adata.obs["cancer_type"].astype(str)
    right = 0
    for name in types.unique():
        ax = fe.pl.similarity_map(adata, ("cancer_type", name), metric="mse", show=False)
        best = ax.lines[0].get_xydata()[0]
        nearest = np.linalg.norm(adata.obsm["X_fe"] - best, axis=1).argsort()[:15]
        right += (types.iloc[nearest] == name).mean() > 0.5
    assert right >= 7
