"""phi by hand against autograd."""

from __future__ import annotations

import pytest
import torch

from fe_anndata.kernels.phi import BEND
from fe_anndata.models.fe.decoders import Inner


class Bent(torch.autograd.Function):
    """ReLU with the slope of a step: it rises from 0 to 1 where it would jump."""

    @staticmethod
    def forward(context, z):
        context.save_for_backward(z)
        return z.relu()

    @staticmethod
    def backward(context, gradient):
        (z,) = context.saved_tensors
        return gradient * (z / BEND).clamp(0, 1)


class BentReLU(torch.nn.Module):
    def forward(self, z):
        return Bent.apply(z)


def decoder(hidden, fourier, activation):
    torch.manual_seed(0)
    inner = Inner(3, 7, hidden, (), activation, fourier).double()
    inner.frequencies.normal_()
    return inner


@pytest.mark.parametrize("fourier", [0, 5])
@pytest.mark.parametrize("hidden", [(), (11,), (11, 13)])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_it_is_the_function_of_the_decoder(activation, hidden, fourier):
    inner = decoder(hidden, fourier, activation)
    u = torch.randn(17, 3, dtype=torch.float64)
    expected = inner.linear(u)
    if hidden:
        angles = u @ inner.frequencies
        expected = expected + inner.phi_mlp(torch.cat([u, angles.sin(), angles.cos()], 1))
    torch.testing.assert_close(inner.phi(u), expected)


@pytest.mark.parametrize("some", [False, True])
@pytest.mark.parametrize("fourier", [0, 5])
@pytest.mark.parametrize("hidden", [(), (11,), (11, 13)])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_gradients_are_those_of_autograd(activation, hidden, fourier, some):
    """Those of samples that do not count reach their own vectors, and nothing else."""
    inner = decoder(hidden, fourier, activation)
    u = torch.randn(17, 3, dtype=torch.float64, requires_grad=True)
    gradient = torch.randn(17, 7, dtype=torch.float64)
    counted = torch.ones(17, 1, dtype=torch.float64)
    if some:
        counted[::3] = 0
    if hidden:
        for i, layer in enumerate(inner.phi_mlp):
            if isinstance(layer, torch.nn.ReLU):
                inner.phi_mlp[i] = BentReLU()
    P = inner.linear(u)
    if hidden:
        angles = u @ inner.frequencies
        P = P + inner.phi_mlp(torch.cat([u, angles.sin(), angles.cos()], 1))
    (of_u,) = torch.autograd.grad(P, u, gradient, retain_graph=True)
    of_shared = torch.autograd.grad(P, list(inner.parameters()), gradient * counted)
    before = gradient.clone()
    phi = inner.kernel()
    with torch.no_grad():
        _, inputs = phi(u)
        found = phi.gradients(gradient, inputs, u, counted if some else None)
    torch.testing.assert_close(gradient, before)
    torch.testing.assert_close(found, (of_u, list(of_shared)))


def test_a_unit_that_rounding_turns_on_changes_no_gradient():
    """The slope is a function of the data, not of the side of zero on which rounding ends."""
    inner = decoder((11,), 0, "relu")
    u, gradient = torch.zeros(1, 3, dtype=torch.float64), torch.ones(1, 7, dtype=torch.float64)
    found = []
    with torch.no_grad():
        for just in (-1e-7, 1e-7):
            inner.phi_mlp[0].bias.fill_(just)
            phi = inner.kernel()
            found.append(phi.gradients(gradient, phi(u)[1], u)[0])
    torch.testing.assert_close(found[0], found[1], atol=1e-4, rtol=0)
