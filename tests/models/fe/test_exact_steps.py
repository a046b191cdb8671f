"""Exact steps against automatic differentiation, and against dense linear algebra."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from fe_anndata.kernels.noise import Noise
from fe_anndata.kernels.placement import Prior
from fe_anndata.models.fe import exact_steps
from fe_anndata.models.fe.exact_steps import ExactSteps, Profile
from fe_anndata.models.fe.network import Factorized
from fe_anndata.models.fe.reduced_basis import reduced

N, M, D = 40, 90, 2


@pytest.fixture(params=["linear", "bounded"])
def model(request):
    torch.manual_seed(0)
    model = Factorized(
        N, M, decoder="concat", sample_dim=D, gene_dim=5, hidden=(16, 8), output=request.param
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.6)
        model.bounds.copy_(torch.tensor([-1.0, 4.0]))
        model.scale.fill_(1.7)
        model.offset.normal_()
    return model.requires_grad_(False)


@pytest.fixture
def case(model, monkeypatch):
    """Steps, a profile with missing genes, and its error by dense matrices."""
    monkeypatch.setattr(exact_steps, "GENES", 32)
    rng = torch.Generator().manual_seed(1)
    view = reduced(model, model.sample_vectors())
    k = view.loadings.shape[1]
    root = torch.randn(k, 3, generator=rng).double()
    noise = Noise(torch.rand(M, generator=rng).double() + 0.2, root @ root.T)
    prior = Prior.of(torch.randn(50, D, generator=rng).double())
    seen = torch.rand(M, generator=rng) < 0.8
    y = torch.randn(M, generator=rng).double() * seen
    weight = seen / noise.genes
    shared = noise.shared((view.loadings.T @ (view.loadings * weight[:, None]))[None])[0]
    V = view.loadings[seen]
    precision = torch.linalg.inv(torch.diag(noise.genes[seen]) + V @ noise.factors @ V.T)
    exact = deepcopy(model).double()

    def error(u):
        decoded = (exact.decode(u[None], torch.arange(M))[0] - view.centre) / view.scale
        apart = (y - decoded)[seen]
        return apart @ precision @ apart + prior.error(u)

    steps = ExactSteps(view, torch.arange(M), view.loadings, prior)
    return steps, Profile(y, seen, weight, shared), error


def test_error_and_slopes(case):
    steps, profile, error = case
    u = torch.tensor([0.3, -0.8], dtype=torch.float64)
    residual, downhill, curvature = steps._slopes(u, profile)
    assert float(steps._error(u, residual, profile)) == pytest.approx(float(error(u)), rel=1e-5)
    expected = -torch.autograd.functional.jacobian(error, u) / 2
    torch.testing.assert_close(downhill, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        residual, steps.residual(u, profile.y, profile.seen), rtol=0, atol=1e-5
    )
    assert torch.linalg.eigvalsh(curvature)[0] > 0


def test_it_ends_at_the_bottom(case):
    steps, profile, error = case
    start = torch.tensor([0.3, -0.8], dtype=torch.float64)
    u, residual, _ = steps.settle(start, profile, steps=200, settled=1e-9)
    assert error(u) < error(start) - 1
    around = u + 0.01 * torch.randn(200, D, generator=torch.Generator().manual_seed(2)).double()
    assert error(u) <= min(map(error, around)) + 1e-4 * error(u)
    torch.testing.assert_close(residual, steps.residual(u, profile.y, profile.seen))


def test_one_that_is_there_stays(case):
    steps, profile, _ = case
    u = steps.settle(torch.zeros(D).double(), profile, steps=200, settled=1e-9)[0]
    assert torch.equal(steps.settle(u, profile)[0], u)


def test_a_step_into_nothing_is_not_taken(case, monkeypatch):
    steps, profile, _ = case
    start = torch.tensor([0.3, -0.8], dtype=torch.float64)
    first = steps.settle(start, profile)[0]
    slopes = steps._slopes

    def lost(u, profile):
        residual, *rest = slopes(u, profile)
        return residual if torch.equal(u, start) else residual * torch.nan, *rest

    monkeypatch.setattr(steps, "_slopes", lost)
    assert not torch.equal(first, start)
    assert torch.equal(steps.settle(start, profile)[0], start)
