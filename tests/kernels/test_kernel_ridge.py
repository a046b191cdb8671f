"""Kernel ridge regression against scikit-learn's, and its penalty against leaving samples out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import kernel_ridge

from fe_anndata.kernels.kernel_ridge import PENALTIES, KernelRidge


def made(n, s, h, seed=0, noise=0.5):
    g = np.random.default_rng(seed)
    z = g.normal(size=(n, 2))
    A = z @ g.normal(size=(2, s)) + noise * g.normal(size=(n, s)) + 3
    return A.astype("f4"), (
        np.tanh(z @ g.normal(size=(2, h))) + noise * g.normal(size=(n, h)) - 7
    ).astype("f4")


def plainly(A, Y, new, penalty):
    """Return the predictions of scikit-learn with the median bandwidth."""
    A, Y, new = (of.astype(np.float64) for of in (A, Y, new))
    squares = np.square(A[:, None] - A).sum(2)
    gamma = 1 / (2 * np.median(squares[np.triu_indices(len(A), 1)]))
    model = kernel_ridge.KernelRidge(alpha=penalty, kernel="rbf", gamma=gamma)
    return model.fit(A, Y - Y.mean(0)).predict(new) + Y.mean(0)


@pytest.mark.parametrize(("n", "s", "h"), [(23, 7, 5), (2, 1, 1), (13, 1, 301), (31, 101, 1)])
def test_it_is_that_of_scikit_learn(n, s, h):
    A, Y = made(n, s, h)
    new = made(11, s, h, seed=0)[0][:5] + np.float32(0.3)
    found = KernelRidge(A, Y)
    assert found.penalty in PENALTIES
    predicted = found(new)
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, plainly(A, Y, new, found.penalty), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("noise", [0.05, 2.0])
def test_the_penalty_predicts_samples_best_that_are_left_out(noise):
    A, Y = made(29, 7, 3, noise=noise)
    squares = np.square(A[:, None].astype(np.float64) - A).sum(2)
    kernel = np.exp(-squares / (2 * np.median(squares[np.triu_indices(29, 1)])))
    deviations = Y - Y.mean(0)
    errors = {}
    for penalty in PENALTIES:
        left = []
        for i in range(29):
            o = np.arange(29) != i
            alpha = np.linalg.solve(kernel[np.ix_(o, o)] + penalty * np.eye(28), deviations[o])
            left.append(deviations[i] - kernel[i, o] @ alpha)
        errors[penalty] = np.square(left).mean()
    assert KernelRidge(A, Y).penalty == min(errors, key=errors.get)


def test_samples_that_are_all_the_same_predict_their_mean():
    found = KernelRidge(np.ones((4, 3), "f4"), np.arange(8, dtype="f4").reshape(4, 2))
    np.testing.assert_allclose(found(np.ones((1, 3), "f4")), [[3, 4]], atol=1e-5)
