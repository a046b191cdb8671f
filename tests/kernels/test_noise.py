"""The noise model against its dense form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from fe_anndata.kernels import squares
from fe_anndata.kernels.noise import Noise, misfit, residual_noise
from fe_anndata.kernels.products import Block
from tests.helpers import CPU, target_of


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("rank", [0, 2, 4])
def test_woodbury_is_the_dense_inverse(rank):
    m, k, n = 30, 4, 5
    V = torch.randn(m, k, generator=rng(), dtype=torch.float64)
    D = torch.rand(m, generator=rng(1), dtype=torch.float64) + 0.5
    root = torch.randn(k, rank, generator=rng(2), dtype=torch.float64)
    C = root @ root.T
    Y = torch.randn(n, m, generator=rng(3), dtype=torch.float64)
    noise = Noise(D, C)
    weighted = V / D[:, None]
    shared = noise.quadratic(Y @ weighted, (V.T @ weighted)[None])
    precision = torch.linalg.inv(torch.diag(D) + V @ C @ V.T)
    torch.testing.assert_close(shared.H[0], V.T @ precision @ V)
    torch.testing.assert_close(shared.h, Y @ precision @ V)
    own = noise.quadratic(Y @ weighted, (V.T @ weighted).expand(n, k, k))
    torch.testing.assert_close(own.H, shared.H.expand(n, k, k))
    torch.testing.assert_close(own.h, shared.h)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_squares_of_deviations(kind):
    X = np.random.default_rng(0).poisson(1.0, (11, 7)).astype(np.float32)
    held = Block(kind(X), CPU).forward
    centre, of_gene, of_sample = (torch.rand(n, generator=rng(n)) for n in (7, 7, 11))
    dense = (torch.from_numpy(X).double() - centre.double()).square()
    torch.testing.assert_close(squares.by_gene(held, centre, of_sample), of_sample.double() @ dense)
    torch.testing.assert_close(squares.by_sample(held, centre, of_gene), dense @ of_gene.double())


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_noise_is_found_again(kind):
    n, m, k = 4000, 60, 3
    g = np.random.default_rng(1)
    V = g.standard_normal((m, k))
    P = g.standard_normal((n, k))
    C = np.diag([0.5, 0.05, 0.0])
    D = g.uniform(0.2, 1.0, m)
    shared = g.standard_normal((n, k)) * np.sqrt(np.diag(C))
    X = ((P + shared) @ V.T + g.standard_normal((n, m)) * np.sqrt(D)).astype(np.float32)
    hidden = sparse.random(n, m, 0.05, "csr", random_state=2)
    rows, cols = (part.astype(np.int64) for part in hidden.nonzero())
    order = np.lexsort((cols, rows))
    rows, cols = rows[order], cols[order]
    X[rows, cols] = 99.0  # what hidden entries hold must not matter
    target = target_of(kind(X), (rows, cols), torch.zeros(m), standardise=False)
    P, V = torch.from_numpy(P).float(), torch.from_numpy(V).float()
    filled = target.hidden.inner(P, V)
    noise, scores = residual_noise(target, filled, P, V, shared=True)
    total = torch.from_numpy(D + np.einsum("gi,ij,gj->g", V.numpy(), C, V.numpy())).float()
    torch.testing.assert_close(noise.genes, total, rtol=0.15, atol=0.0)
    torch.testing.assert_close(noise.factors, torch.from_numpy(C).float(), rtol=0.3, atol=0.02)
    equal, _ = residual_noise(target, filled, P, V, shared=False)
    torch.testing.assert_close(equal.genes, total.mean().expand(m), rtol=0.05, atol=0.0)
    assert not equal.factors.any()
    errors = misfit(target, filled, P, V, noise, scores)
    assert abs(float(errors.mean()) - 1) < 0.05


def test_a_gene_that_is_known_exactly_still_has_some_noise():
    """A hundredth of the mean, so that it does not decide alone where a sample is."""
    X = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    X[:, 3] = 0
    target = target_of(X, None, torch.zeros(8), standardise=False)
    P, V = torch.zeros(50, 2), torch.zeros(8, 2)
    noise, _ = residual_noise(target, target.nothing(), P, V, shared=True)
    mean = float((X**2).mean())
    expected = torch.from_numpy((X**2).mean(0)).clamp_min(0.01 * mean)
    torch.testing.assert_close(noise.genes, expected)
    assert float(noise.genes[3]) == pytest.approx(0.01 * mean)
