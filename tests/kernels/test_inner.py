"""The whole-matrix loss against a plain one that forms every residual."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from fe_anndata.kernels.inner import Scores, best_gene_factors, loss_and_gradients
from tests.helpers import target_of

SHAPES = [(1, 1), (1, 7), (7, 1), (13, 31), (31, 13), (127, 1023)]


def problem(shape, k, hidden_share, as_sparse, seed=0):
    """Return matrix, observed entries, target around an offset, and factors, in float32."""
    rng = np.random.default_rng(seed)
    X = rng.normal(3, 2, size=shape).astype(np.float32)
    if as_sparse:
        X[rng.random(shape) < 0.8] = 0
    hide = rng.random(shape) < hidden_share
    hide[0, 0] = False
    rows, cols = np.nonzero(hide)
    P = torch.from_numpy(rng.normal(size=(shape[0], k)).astype(np.float32))
    Q = torch.from_numpy(rng.normal(size=(shape[1], k)).astype(np.float32))
    offset = torch.from_numpy(rng.normal(3, 1, size=shape[1]).astype(np.float32))
    observed = np.ones(shape, dtype=bool)
    observed[rows, cols] = False
    target = target_of(sparse.csr_matrix(X) if as_sparse else X, (rows, cols), offset)
    return X, observed, target, P, Q


def naive(X, observed, P, Q, offset, scale):
    """Return loss and gradients by autograd in float64 over the observed residuals."""
    P, Q = (t.double().requires_grad_() for t in (P, Q))
    predicted = offset.double() + scale * P @ Q.T
    residual = (torch.from_numpy(X).double() - predicted) / scale
    loss = residual[torch.from_numpy(observed)].square().mean()
    loss.backward()
    return float(loss.detach()), P.grad, Q.grad


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("hidden_share", [0.0, 0.3])
@pytest.mark.parametrize("shape", SHAPES)
def test_loss_and_gradients_equal_the_naive_ones(shape, hidden_share, as_sparse):
    X, observed, target, P, Q = problem(shape, 5, hidden_share, as_sparse)
    offset = target.offset
    expected = ((X - offset.numpy())[observed].astype(np.float64) ** 2).mean()
    assert target.n_observed == observed.sum()
    assert target.scale == pytest.approx(np.sqrt(expected), rel=1e-5)
    got = loss_and_gradients(target, P, Q)
    loss, dP, dQ = naive(X, observed, P, Q, offset, target.scale)
    # Float32 products round to a part of the terms that cancel, not of what is left of them.
    terms = float((P @ Q.T).square().mean()) + float((X**2).mean()) / target.scale**2
    assert got.loss == pytest.approx(loss, rel=1e-5, abs=1e-6 * terms)
    for mine, theirs in ((got.P, dP), (got.Q, dQ)):
        torch.testing.assert_close(
            mine.double(), theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max())
        )


def test_hidden_values_do_not_matter():
    X, observed, target, P, Q = problem((40, 50), 4, 0.2, False)
    hidden = np.nonzero(~observed)
    results = []
    for filler in (0.0, 100.0):
        X[hidden] = filler
        filled = target_of(X.copy(), hidden, target.offset)
        results.append(loss_and_gradients(filled, P, Q))
    assert results[0].loss == pytest.approx(results[1].loss, rel=1e-5)
    torch.testing.assert_close(results[0].P, results[1].P, rtol=1e-4, atol=1e-5)


def test_a_good_fit_keeps_its_digits():
    """The sums that cancel are taken in float64: a loss of 1e-4 of the variance is right to 1 %."""
    rng = np.random.default_rng(0)
    P = rng.normal(size=(300, 8)).astype(np.float32)
    Q = rng.normal(size=(500, 8)).astype(np.float32)
    X = (P @ Q.T + 0.03 * rng.normal(size=(300, 500)) + 7).astype(np.float32)
    target = target_of(X, None, torch.full((500,), 7.0))
    got = loss_and_gradients(
        target, torch.from_numpy(P), torch.from_numpy(Q / np.float32(target.scale))
    )
    expected = ((X.astype(np.float64) - 7 - P.astype(np.float64) @ Q.T) ** 2).mean()
    assert got.loss * target.scale**2 == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("hidden_share", [0.0, 0.3])
@pytest.mark.parametrize("shape", SHAPES)
def test_scores_give_the_loss_and_the_gradient_of_the_samples(shape, hidden_share, as_sparse):
    _, _, target, P, Q = problem(shape, 5, hidden_share, as_sparse)
    scores = Scores.of(target, P, Q)
    expected = loss_and_gradients(target, P, Q)
    assert scores.loss == pytest.approx(expected.loss, rel=1e-5)
    half = (shape[0] + 1) // 2
    parts = [slice(0, half), slice(half, shape[0])]
    got = torch.cat([scores.gradient(P[rows], rows) for rows in parts])
    atol = 1e-5 * float(expected.P.abs().max())
    torch.testing.assert_close(got, expected.P, rtol=1e-4, atol=atol)


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("hidden_share", [0.0, 0.3])
@pytest.mark.parametrize(("prior", "penalty"), [(0.0, 0.0), (2.0, 0.0), (0.0, 0.1)])
def test_best_gene_factors_are_a_ridge_regression(prior, penalty, hidden_share, as_sparse):
    shape = (40, 23)
    X, observed, target, P, Q = problem(shape, 5, hidden_share, as_sparse)
    offset = target.offset
    got = best_gene_factors(target, P, (P.T @ P).double(), Q, prior, penalty)
    # The naive one: the matrix filled in by the prediction so far, and the normal equations.
    P, Q = P.double().numpy(), Q.double().numpy()
    Y = np.where(observed, (X - offset.numpy()) / target.scale, P @ Q.T)
    loss = ((Y - P @ Q.T)[observed] ** 2).mean()
    ridge = prior * loss + penalty * observed.sum()
    expected = np.linalg.solve(P.T @ P + ridge * np.eye(5), P.T @ Y).T
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("as_sparse", [False, True])
def test_samples_that_do_not_count_shape_nothing_but_themselves(as_sparse):
    shape = (13, 31)
    X, observed, _, P, Q = problem(shape, 5, 0.3, as_sparse)
    counted, offset = np.arange(13) % 4 > 0, torch.full((31,), 3.0)
    kind = sparse.csr_matrix(X) if as_sparse else X
    target = target_of(kind, np.nonzero(~observed), offset, counted=counted)
    assert target.n_observed == observed[counted].sum()
    got = loss_and_gradients(target, P, Q)
    loss, of_counted, dQ = naive(X[counted], observed[counted], P[counted], Q, offset, target.scale)
    _, of_others, _ = naive(X[~counted], observed[~counted], P[~counted], Q, offset, target.scale)
    expected = torch.empty(13, 5, dtype=torch.float64)
    expected[counted] = of_counted
    # Their error is not a part of the loss, but is divided by as many entries.
    expected[~counted] = of_others * observed[~counted].sum() / target.n_observed
    assert got.loss == pytest.approx(loss, rel=1e-4)
    torch.testing.assert_close(got.Q.double(), dQ, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(got.P.double(), expected, rtol=1e-4, atol=1e-5)
    scores = Scores.of(target, P, Q)
    assert scores.loss == pytest.approx(loss, rel=1e-4)
    torch.testing.assert_close(scores.gradient(P, slice(0, 13)), got.P, rtol=1e-4, atol=1e-5)
