"""The compiled kernel of the pair network against the reference, which is autograd in float64."""

from __future__ import annotations

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from fe_anndata.kernels.pair_mlp import cpu, reference
from fe_anndata.kernels.workers import workers


def problem(n, m, hidden, d=2, k=5, seed=0):
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=rng)

    sizes = (d + k, *hidden, 1)
    layers = [
        # Views of larger tables, so that nothing is contiguous.
        (normal(into, out + 1).T[1:] / into**0.5, 0.3 * normal(2 * out)[::2])
        for into, out in itertools.pairwise(sizes)
    ]
    u, v, values = normal(n, d + 3)[:, 1 : d + 1], normal(k, m).T, normal(m, n + 2).T[1:-1]
    return u, v, layers, values


def tensors(gradients):
    return [gradients.u, gradients.v, *(t for layer in gradients.layers for t in layer)]


def check(u, v, layers, activation, values, bounds=None):
    got = cpu.loss_and_gradients(u, v, layers, activation, values, bounds)
    exact = [(weight.double(), bias.double()) for weight, bias in layers]
    expected = reference.loss_and_gradients(
        u.double(), v.double(), exact, activation, values.double(), bounds
    )
    assert got.loss == pytest.approx(expected.loss, rel=1e-5, nan_ok=True)
    for ours, theirs in zip(tensors(got), tensors(expected), strict=True):
        assert ours.dtype == torch.float32
        assert ours.shape == theirs.shape
        largest = float(theirs.abs().max())
        torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=1e-5 * largest)


@pytest.mark.parametrize("bounds", [None, (-2.0, 5.0)])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", [(), (1,), (50,), (7, 3), (100, 50, 50), (33, 17, 16, 8, 5, 1)])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 9), (3, 5), (13, 101), (41, 64), (67, 8)])
def test_agrees_with_autograd(n, m, hidden, activation, bounds):
    u, v, layers, values = problem(n, m, hidden)
    values[torch.rand(n, m, generator=torch.Generator().manual_seed(1)) < 0.2] = torch.nan
    values[0, 0] = 1.0
    check(u, v, layers, activation, values, bounds)


@pytest.mark.parametrize(("n", "m"), [(1, 1023), (1023, 2)])
def test_long_and_thin(n, m):
    # A single row of entries: without these means the sums over it would nearly cancel.
    u, v, layers, values = problem(n, m, (13, 11))
    check(u, v, layers, "tanh", values + 3.0)


def test_published_network():
    u, v, layers, values = problem(11, 37, (250, 75, 50, 25, 10), d=2, k=100)
    check(u, v, layers, "tanh", values, (-1.0, 1.0))
    check(u, v, layers, "relu", values)


def test_wide_tails_of_the_activation():
    u, v, layers, values = problem(5, 300, (31, 9))
    check(30 * u, v, layers, "tanh", values)
    check(1e-4 * u, 1e-4 * v, layers, "tanh", values)
    check(u, v, [*layers[:-1], (50 * layers[-1][0], layers[-1][1])], "relu", values, (0.0, 1.0))


@pytest.mark.parametrize("hidden", [(), (7, 3)])
def test_nothing_counts(hidden):
    u, v, layers, values = problem(4, 9, hidden)
    got = cpu.loss_and_gradients(u, v, layers, "relu", torch.full_like(values, torch.nan))
    assert got.loss != got.loss
    assert all((t == 0).all() for t in tensors(got))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_diverged_network_shows(activation):
    u, v, layers, values = problem(4, 9, (7, 3))
    layers[1][0][0, 0] = torch.nan
    got = cpu.loss_and_gradients(u, v, layers, activation, values)
    assert got.loss != got.loss
    # The threads keep their workspaces: what stands in them must not reach the next call.
    check(*problem(4, 9, (7, 3))[:3], activation, values)
    check(*problem(3, 3, (4, 4))[:3], activation, problem(3, 3, (4, 4))[3])


def test_parameters_stay_out_of_it():
    u, v, layers, values = problem(4, 9, (7, 3))
    leaves = [(weight.requires_grad_(), bias.requires_grad_()) for weight, bias in layers]
    got = cpu.loss_and_gradients(u.requires_grad_(), v.requires_grad_(), leaves, "relu", values)
    assert not any(t.requires_grad for t in tensors(got))


@pytest.mark.parametrize(("n", "m"), [(1, 3), (2, 31), (90, 140), (300, 20)])
@pytest.mark.parametrize("count", [2, 5])
def test_threads(count, n, m):
    inputs = problem(n, m, (20, 10))
    u, v, layers, values = inputs
    with workers(count):
        check(u, v, layers, "relu", values)
        first, *others = [cpu.loss_and_gradients(u, v, layers, "relu", values) for _ in range(5)]
    for other in others:
        assert other.loss == first.loss
        assert all(map(torch.equal, tensors(other), tensors(first)))


def test_calls_from_several_threads():
    problems = [problem(20 + i, 40, (9 + i, 5), seed=i) for i in range(8)]

    def run(inputs):
        u, v, layers, values = inputs
        with workers(2):
            return cpu.loss_and_gradients(u, v, layers, "tanh", values)

    alone = [run(inputs) for inputs in problems]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, problems))
    for one, other in zip(alone, together, strict=True):
        assert one.loss == other.loss
        assert all(map(torch.equal, tensors(one), tensors(other)))


def test_compiler_is_imported_on_use():
    code = "import sys, fe_anndata.kernels.pair_mlp; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
