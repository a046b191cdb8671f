"""Which kernel is taken, and that training goes on when it fails or the memory ends."""

from __future__ import annotations

import subprocess
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise

import pytest
import torch

from fe_anndata.kernels.pair_mlp import choice, reference
from fe_anndata.kernels.pair_mlp.choice import choose, has_bf16, settle
from fe_anndata.kernels.pair_mlp.parts import InParts

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
GPU = torch.cuda.is_available()
with pytest.MonkeyPatch.context() as patch:
    # Has to be set when triton is imported: here, since torch could do it in another test.
    if not GPU:
        patch.setenv("TRITON_INTERPRET", "1")
    if find_spec("triton"):
        import_module("fe_anndata.kernels.pair_mlp.triton")


def problem(n=11, m=17, hidden=(6, 4), unseen=0.2, d=2, k=3):
    rng = torch.Generator().manual_seed(0)
    layers = [
        (torch.randn(out, into, generator=rng), torch.randn(out, generator=rng))
        for into, out in pairwise((d + k, *hidden, 1))
    ]
    u, v = torch.randn(n, d, generator=rng), torch.randn(m, k, generator=rng)
    values = torch.randn(n, m, generator=rng)
    values[torch.rand(n, m, generator=rng) < unseen] = float("nan")
    return u, v, layers, "tanh", values, (-3.0, 3.0)


def same(ours, theirs, tolerance=1e-5):
    assert ours.loss == pytest.approx(theirs.loss, rel=tolerance, nan_ok=True)
    for a, b in zip(flat(ours), flat(theirs), strict=True):
        assert a.dtype == b.dtype == torch.float32
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * float(b.abs().max()))


def flat(gradients):
    return [gradients.u, gradients.v, *(t for layer in gradients.layers for t in layer)]


def failing(error):
    def kernel(*tile):
        raise error

    return kernel


# which


@pytest.mark.parametrize(
    ("kernel", "device", "precision", "expected"),
    [
        ("auto", CPU, "float32", "cpu"),
        ("auto", CPU, "bf16", "reference"),
        ("auto", CUDA, "bf16", "triton"),
        ("auto", CUDA, "float32", "triton"),
        ("auto", torch.device("mps"), "float32", "reference"),
        ("reference", CPU, "bf16", "reference"),
        ("reference", CUDA, "float32", "reference"),
        ("cpu", CPU, "float32", "cpu"),
        ("triton", CUDA, "bf16", "triton"),
    ],
)
def test_which(kernel, device, precision, expected, monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda name: object())
    name, why = settle(kernel, device, precision)
    assert name == expected
    assert why


def test_without_triton_a_gpu_takes_the_reference(monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert settle("auto", CUDA, "bf16") == ("reference", "triton is not installed")
    with pytest.raises(ValueError, match="CUDA"):
        settle("triton", CPU, "float32")


@pytest.mark.parametrize(
    ("kernel", "device", "precision", "words"),
    [
        ("cpu", CUDA, "float32", "'cpu' does not run on cuda.*'auto'"),
        ("cpu", CPU, "bf16", "float32 only.*'auto'.*'float32'"),
        ("triton", CPU, "float32", "'triton' needs a CUDA device.*'auto'"),
        ("cuda", CPU, "float32", "kernel must be one of 'auto'"),
        ("auto", CPU, "auto", "precision must be one of 'float32'"),
    ],
)
def test_what_does_not_go_together(kernel, device, precision, words, monkeypatch):
    monkeypatch.setattr(choice, "_interpreted", lambda: False)
    with pytest.raises(ValueError, match=words):
        choose(kernel, device, precision)


@pytest.mark.parametrize("kernel", ["auto", "cpu", "reference"])
def test_values(kernel, recwarn):
    tile = problem()
    same(choose(kernel, CPU, "float32")(*tile), reference.loss_and_gradients(*tile))
    assert not recwarn.list


def test_fast_kernels_are_imported_on_the_first_call():
    code = """
import sys, torch
from fe_anndata.kernels.pair_mlp.choice import choose
for kernel, device in (("auto", "cpu"), ("auto", "cuda"), ("cpu", "cpu")):
    choose(kernel, torch.device(device), "float32")
assert not {"numba", "llvmlite", "triton"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# precision


def test_bf16_is_near_and_leaves_float32():
    tile = problem(40, 60)
    exact, rounded = reference.loss_and_gradients(*tile), choose("auto", CPU, "bf16")(*tile)
    same(rounded, exact, tolerance=0.05)
    assert rounded.loss != exact.loss


def test_float32_stays_float32_inside_autocast():
    tile = problem()
    exact = reference.loss_and_gradients(*tile)
    with torch.autocast("cpu", torch.bfloat16):
        again = reference.loss_and_gradients(*tile)
    assert again.loss == exact.loss


@pytest.mark.parametrize(
    ("features", "expected"),
    [({"avx512bf16": True}, True), ({"amx-bf16": True}, True), ({"avx512bf16": False}, False)],
)
def test_bf16_of_a_processor(features, expected, monkeypatch):
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda: features)
    assert has_bf16(CPU) == expected


def test_bf16_of_an_unknown_processor(monkeypatch):
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", failing(RuntimeError("unknown")))
    assert not has_bf16(CPU)
    assert not has_bf16(torch.device("mps"))


# a kernel that does not work


class CompilationError(Exception):
    """As numba and triton have them: not a RuntimeError."""

    __module__ = "triton.compiler.errors"


@pytest.mark.parametrize(
    "error",
    [
        ImportError("no module"),
        OSError("no library"),
        RuntimeError("Failed to find C compiler"),
        CompilationError("at 3:5"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("at_import", [True, False])
def test_fallback_is_said_once(monkeypatch, error, at_import):
    calls = []

    def load(name, precision):
        calls.append(name)
        if at_import:
            raise error
        return failing(error)

    monkeypatch.setattr(choice, "_load", load)
    kernel, tile = choose("cpu", CPU, "float32"), problem()
    with pytest.warns(UserWarning, match=f"'cpu'.*{error}.*slower.*'reference'") as caught:
        first = kernel(*tile)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = kernel(*tile)
    same(first, reference.loss_and_gradients(*tile))
    same(second, first)
    assert calls == ["cpu"]


def test_fallback_keeps_the_precision(monkeypatch):
    monkeypatch.setattr(choice, "_load", failing(ImportError("no triton")))
    tile = problem()
    with pytest.warns(UserWarning, match="no triton"):
        got = choose("triton", CUDA, "bf16")(*tile)
    assert got.loss == reference.loss_and_gradients(*tile, precision="bf16").loss


def test_an_error_of_the_input_is_not_taken_for_one_of_the_kernel(recwarn):
    u, *others = problem()
    with pytest.raises(RuntimeError, match="shape"):
        choose("cpu", CPU, "float32")(u[:, :1], *others)
    assert not recwarn.list


@pytest.mark.parametrize("error", [ValueError("a bug"), torch.AcceleratorError("device failed")])
def test_other_errors_go_on(monkeypatch, error):
    monkeypatch.setattr(choice, "_load", lambda name, precision: failing(error))
    with pytest.raises(type(error), match=str(error)):
        choose("cpu", CPU, "float32")(*problem())


@pytest.fixture
def on_triton(monkeypatch):
    """Return a function that gives a tile where Triton runs, in its interpreter without a GPU."""
    pytest.importorskip("triton")
    device = CUDA if GPU else CPU
    if not GPU:
        monkeypatch.setenv("TRITON_INTERPRET", "1")

    def made(*sizes):
        u, v, layers, activation, values, bounds = problem(*sizes)
        layers = [(weight.to(device), bias.to(device)) for weight, bias in layers]
        return u.to(device), v.to(device), layers, activation, values.to(device), bounds

    return made


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bf16", 0.1)])
def test_triton(on_triton, precision, tolerance, recwarn):
    tile = on_triton(5, 9, (6,))
    got = choose("triton", tile[0].device, precision)(*tile)
    same(got, reference.loss_and_gradients(*tile), tolerance)
    assert [str(w.message) for w in recwarn if issubclass(w.category, UserWarning)] == []


def test_too_wide_for_triton(on_triton):
    tile = on_triton(2, 3, (600, 600))
    with pytest.warns(UserWarning, match=r"'triton'.*weights"):
        got = choose("triton", tile[0].device, "float32")(*tile)
    same(got, reference.loss_and_gradients(*tile))


# memory


class Small:
    """A kernel that has memory for `room` entries only."""

    def __init__(self, room, error=None):
        self.room, self.tiles = room, []
        self.error = error or torch.OutOfMemoryError("CUDA out of memory")

    def __call__(self, u, v, layers, activation, values, bounds=None):
        self.tiles.append(tuple(values.shape))
        if values.numel() > self.room:
            raise self.error
        return reference.loss_and_gradients(u, v, layers, activation, values, bounds)


@pytest.mark.parametrize("room", [1, 7, 50, 186, 187])
@pytest.mark.parametrize("unseen", [0.0, 0.5, 0.97])
def test_parts_add_up(room, unseen, recwarn):
    tile = problem(unseen=unseen)
    small = Small(room)
    kernel = InParts(small)
    expected = reference.loss_and_gradients(*tile)
    same(kernel(*tile), expected)
    assert len(recwarn.list) == (room < 187)
    # The size is kept: nothing is refused any more.
    small.tiles.clear()
    same(kernel(*tile), expected)
    assert all(n * m <= room for n, m in small.tiles)
    assert len(recwarn.list) == (room < 187)


@pytest.mark.parametrize(("n", "m"), [(1, 9), (9, 1), (2, 2), (5, 4)])
def test_parts_of_thin_tiles(n, m, recwarn):
    tile = problem(n, m, unseen=0)
    same(InParts(Small(1))(*tile), reference.loss_and_gradients(*tile))


def test_parts_in_which_nothing_counts(recwarn):
    u, v, layers, activation, values, bounds = problem(8, 8)
    for rows in (slice(0, 4), slice(0, 8)):
        values[rows] = float("nan")
        tile = u, v, layers, activation, values, bounds
        same(InParts(Small(10))(*tile), reference.loss_and_gradients(*tile))


def test_the_longer_side_is_halved_and_the_size_named():
    small = Small(60)
    words = r"11 x 17.*parts of at most 6 x 9.*minibatch_size"
    with pytest.warns(UserWarning, match=words) as caught:
        InParts(small)(*problem())
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert small.tiles[:3] == [(11, 17), (11, 9), (6, 9)]
    assert (11, 8) not in small.tiles  # larger than what had room


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9")]
)
def test_memory_of_the_processor(monkeypatch, error):
    monkeypatch.setattr(choice, "_load", lambda name, precision: Small(60, error))
    tile = problem()
    with pytest.warns(UserWarning, match="memory of cpu") as caught:
        got = choose("cpu", CPU, "float32")(*tile)
    assert len(caught) == 1  # and no fallback
    same(got, reference.loss_and_gradients(*tile))


def test_no_room_for_one_entry(recwarn):
    with pytest.raises(torch.OutOfMemoryError):
        InParts(Small(0))(*problem())
    assert not recwarn.list
