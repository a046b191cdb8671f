"""The GPU kernel against the reference: on a GPU if there is one, else in Triton's interpreter."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise

import pytest
import torch

from fe_anndata.kernels.pair_mlp import reference

if find_spec("triton") is None:
    pytest.skip("needs triton", allow_module_level=True)

GPU = torch.cuda.is_available()
DEVICE = "cuda" if GPU else "cpu"
with pytest.MonkeyPatch.context() as patch:
    # Has to be set when triton is imported: here, since torch could do it in another test.
    if not GPU:
        patch.setenv("TRITON_INTERPRET", "1")
    from fe_anndata.kernels.pair_mlp import triton as kernel

# Of the loss and all gradients together, and of each gradient. In bfloat16, a unit near zero falls
# on the other side now and then, which shows in gradients that are sums over few entries.
TOLERANCES = {"fp32": (1e-5, 1e-5), "bf16": (2e-2, 6e-2)}
PUBLISHED = (250, 75, 50, 25, 10)
ALL = (0.0, 2.0)


@pytest.fixture(autouse=True)
def _interpreter(monkeypatch):
    if not GPU:
        monkeypatch.setenv("TRITON_INTERPRET", "1")


def tile(n, m, hidden, unseen=0.2, d=3, k=5):
    rng = torch.Generator().manual_seed(0)
    sizes = (d + k, *hidden, 1)
    layers = [
        (torch.randn(out, into, generator=rng) / into**0.5, 0.3 * torch.randn(out, generator=rng))
        for into, out in pairwise(sizes)
    ]
    u, v = torch.randn(n, d, generator=rng), torch.randn(m, k, generator=rng)
    # Well above what a random network gives, so that gradients do not cancel to their rounding.
    values = 2 + torch.rand(n, m, generator=rng)
    values[torch.rand(n, m, generator=rng) < unseen] = float("nan")
    layers = [(weight.to(DEVICE), bias.to(DEVICE)) for weight, bias in layers]
    return u.to(DEVICE), v.to(DEVICE), layers, values.to(DEVICE)


def flat(gradients):
    return [gradients.u, gradients.v, *(t for layer in gradients.layers for t in layer)]


def check(n, m, hidden, activation, bounds, unseen=0.2, **options):
    u, v, layers, values = tile(n, m, hidden, unseen)
    expected = reference.loss_and_gradients(u, v, layers, activation, values, bounds)
    got = kernel.loss_and_gradients(u, v, layers, activation, values, bounds, **options)
    whole, each = TOLERANCES[options["precision"]]
    assert got.loss == pytest.approx(expected.loss, rel=whole, nan_ok=True)
    all_ours, all_theirs = (torch.cat([t.flatten() for t in flat(g)]) for g in (got, expected))
    assert (all_ours - all_theirs).norm() <= whole * all_theirs.norm()
    for ours, theirs in zip(flat(got), flat(expected), strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype == torch.float32
        assert ours.is_contiguous()
        assert (ours - theirs).norm() <= each * theirs.norm() + 1e-7


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("n", "m", "hidden", "activation", "bounds"),
    [
        (1, 1, (7,), "tanh", None),
        (1, 19, (16,), "relu", ALL),
        (17, 33, (), "relu", None),
        (17, 33, (), "tanh", ALL),
        (17, 33, (20,), "tanh", ALL),
        (17, 19, (100, 50, 50), "relu", None),
        (37, 9, (64, 17, 1), "tanh", None),
        (5, 23, (70, 64), "relu", ALL),
        (3, 11, PUBLISHED, "tanh", ALL),
    ],
)
def test_against_reference(n, m, hidden, activation, bounds, precision):
    check(n, m, hidden, activation, bounds, precision=precision, deterministic=True)


@pytest.mark.parametrize("hidden", [(), (20, 10)])
def test_atomic_additions(hidden):
    check(19, 41, hidden, "relu", None, precision="fp32", deterministic=False)


def test_no_entry_counts():
    check(5, 9, (7, 3), "tanh", ALL, unseen=1.1, precision="fp32", deterministic=True)


def test_all_entries_count():
    check(16, 8, (7, 3), "relu", None, unseen=0, precision="fp32", deterministic=True)


def test_parts_of_larger_tables():
    u, v, layers, values = tile(24, 30, (10,))
    u, layers = u.requires_grad_(), [(weight.requires_grad_(), bias) for weight, bias in layers]
    parts = u[3:20], v[::2], layers, "tanh", values[3:20, ::2]
    expected = reference.loss_and_gradients(*parts)
    got = kernel.loss_and_gradients(*parts, precision="fp32")
    assert got.loss == pytest.approx(expected.loss, rel=1e-5)
    for ours, theirs in zip(flat(got), flat(expected), strict=True):
        assert not ours.requires_grad
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_same_bits_again():
    u, v, layers, values = tile(19, 41, (20,))
    first, second = (
        kernel.loss_and_gradients(u, v, layers, "tanh", values, deterministic=True)
        for _ in range(2)
    )
    assert first.loss == second.loss
    for a, b in zip(flat(first), flat(second), strict=True):
        assert torch.equal(a, b)


def test_too_wide():
    u, v, layers, values = tile(2, 2, (600, 600))
    with pytest.raises(kernel.DoesNotFitError, match="weights"):
        kernel.loss_and_gradients(u, v, layers, "relu", values)


@pytest.mark.skipif(not GPU, reason="needs a CUDA device")
@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("hidden", "activation"), [((100, 50, 50), "relu"), (PUBLISHED, "tanh")])
def test_large_tile_on_gpu(hidden, activation, precision, deterministic):
    options = {"precision": precision, "deterministic": deterministic}
    check(503, 2011, hidden, activation, ALL, **options)
