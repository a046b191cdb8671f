"""New samples are placed where their error is least, with the standard error of that."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.models.fe.placing import Placements, Placing
from tests.helpers import choose, fit

RUNS = {
    "few": {"steps": 45},
    "many": {"steps": 30, "sample_dim": 6},
    "concat": {"decoder": "concat", "hidden": (16, 8), "steps": 60},
}


@pytest.fixture(scope="module", params=RUNS)
def trained(request, X):
    return fit(X, choose(**RUNS[request.param])).trained


def placing(trained, genes=None):
    left = trained.residuals
    table = trained.module.sample_vectors()
    return Placing(trained.view, table, left.noise, left.prior, genes)


def shared_noise(noise):
    """Return the covariance that errors in common have, of which rounding leaves bits below 0."""
    values, vectors = torch.linalg.eigh(noise.factors.double())
    return (vectors * values.clamp_min(0)) @ vectors.T


def dense_error(trained, y, known):
    """Return the error of a profile as a function of its coordinates, by dense matrices."""
    view, left = trained.view, trained.residuals
    V = view.loadings.double()[known]
    shared = V @ shared_noise(left.noise) @ V.T
    precision = torch.linalg.inv(torch.diag(left.noise.genes.double()[known]) + shared)
    table = trained.module.sample_vectors().double()
    spread = torch.linalg.inv(table.T.cov(correction=0))
    centre = view.centre.double()[known]
    y = (torch.from_numpy(y).double() - centre) / view.scale

    def error(u):
        decoded = trained.module.decode(u[None].float(), known)[0].double()
        apart = y - (decoded - centre) / view.scale
        beside = u - table.mean(0)
        return float(apart @ precision @ apart + left.prior * beside @ spread @ beside)

    return error


@pytest.mark.parametrize("some", [False, True])
def test_no_place_nearby_fits_better(trained, X, some):
    known = torch.arange(0, 90, 2) if some else torch.arange(90)
    profiles = np.ascontiguousarray(X[:6, known.numpy()] + np.float32(0.2))
    found = placing(trained, known).place(profiles)
    for i in range(6):
        error = dense_error(trained, profiles[i], known)
        u = torch.from_numpy(found.u[i]).double()
        least, table = error(u), trained.module.sample_vectors().double()
        others = table[torch.randperm(60, generator=torch.Generator().manual_seed(i))[:30]]
        assert least < min(map(error, others)) + 1e-3 * least
        for step in torch.eye(len(u)).double() * table.std():
            assert least < error(u + 0.3 * step) + 1e-3 * least
            assert least < error(u - 0.3 * step) + 1e-3 * least


def test_standard_errors_are_those_of_the_curvature(X):
    """Without a network all is linear, and the covariance of a place has a closed form."""
    trained = fit(X, choose(hidden=(), steps=30)).trained
    found = placing(trained).place(X[:5].copy())
    view, noise = trained.view, trained.residuals.noise
    A = trained.module.decoder.linear.weight.double()
    V = view.loadings.double()
    S = torch.diag(noise.genes.double()) + V @ shared_noise(noise) @ V.T
    table = trained.module.sample_vectors().double()
    prior = trained.residuals.prior * torch.linalg.inv(table.T.cov(correction=0))
    curvature = A.T @ V.T @ torch.linalg.inv(S) @ V @ A + prior
    expected = torch.linalg.inv(curvature).diagonal().sqrt().expand(5, -1)
    np.testing.assert_allclose(found.error, expected, rtol=1e-3)


def test_a_prior_holds_places_together(X):
    trained = fit(X, choose(steps=30, sample_dim=6)).trained
    view, noise = trained.view, trained.residuals.noise
    table = trained.module.sample_vectors()
    noisy = X + np.random.default_rng(0).normal(0, 3, X.shape).astype(np.float32)
    spreads = [Placing(view, table, noise, w).place(noisy).u.std(0).sum() for w in (0.1, 4, 100)]
    assert spreads[0] > spreads[1] > 1.3 * spreads[2]


def test_numbers_of_each_sample(trained, X):
    profiles = X[:4].copy()
    profiles[1, :30] = np.nan
    profiles[2] = np.nan
    found = placing(trained).place(profiles)
    assert found.n_genes.tolist() == [90, 60, 0, 90]
    for values in (found.u, found.error, found.r2[:, None], found.misfit[:, None]):
        assert values.dtype == np.float32
        assert np.isnan(values).any(axis=1).tolist() == [False, False, True, False]
    view, noise = trained.view, trained.residuals.noise.genes.numpy()
    decoded = trained.decode(found.u, np.arange(90))
    for i in (0, 1, 3):
        seen = ~np.isnan(profiles[i])
        residual = (profiles[i] - decoded[i])[seen]
        around = (profiles[i] - view.centre.numpy())[seen]
        r2 = 1 - (residual**2).sum() / (around**2).sum()
        assert found.r2[i] == pytest.approx(r2, abs=0.02)
        misfit = ((residual / view.scale) ** 2 / noise[seen]).mean()
        assert found.misfit[i] == pytest.approx(misfit, rel=0.05)


def test_a_sample_does_not_feel_the_others(trained, X):
    profiles = X[:20].copy()
    profiles[3, 7] = np.nan
    ready = placing(trained)
    together = ready.place(profiles)
    alone = Placements.joined([ready.place(profiles[i : i + 1]) for i in range(20)])
    np.testing.assert_array_equal(together.u, alone.u)
    np.testing.assert_allclose(together.misfit, alone.misfit, rtol=1e-5)


def test_missing_genes_are_as_if_they_were_not_there(trained, X):
    known = np.arange(0, 90, 2)
    holes = X[:12].copy()
    holes[:, 1::2] = np.nan
    by_holes = placing(trained).place(holes)
    by_genes = placing(trained, torch.from_numpy(known)).place(X[:12, ::2].copy())
    spread = trained.samples().std()
    np.testing.assert_allclose(by_holes.u, by_genes.u, atol=2e-3 * spread)
    np.testing.assert_allclose(by_holes.r2, by_genes.r2, atol=1e-3)
    np.testing.assert_allclose(by_holes.misfit, by_genes.misfit, rtol=1e-2)
