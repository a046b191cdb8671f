"""Samples are placed where their error is least."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from fe_anndata.kernels import placement
from fe_anndata.kernels.phi import Phi
from fe_anndata.kernels.placement import Candidates, Landscape, Prior, Quadratic


def network(d, k, activation, hidden=(7, 5), fourier=3, seed=0):
    rng = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return torch.randn(*shape, generator=rng, dtype=torch.float64) / shape[-1] ** 0.5

    sizes = [d + 2 * fourier, *hidden, k]
    layers = [(drawn(b, a), drawn(b)) for a, b in pairwise(sizes)]
    return Phi(drawn(k, d), layers if hidden else [], drawn(d, fourier), activation)


def quadratic(n, k, own, seed=1):
    rng = torch.Generator().manual_seed(seed)
    root = torch.randn(n if own else 1, k, k, generator=rng, dtype=torch.float64)
    h = torch.randn(n, k, generator=rng, dtype=torch.float64)
    return Quadratic(root @ root.mT + 0.1 * torch.eye(k, dtype=torch.float64), h)


def no_prior(d):
    return Prior(torch.zeros(d, dtype=torch.float64), torch.zeros(d, d, dtype=torch.float64))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(("d", "hidden", "fourier"), [(2, (7, 5), 3), (5, (6,), 0), (3, (), 0)])
def test_tangents_are_those_of_autograd(activation, d, hidden, fourier):
    phi = network(d, 4, activation, hidden, fourier)
    u = torch.randn(6, d, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    P, J = phi.with_tangents(u)
    expected = torch.stack(
        [torch.autograd.functional.jacobian(lambda x: phi(x[None])[0][0], row) for row in u]
    )
    torch.testing.assert_close(P, phi(u)[0])
    torch.testing.assert_close(J, expected.mT)


@pytest.mark.parametrize("own", [False, True])
def test_errors_of_candidates(own):
    n, k = 5, 4
    profiles = quadratic(n, k, own)
    P = torch.randn(9, k, dtype=torch.float64)
    naive = torch.stack(
        [
            torch.stack([p @ profiles.H[i if own else 0] @ p - 2 * p @ profiles.h[i] for p in P])
            for i in range(n)
        ]
    )
    torch.testing.assert_close(profiles.errors(P), naive)
    torch.testing.assert_close(profiles.error(P.expand(n, -1, -1)), naive)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_a_linear_decoder_has_a_closed_form(own, known):
    d, k, n = 3, 6, 7
    table = torch.randn(20, d, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    prior = Prior.of(table) if known else no_prior(d)
    if known:
        identity = torch.eye(d, dtype=torch.float64)
        torch.testing.assert_close(prior.precision @ table.T.cov(correction=0), identity)
    phi = network(d, k, "relu", hidden=(), fourier=0)
    profiles = quadratic(n, k, own)
    starts = torch.zeros(n, 2, d, dtype=torch.float64)
    landscape = Landscape(profiles, lambda u: phi(u)[0], phi.with_tangents, prior)
    u, _ = placement.refine(landscape, starts, 30)
    curvatures = landscape.slopes(u[:, None])[2]
    A = phi.linear
    for i in range(n):
        H = profiles.H[i if own else 0]
        curvature = A.T @ H @ A + prior.precision
        torch.testing.assert_close(curvatures[i, 0], curvature)
        right = A.T @ profiles.h[i] + prior.precision @ prior.mean
        best = torch.linalg.solve(curvature, right)
        torch.testing.assert_close(u[i], best, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("d", [2, 4])
def test_the_place_is_a_minimum(d):
    phi = network(d, 8, "tanh")
    profiles = quadratic(6, 8, own=False)
    table = torch.randn(40, d, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    landscape = Landscape(profiles, lambda u: phi(u)[0], phi.with_tangents, no_prior(d))
    candidates = Candidates.of(landscape.factors, no_prior(d), table)
    starts = placement.search(profiles, candidates, 3, 0.1)
    u, least = placement.refine(landscape, starts, 40)
    u.requires_grad_()
    error = landscape.error(u[:, None])[:, 0]
    torch.testing.assert_close(error, least)
    (gradient,) = torch.autograd.grad(error.sum(), u)
    assert gradient.abs().max() < 1e-3 * error.abs().max()
    assert (least <= profiles.errors(candidates.P).amin(1) + 1e-12).all()


def test_starts_are_the_best_candidates_and_apart():
    profiles = quadratic(5, 3, own=False)
    u = placement.lattice(torch.tensor([[0.0, 0.0], [1.0, 2.0]], dtype=torch.float64), 9)
    P = torch.cat([u, u[:, :1] * u[:, 1:]], 1)
    starts = placement.search(profiles, Candidates(u, P, torch.zeros(len(u))), 3, 0.5)
    errors = profiles.errors(P)
    for i in range(5):
        torch.testing.assert_close(starts[i, 0], u[errors[i].argmin()])
        assert torch.pdist(starts[i]).min() >= 0.5


def test_the_lattice_covers_the_box_and_a_little_more():
    grid = placement.lattice(torch.tensor([[0.0, -1.0], [10.0, 1.0]]), 5, margin=0.1)
    assert grid.shape == (25, 2)
    torch.testing.assert_close(grid.amin(0), torch.tensor([-1.0, -1.2]))
    torch.testing.assert_close(grid.amax(0), torch.tensor([11.0, 1.2]))


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("d", [2, 5])
def test_a_row_does_not_feel_the_others(own, d):
    phi = network(d, 6, "relu")
    profiles = quadratic(63, 6, own)
    table = torch.randn(50, d, dtype=torch.float64, generator=torch.Generator().manual_seed(4))

    def place(profiles):
        landscape = Landscape(profiles, lambda u: phi(u)[0], phi.with_tangents, no_prior(d))
        candidates = Candidates.of(landscape.factors, no_prior(d), table)
        starts = placement.search(profiles, candidates, 2, 0.1)
        return placement.refine(landscape, starts, 10)[0].float()

    order = torch.randperm(63, generator=torch.Generator().manual_seed(5))[:50]
    some = Quadratic(profiles.H[order] if own else profiles.H, profiles.h[order])
    assert torch.equal(place(profiles)[order], place(some))
