"""Normal scores against ranks of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import norm, rankdata

from fe_anndata.kernels.normal_scores import NormalScores


def made(n=70, m=12):
    draw = np.random.default_rng(0)
    X = draw.gamma(1.0, size=(n, m)).astype(np.float32)
    X[draw.random(X.shape) < 0.4] = 0
    X[:, 0] = 3  # does not vary
    X[:, 1] = 0
    X[:, 2] = np.round(X[:, 2])  # ties
    X[:, 3] += 1  # no zeros
    return X


def scores_of(X, least=None, step=30):
    """Return standardised scores of a matrix that is read by blocks."""
    parts = [slice(first, first + step) for first in range(0, X.shape[0], step)]
    values = X.data if sparse.issparse(X) else X
    known = X.toarray() if sparse.issparse(X) else X
    least = float(np.nanmin(np.append(values, 0 if sparse.issparse(X) else np.nan)))
    observed = (~np.isnan(known)).sum(0).astype(float)
    scores = NormalScores.of(lambda: ((part, X[part]) for part in parts), observed, least)
    blocks = [scores.above_zero(X[part]) for part in parts]
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    dense = [block.toarray() if sparse.issparse(block) else block for block in blocks]
    return np.concatenate(dense) - scores.centre, blocks


def expected_of(X):
    """Return scores of the ranks of known values."""
    found = np.zeros(X.shape)
    for j, x in enumerate(X.T):
        known = ~np.isnan(x)
        ranks = (rankdata(x[known]) - 0.5) / known.sum()
        of = norm.ppf(ranks)
        spread = of.std()
        found[known, j] = (of - of.mean()) / spread if spread > 1e-6 else 0
    return found


@pytest.mark.parametrize("shift", [0, -1.5, 2])
def test_they_are_those_of_ranks(shift):
    X = made() + np.float32(shift)
    found, _ = scores_of(X)
    np.testing.assert_allclose(found, expected_of(X), atol=0.03)  # there are 2000 bins
    assert not found[:, :2].any()
    np.testing.assert_allclose(found[:, 2:].std(0), 1, atol=1e-5)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-5)


def test_a_sparse_matrix_stays_one():
    X = made()
    stored = sparse.csr_matrix(X)
    found, blocks = scores_of(stored)
    np.testing.assert_allclose(found, scores_of(X)[0], atol=1e-5)
    assert all(sparse.issparse(block) for block in blocks)
    assert sum(block.nnz for block in blocks) <= stored.nnz
    below = stored.copy()
    below.data -= 1  # some values are below the zeros, which are not stored
    np.testing.assert_allclose(scores_of(below)[0], expected_of(below.toarray()), atol=0.03)


def test_missing_values_are_the_mean():
    X = made()
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    found, _ = scores_of(X)
    np.testing.assert_allclose(found, expected_of(X), atol=0.03)
    assert np.abs(found[np.isnan(X)]).max() < 1e-6
    np.testing.assert_allclose(scores_of(sparse.csr_matrix(X))[0], found, atol=1e-5)


def test_many_samples_are_known_by_quantiles():
    X = np.random.default_rng(2).normal(size=(3000, 2)).astype(np.float32)
    found, _ = scores_of(X, step=1000)
    np.testing.assert_allclose(found, expected_of(X), atol=0.6)  # the outermost
    assert np.abs(found - expected_of(X)).mean() < 1e-2


def test_scale_is_nothing_and_order_all():
    X = made()[:, 2:]
    assert scores_of(X)[0].tobytes() == scores_of(np.sqrt(X) * np.float32(7))[0].tobytes()
    other = X.copy()
    other[[3, 9]] = other[[9, 3]]
    assert np.abs(scores_of(other)[0] - scores_of(X)[0]).max() > 0.1
