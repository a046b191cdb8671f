"""What is expected of hidden entries, against the conditional mean by dense matrices in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fe_anndata.kernels.noise import Noise
from fe_anndata.models.fe import completing
from fe_anndata.models.fe.completing import PRIOR, Completing, Completion
from fe_anndata.models.fe.reduced_basis import Reduced
from tests.helpers import choose, fit

SIZES = [(1, 1, 2), (7, 13, 3), (5, 1, 1), (11, 131, 7)]
"""Samples, genes and factors."""


def made(m, k, rank, seed=0):
    """Return a decoder of one coordinate, its noise, and what makes values of it."""
    g = np.random.default_rng(seed)
    slope = torch.from_numpy(g.normal(size=(1, k)))
    loadings, centre = (torch.from_numpy(g.normal(size=size)) for size in ((m, k), m))

    def with_tangents(u):
        inner = u @ slope
        return torch.tanh(inner), (1 - torch.tanh(inner) ** 2)[:, None] * slope

    view = Reduced(lambda u: torch.tanh(u @ slope), with_tangents, loadings, centre, 1.7)
    root = g.normal(size=(k, rank))
    noise = Noise(torch.from_numpy(g.uniform(0.5, 2, m)), torch.from_numpy(root @ root.T))
    return view, noise, torch.from_numpy(g.normal(size=(50, 1)))


def plainly(view, noise, table, weight, u, y):
    """Return the expected profile of one sample, (m,), by the dense covariance of its genes.

    It is the mean over the places it may have, its own among them, by their normal densities.
    """
    V, D, C = (part.numpy() for part in (view.loadings, noise.genes, noise.factors))
    places = torch.cat([table, u[None]])
    decoded = view.centre.numpy() + view.scale * view.factors(places).numpy() @ V.T
    o = np.flatnonzero(~np.isnan(y))
    if not len(o):
        return decoded[-1]
    S = np.diag(D[o]) + V[o] @ C @ V[o].T
    left = np.linalg.solve(S, (y - decoded)[:, o].T).T
    logs = -((y - decoded)[:, o] * left).sum(1) / 2 / view.scale**2
    likely = np.exp(logs - logs.max())
    return likely / likely.sum() @ (decoded + weight * left @ V[o] @ C @ V.T)


@pytest.mark.parametrize("seen", ["one", "all", "none", "alike", "each its own"])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("weight", [1.0, 0.37])
def test_it_is_the_dense_conditional_mean(sizes, seen, weight, monkeypatch):
    monkeypatch.setattr(completing, "ROWS", 3)
    n, m, k = sizes
    view, noise, table = made(m, k, rank=max(1, k - 1))
    g = np.random.default_rng(1)
    u, X = g.normal(size=(n, 1)).astype("f4"), g.normal(size=(n, m), scale=3).astype("f4")
    masks = {
        "one": np.arange(m) != m // 2,
        "all": np.zeros(m, bool),
        "none": np.ones(m, bool),
        "alike": g.random(m) < 0.4,
        "each its own": g.random((n, m)) < 0.4,
    }
    X[np.broadcast_to(masks[seen], X.shape)] = np.nan
    complete = Completing(view, table, Completion(noise, weight))
    places, added = complete.of_profiles(u, X, np.arange(m))
    np.testing.assert_array_equal(places, u)
    decoded = (
        view.centre + view.scale * view.factors(torch.from_numpy(u).double()) @ view.loadings.T
    )
    expected = [
        plainly(view, noise, table, weight, *row)
        for row in zip(torch.from_numpy(u).double(), X, strict=True)
    ]
    np.testing.assert_allclose(decoded.numpy() + added, expected, rtol=1e-5, atol=1e-5)


def test_some_of_the_genes_in_another_order():
    view, noise, table = made(23, 3, rank=2)
    g = np.random.default_rng(2)
    genes, u = g.permutation(23)[:11], g.normal(size=(4, 1)).astype("f4")
    X = g.normal(size=(4, 11)).astype("f4")
    X[:, :5] = np.nan
    complete = Completing(view, table, Completion(noise))
    full = np.full((4, 23), np.nan, "f4")
    full[:, genes] = X
    by_number = complete.of_profiles(u, full, np.arange(23))[1][:, genes]
    np.testing.assert_allclose(complete.of_profiles(u, X, genes)[1], by_number, atol=1e-6)


def test_a_sample_that_is_nowhere_stays_there():
    view, noise, table = made(13, 3, rank=2)
    u = np.array([[np.nan], [0.3]], "f4")
    places, added = Completing(view, table, Completion(noise, prior=1.0)).of_profiles(
        u, np.ones((2, 13), "f4"), np.arange(13)
    )
    assert np.isnan(places[0]).all()
    assert not added[0].any()
    assert np.isfinite(places[1]).all()
    assert added[1].any()


def test_moved_samples_fit_best_under_the_noise_and_the_prior():
    view, noise, table = made(29, 3, rank=2)
    g = np.random.default_rng(3)
    X = g.normal(size=(5, 29)).astype("f4")
    start = g.normal(size=(5, 1)).astype("f4") * 0.1
    places, _ = Completing(view, table, Completion(noise, prior=2.0)).of_profiles(
        start, X, np.arange(29)
    )
    V, D, C = view.loadings, noise.genes, noise.factors
    precision = torch.linalg.inv(torch.diag(D) + V @ C @ V.T)

    def error(u, y):
        left = (torch.from_numpy(y).double() - view.centre) / view.scale - V @ view.factors(u)[0]
        return float(
            left @ precision @ left + 2 * ((u - table.mean()) ** 2).sum() / table.var(correction=0)
        )

    for at, begun, y in zip(
        torch.from_numpy(places).double(), torch.from_numpy(start), X, strict=True
    ):
        here = error(at[None], y)
        assert here <= error(begun[None].double(), y)
        for step in (-1e-2, 1e-2):
            assert here <= error(at[None] + step, y) + 1e-6


def noisy(shared, seed=0, n=400, m=90):
    """Return profiles along a line, with or without a second factor that is noise beside it."""
    g = np.random.default_rng(seed)
    V = np.random.default_rng(9).normal(size=(3, m))
    factors = g.normal(size=(n, 3)) * [3, shared, shared]
    return (factors @ V + g.normal(size=(n, m))).astype(np.float32)


def r2(predicted, truth, hidden):
    left, all_ = ((truth - of)[:, hidden] for of in (predicted, truth.mean(0)))
    return 1 - np.square(left).sum() / np.square(all_).sum()


@pytest.mark.parametrize("dim", [1, 4])
@pytest.mark.parametrize("shared", [0.0, 1.5])
def test_it_helps_where_genes_have_errors_in_common_and_never_costs(dim, shared):
    trained = fit(noisy(shared), choose(sample_dim=dim, steps=45)).trained
    new, hidden = noisy(shared, seed=1), np.arange(90) % 4 == 0
    X = np.where(hidden, np.nan, new).astype(np.float32)
    u = trained.placing(np.arange(90))(X).u
    plain = r2(trained.decode(u, np.arange(90)), new, hidden)
    full = r2(trained.complete(u, X, np.arange(90)), new, hidden)
    assert full > plain - 0.002
    if shared and dim == 1:
        assert full > plain + 0.1
    completion = trained.residuals.completion
    assert 0 <= completion.weight <= 1
    assert completion.prior == (PRIOR if dim > 3 else 0)


def test_held_out_entries_decide_the_weight():
    """Where errors are not what the training shows, nothing is added."""
    X = noisy(1.5)
    options = choose(sample_dim=1, steps=45)
    usual = fit(X, options).trained.residuals.completion
    assert usual.weight > 0.7
    assert fit(X, replace(options, validation=0.0)).trained.residuals.completion.weight == 1
    assert not fit(noisy(0.0), options).trained.residuals.completion.weight > 0.9
