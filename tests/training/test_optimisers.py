"""Muon, and tables of which a step sees only some rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.kernels.workers import workers
from fe_anndata.training.optimisers import Group, Muon, Optimisers


def sparse_rows(rows, values, shape):
    """Return a gradient of some rows of a table."""
    return torch.sparse_coo_tensor([rows], values, shape, is_coalesced=True, check_invariants=True)


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
    moved = (ours - before).detach().norm()
    assert float((ours - theirs).detach().norm()) < 0.05 * float(moved)


def test_a_step_of_muon_is_orthogonal():
    parameter = torch.nn.Parameter(torch.zeros(30, 12))
    parameter.grad = torch.randn(30, 12, generator=torch.Generator().manual_seed(0))
    Muon([parameter], lr=1.0).step()
    values = torch.linalg.svdvals(parameter.detach()) / (30 / 12) ** 0.5
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3


def test_weight_decay_follows_what_is_unexplained():
    matrix = torch.nn.Parameter(torch.ones(4, 4))
    other, bias = torch.nn.Parameter(torch.ones(4, 4)), torch.nn.Parameter(torch.ones(4))
    optimisers = Optimisers(
        [
            Group({"matrix": matrix}, 0.1, "muon", decay=2.0),
            Group({"other": other}, 0.1, "muon"),
            Group({"bias": bias}, 0.1, "adam", decay=2.0),
        ]
    )
    for parameter in (matrix, other, bias):
        parameter.grad = torch.zeros_like(parameter)
    with workers(2):
        optimisers.step(0.5, unexplained=0.3)
    torch.testing.assert_close(matrix.detach(), torch.full((4, 4), 1 - 0.5 * 0.1 * 2.0 * 0.3))
    assert torch.equal(other.detach(), torch.ones(4, 4))
    assert torch.equal(bias.detach(), torch.ones(4))
    assert matrix.grad is bias.grad is None


@pytest.mark.parametrize("method", ["adam", "rmsprop", "muon"])
def test_groups_move_at_rates_of_their_own(method):
    fast, slow = (torch.nn.Parameter(torch.zeros(4, 4)) for _ in range(2))
    optimisers = Optimisers(
        [Group({"fast": fast}, 0.2, method), Group({"slow": slow}, 0.1, method)]
    )
    for _ in range(3):
        fast.grad, slow.grad = torch.eye(4), torch.eye(4)
        optimisers.step(0.5)
    torch.testing.assert_close(fast.detach(), 2 * slow.detach())
    assert float(slow[0, 0].detach()) < -0.05


@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_rows_that_a_step_does_not_see_stay(l2):
    table = torch.nn.Parameter(torch.ones(6, 3))
    optimisers = Optimisers([Group({"table": table}, 0.1, "sparse_adam")], l2)
    for rows in ([1, 4], [2, 4]):
        table.grad = sparse_rows(rows, torch.ones(2, 3), (6, 3))
        optimisers.step(1.0)
    moved = (table != 1).all(1).detach().numpy()
    assert np.array_equal(moved, [False, True, True, False, True, False])


def test_l2_is_the_sum_of_squares_of_all_parameters():
    """A step with a penalty and no other gradient, against autograd on the sum."""
    rng = torch.Generator().manual_seed(0)
    parameters = {
        name: torch.nn.Parameter(torch.randn(shape, generator=rng))
        for name, shape in (("a", (4, 3)), ("b", (5,)), ("c", (2, 2)))
    }
    groups = [
        Group({"a": parameters["a"]}, 1e-3, "rmsprop"),
        Group({"b": parameters["b"], "c": parameters["c"]}, 1e-4, "rmsprop"),
    ]
    penalty = 0.01 * sum(p.square().sum() for p in parameters.values())
    expected = torch.autograd.grad(penalty, list(parameters.values()))
    for parameter in parameters.values():
        parameter.grad = torch.zeros_like(parameter)
    optimisers = Optimisers(groups, l2=0.01)
    optimisers.step(1.0)
    state = optimisers.state()
    for name, gradient in zip(parameters, expected, strict=True):
        # RMSprop keeps (1 - alpha) times the square of the gradient it was given.
        np.testing.assert_allclose(state[f"{name}:square_avg"], 0.01 * gradient**2, rtol=1e-4)


def test_l2_of_rows_that_are_seen_now_and_then():
    """A row feels its penalty when it is visited, for all the steps in which it is not."""
    table = torch.nn.Parameter(torch.full((6, 1), 3.0))
    table.grad = torch.sparse_coo_tensor(
        [[1, 4]], torch.zeros(2, 1), (6, 1), is_coalesced=True, check_invariants=True
    )
    optimisers = Optimisers([Group({"table": table}, 0.1, "sparse_adam")], l2=0.01)
    optimisers.step(1.0)
    moment = optimisers.state()["table:exp_avg"][:, 0]
    # Adam keeps a tenth of the gradient: 2 * 0.01 * 3, for a row that is seen a third of the time.
    np.testing.assert_allclose(moment, [0, 0.018, 0, 0, 0.018, 0], rtol=1e-5)


@pytest.mark.parametrize("method", ["adam", "rmsprop", "muon", "sparse_adam"])
def test_one_that_goes_on_from_its_state_is_the_same(method):
    rng = torch.Generator().manual_seed(0)
    gradients = torch.randn(4, 5, 3, generator=rng)

    def step(optimisers, parameter, i):
        gradient = gradients[i]
        if method == "sparse_adam":
            rows = torch.tensor([[i, 4]])
            gradient = torch.sparse_coo_tensor(
                rows, gradient[:2], (5, 3), is_coalesced=True, check_invariants=True
            )
        parameter.grad = gradient.clone()
        optimisers.step(1.0)

    whole = torch.nn.Parameter(torch.ones(5, 3))
    once = Optimisers([Group({"p": whole}, 0.1, method)])
    for i in range(2):
        step(once, whole, i)
    resumed = torch.nn.Parameter(whole.detach().clone())
    again = Optimisers([Group({"p": resumed}, 0.1, method)])
    kept = {name: array.copy() for name, array in once.state().items()}
    again.load_state(once.state())
    for i in range(2, 4):
        step(once, whole, i)
        step(again, resumed, i)
    assert torch.equal(whole, resumed)
    assert not np.array_equal(once.state()[next(iter(kept))], kept[next(iter(kept))])
    for name, array in once.state().items():
        assert np.array_equal(array, again.state()[name])
