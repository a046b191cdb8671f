"""What runs here."""

from __future__ import annotations

import platform
from importlib.metadata import version

import torch

from .._access.inputs import torch_device

PACKAGES = ("fe-anndata", "anndata", "scanpy", "torch", "numpy", "scipy", "pandas", "matplotlib")


def describe() -> str:
    """Return versions and the device, one a line."""
    lines = [f"{package} {version(package)}" for package in PACKAGES]
    lines.append(f"Python {platform.python_version()} on {platform.platform()}")
    device = torch_device(None)
    if device.type == "cuda":
        why = torch.cuda.get_device_name(device)
    else:
        why = f"{torch.get_num_threads()} threads; no CUDA device was found"
    lines.append(f"device {device} ({why})")
    return "\n".join(lines)
