"""The split first layer against the naive concatenation, forward and gradients."""

from __future__ import annotations

import pytest
import torch

from fe_anndata.kernels import pair_mlp
from fe_anndata.models.fe.decoders import MLP


def network(sizes, activation):
    torch_rng = torch.Generator().manual_seed(0)
    mlp = MLP(sizes, activation)
    for parameter in mlp.parameters():
        torch.nn.init.normal_(parameter, std=0.5, generator=torch_rng)
    layers = [(m.weight, m.bias) for m in mlp if isinstance(m, torch.nn.Linear)]
    return mlp, layers


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", [(), (1,), (7, 3)])
@pytest.mark.parametrize(("n", "m", "d", "k"), [(1, 1, 1, 1), (3, 5, 2, 4), (31, 17, 5, 2)])
def test_values_and_gradients(n, m, d, k, hidden, activation):
    mlp, layers = network((d + k, *hidden, 1), activation)
    rng = torch.Generator().manual_seed(1)
    # Columns of a wider table, so that the inputs are not contiguous.
    u = torch.randn(n, d + 3, generator=rng)[:, 1 : d + 1].requires_grad_()
    v = torch.randn(m, k + 3, generator=rng)[:, 1 : k + 1].requires_grad_()
    weights = torch.randn(n, m, generator=rng)
    both = torch.cat([u[:, None].expand(n, m, d), v[None].expand(n, m, k)], dim=2)
    expected = mlp(both)[..., 0]
    got = pair_mlp.tile(u, pair_mlp.gene_side(v, layers, d), layers, activation)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
    leaves = [u, v, *mlp.parameters()]
    ours = torch.autograd.grad((got * weights).sum(), leaves)
    theirs = torch.autograd.grad((expected * weights).sum(), leaves)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    rows, cols = torch.arange(n).repeat_interleave(m), torch.arange(m).repeat(n)
    pairs = pair_mlp.pairs(u[rows], v[cols], layers, activation)
    torch.testing.assert_close(pairs.reshape(n, m), expected, rtol=1e-5, atol=1e-5)
