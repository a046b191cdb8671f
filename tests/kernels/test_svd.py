from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from fe_anndata.kernels.svd import truncated_svd
from tests.helpers import target_of


@pytest.mark.parametrize("as_sparse", [False, True])
def test_it_is_the_svd_of_the_centred_filled_matrix(as_sparse):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(80, 5)) * [9, 7, 5, 3, 2]) @ rng.normal(size=(5, 60)) + 4
    X = (X + 0.1 * rng.normal(size=X.shape)).astype(np.float32)
    rows, cols = np.nonzero(rng.random(X.shape) < 0.1)
    offset = torch.from_numpy(X.mean(0))
    probe = torch.from_numpy(rng.normal(size=(60, 15)).astype(np.float32))
    target = target_of(sparse.csr_matrix(X) if as_sparse else X, (rows, cols), offset)
    scores, loadings = truncated_svd(target, probe, 5)
    scores = scores * target.scale
    filled = X - offset.numpy()
    filled[rows, cols] = 0
    S = np.linalg.svd(filled, compute_uv=False)
    least = (S[5:] ** 2).sum()  # what no matrix of rank 5 can explain
    left = ((filled - (scores @ loadings.T).numpy()) ** 2).sum()
    assert least <= left * (1 + 1e-5) <= 1.001 * least
    np.testing.assert_allclose(np.linalg.norm(scores, axis=0), S[:5], rtol=1e-3)
    np.testing.assert_allclose(loadings.T @ loadings, np.eye(5), atol=1e-5)
