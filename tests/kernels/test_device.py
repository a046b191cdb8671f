"""What training computes with, settled from the settings and the machine."""

from __future__ import annotations

import pytest
import torch

from fe_anndata import settings
from fe_anndata.kernels import device as module
from fe_anndata.kernels.device import compute, cores

CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch):
    for name, value in {
        "device": "cpu",
        "precision": "auto",
        "kernel": "auto",
        "threads": None,
    }.items():
        monkeypatch.setattr(settings, name, value)


@pytest.fixture
def bf16(monkeypatch):
    return lambda has: monkeypatch.setattr(module, "has_bf16", lambda device: has)


def test_on_a_processor(recwarn):
    found = compute()
    assert (found.device, found.precision, found.kernel) == (torch.device("cpu"), "float32", "cpu")
    assert found.threads == torch.get_num_threads()
    assert set(found.why) == {"device", "precision", "kernel", "threads"}
    assert all(found.why.values())
    assert not recwarn.list


@pytest.mark.parametrize(("has", "expected"), [(True, "bf16"), (False, "float32")])
def test_on_a_gpu(has, expected, bf16, monkeypatch):
    bf16(has)
    monkeypatch.setattr(module, "torch_device", lambda device: CUDA)
    monkeypatch.setattr("fe_anndata.kernels.pair_mlp.choice.find_spec", lambda name: object())
    found = compute("cuda")
    assert (found.device, found.precision, found.kernel) == (CUDA, expected, "triton")
    monkeypatch.setattr(settings, "precision", "float32")
    assert compute("cuda").precision == "float32"


@pytest.mark.parametrize("has", [True, False])
def test_auto_on_a_processor_is_float32(has, bf16):
    bf16(has)
    assert compute().precision == "float32"


def test_bf16_in_software_is_refused(bf16, monkeypatch):
    monkeypatch.setattr(settings, "precision", "bf16")
    bf16(False)
    with pytest.raises(ValueError, match=r"'bf16', which cpu.*'auto' or 'float32'"):
        compute()
    bf16(True)
    assert (compute().precision, compute().kernel) == ("bf16", "reference")


def test_kernel_that_does_not_go_with_the_device(monkeypatch):
    monkeypatch.setattr(settings, "kernel", "triton")
    monkeypatch.setattr("fe_anndata.kernels.pair_mlp.choice._interpreted", lambda: False)
    with pytest.raises(ValueError, match="CUDA device, not cpu"):
        compute()
    monkeypatch.setattr(settings, "kernel", "reference")
    assert compute().kernel == "reference"


def test_absent_devices(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="no CUDA device; use 'cpu'"):
        compute("cuda")
    with pytest.raises(ValueError, match="'cpu0' cannot be used"):
        compute("cpu0")
    monkeypatch.setattr(settings, "device", "auto")
    assert "no CUDA device" in compute().why["device"]


# threads


def test_number_of_threads(monkeypatch, recwarn):
    monkeypatch.setattr(module, "cores", lambda: 4)
    monkeypatch.setattr(settings, "threads", 3)
    assert compute().threads == 3
    assert not recwarn.list


def test_more_threads_than_cores_are_not_used(monkeypatch):
    monkeypatch.setattr(settings, "threads", cores() + 5)
    with pytest.warns(UserWarning, match=f"{cores()} cores.*wait for each other") as caught:
        found = compute()
    assert found.threads == cores()
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_cores_without_affinity(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert cores() == 6
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert cores() == 1
