"""Plain ways to predict hidden genes, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from fe_anndata.evaluation.imputers import Components, Means, Neighbours, named
from fe_anndata.kernels.kernel_ridge import KernelRidge


def made(n, m, seed=0):
    g = np.random.default_rng(seed)
    low = g.normal(size=(n, 3)) @ np.random.default_rng(9).normal(size=(3, m))
    return (2 * low + g.normal(size=(n, m)) + 4).astype("f4")


@pytest.mark.parametrize("shape", [(41, 23), (23, 41)])
@pytest.mark.parametrize("seen", [1, 7, 22])
def test_components_are_the_posterior_mean_of_probabilistic_pca(shape, seen):
    train, new = made(*shape), made(5, shape[1], seed=1).astype(np.float64)
    dim, columns = 3, np.sort(np.random.default_rng(2).permutation(shape[1])[:seen])
    fitted = PCA(dim).fit(train.astype(np.float64))
    left = np.square(train - fitted.inverse_transform(fitted.transform(train))).sum()
    noise = left / shape[0] / (shape[1] - dim)
    values = fitted.singular_values_**2 / shape[0]
    # The conditional mean under the covariance of the model, by dense matrices.
    V = fitted.components_.T
    S = V @ np.diag(values - noise) @ V.T + noise * np.eye(shape[1])
    solved = np.linalg.solve(S[np.ix_(columns, columns)], (new - fitted.mean_)[:, columns].T)
    shared = S - noise * np.eye(shape[1])
    expected = fitted.mean_ + (shared[:, columns] @ solved).T
    found = Components(train, dim)(new[:, columns], columns)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_neighbours_are_the_nearest_by_what_is_seen():
    train, new = made(40, 30), made(6, 30, seed=1)
    columns = np.array([3, 4, 17])
    nearest = NearestNeighbors(n_neighbors=15).fit(train[:, columns])
    rows = nearest.kneighbors(new[:, columns], return_distance=False)
    expected = train[rows].mean(1)
    np.testing.assert_allclose(Neighbours(train)(new[:, columns], columns), expected, rtol=1e-5)
    few = Neighbours(train[:4])(new[:, columns], columns)
    np.testing.assert_allclose(few, np.broadcast_to(train[:4].mean(0), few.shape), rtol=1e-5)


def test_means_and_regression():
    train, new = made(40, 30), made(6, 30, seed=1)
    columns = np.array([3, 4, 17])
    found = Means(train)(new[:, columns], columns)
    np.testing.assert_allclose(found, np.tile(train.mean(0), (6, 1)), rtol=1e-6)
    ridge = named("ridge", train, 2)(new[:, columns], columns)
    hidden = np.setdiff1d(np.arange(30), columns)
    expected = KernelRidge(train[:, columns], train[:, hidden])(new[:, columns])
    np.testing.assert_array_equal(ridge[:, hidden], expected)


def test_ridge_takes_what_is_seen_for_no_target():
    """The penalty that predicts seen genes from themselves is far too small for the others."""
    draw = np.random.default_rng(0)
    factors = draw.standard_normal((160, 2))
    X = factors @ draw.standard_normal((2, 60)) + 3 * draw.standard_normal((160, 60))
    columns, hidden = np.arange(50), np.arange(50, 60)
    ridge = named("ridge", X[:120], 2)
    predicted = ridge(X[120:, columns], columns)
    np.testing.assert_array_equal(predicted[:, columns], X[120:, columns].astype(np.float32))
    left, total = (np.square(X[120:, hidden] - of).sum() for of in (predicted[:, hidden], 0))
    assert 1 - left / total > 0.02
