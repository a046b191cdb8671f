"""Where and how to compute, settled from the settings and from what this machine has."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from .._core import processes
from .._core.settings import settings
from .._core.warn import warn_user
from .pair_mlp.choice import has_bf16, settle


@dataclass(frozen=True)
class Compute:
    """What training computes with.

    Attributes
    ----------
    device, precision, kernel, threads
        Settled: none of them is ``"auto"`` or None.
    why
        The reason for each, by name, to be shown.
    """

    device: torch.device
    precision: str
    kernel: str
    threads: int
    why: dict[str, str]


def compute(device: str | None = None) -> Compute:
    """Return what to compute with; warn if more threads are set than there are cores.

    Parameters
    ----------
    device
        None means ``fe.settings.device``.

    Raises
    ------
    ValueError
        If the device is not there, or if precision or kernel do not go with it.
    """
    where = torch_device(device)
    asked = device or settings.device
    why = {"device": f"device={asked!r}" if asked != "auto" else _why_auto(where)}
    precision, why["precision"] = _precision(where)
    kernel, why["kernel"] = settle(settings.kernel, where, precision)
    threads, why["threads"] = _threads()
    return Compute(where, precision, kernel, threads, why)


def torch_device(device: str | None) -> torch.device:
    """Return the device to compute on; None means ``fe.settings.device``."""
    name = device or settings.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and torch.cuda.is_available() and processes.number() > 1:
        name = _own_gpu()
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device={name!r} was asked for, but there is no CUDA device; use 'cpu'.")
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        raise ValueError(
            f"device={name!r} cannot be used on this machine; use 'cpu', or 'auto'."
        ) from error
    return torch.device(name)


def _own_gpu() -> str:
    """Return the GPU of this process, of several on one machine."""
    place, of = processes.on_this_machine()
    if of > torch.cuda.device_count():
        raise ValueError(
            f"{of} processes were started on a machine with {torch.cuda.device_count()} CUDA "
            "devices: start one for each, or give device='cpu'."
        )
    torch.cuda.set_device(place)
    return f"cuda:{place}"


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # on Linux, where fewer may be lent than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _why_auto(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "no CUDA device was found"


def _precision(device: torch.device) -> tuple[str, str]:
    """Return the precision of the concat decoder's products, and why."""
    asked = settings.precision
    if asked == "bf16" and not has_bf16(device):
        raise ValueError(
            f"fe.settings.precision is 'bf16', which {device} does not multiply in hardware: in "
            "software it is many times slower than float32. Set it to 'auto' or 'float32'."
        )
    if asked != "auto":
        return asked, "as fe.settings.precision says"
    if device.type == "cuda" and has_bf16(device):
        return "bf16", "this GPU multiplies it in hardware"
    if device.type == "cuda":
        return "float32", "this GPU has no bf16 in hardware"
    # Not before it has been shown to reach the same held-out loss.
    return "float32", "bf16 is taken on GPUs only"


def _threads() -> tuple[int, str]:
    asked, most = settings.threads, cores()
    _, of = processes.on_this_machine()
    if asked is None and processes.number() > 1:
        # Not torch's own number, which torchrun sets to one.
        return max(1, most // of), f"the cores of this machine, shared by {of} processes"
    if asked is None:
        return torch.get_num_threads(), "torch's own number"
    if asked <= most:
        return asked, "as fe.settings.threads says"
    warn_user(
        f"fe.settings.threads is {asked}, but this process may use {most} cores: threads that "
        f"share a core wait for each other. {most} threads are used."
    )
    return most, f"as many as there are cores, not {asked}"
