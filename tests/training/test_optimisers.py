"""Muon, and tables of which a step sees only some rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.kernels.workers import workers
from fe_anndata.models import Factorized
from fe_anndata.training import resolve
from fe_anndata.training.optimisers import Muon, Optimiser


@pytest.mark.parametrize("shape", [(8, 8), (64, 20), (20, 64)])
def test_muon_is_that_of_torch(shape):
    """torch's multiplies in bfloat16, so that they agree to its precision."""
    rng = torch.Generator().manual_seed(0)
    ours = torch.nn.Parameter(torch.randn(shape, generator=rng))
    theirs = torch.nn.Parameter(ours.detach().clone())
    a, b = Muon([ours], lr=0.1), torch.optim.Muon([theirs], lr=0.1, weight_decay=0.0)
    before = ours.detach().clone()
    for _ in range(3):
        ours.grad = torch.randn(shape, generator=rng)
        theirs.grad = ours.grad.clone()
        a.step()
        b.step()
    moved = (ours - before).norm()
    assert float((ours - theirs).norm()) < 0.05 * float(moved)


def test_a_step_of_muon_is_orthogonal():
    parameter = torch.nn.Parameter(torch.zeros(30, 12))
    parameter.grad = torch.randn(30, 12, generator=torch.Generator().manual_seed(0))
    Muon([parameter], lr=1.0).step()
    values = torch.linalg.svdvals(parameter.detach()) / (30 / 12) ** 0.5
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3


def test_weight_decay_follows_what_is_unexplained():
    model = Factorized(5, 6, decoder="inner", sample_dim=2, gene_dim=3, hidden=(4, 4))
    config = resolve("default", learning_rate=0.1, sample_learning_rate=0.1, weight_decay=2.0)
    optimiser = Optimiser(model, config)
    matrix = model.decoder.phi_mlp[2].weight
    with torch.no_grad():
        matrix.fill_(1.0)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    with workers(2):
        optimiser.step(0.5, unexplained=0.3)
    torch.testing.assert_close(matrix.detach(), torch.full((4, 4), 1 - 0.5 * 0.1 * 2.0 * 0.3))


@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_rows_that_a_step_does_not_see_stay(l2):
    model = Factorized(5, 6, decoder="concat", sample_dim=2, gene_dim=3, hidden=(4,))
    torch.nn.init.ones_(model.genes)
    optimiser = Optimiser(model, resolve("default", decoder="concat", l2=l2))
    for rows in ([1, 4], [2, 4]):
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        for table in (model.samples, model.genes):
            table.grad = torch.sparse_coo_tensor(
                [rows], torch.ones(2, table.shape[1]), table.shape, is_coalesced=True
            )
        optimiser.step(1.0)
    moved = (model.genes != 1).all(1).detach().numpy()
    assert np.array_equal(moved, [False, True, True, False, True, False])
