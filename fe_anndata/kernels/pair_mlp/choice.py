"""Which kernel of the pair network runs, and what happens if it cannot."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.util import find_spec

import torch
from torch import Tensor

from ..._core.errors import require_choice
from ..._core.settings import KERNELS
from ..._core.warn import warn_user
from . import reference
from .gradients import Gradients, Kernel
from .network import Layers
from .parts import InParts, is_out_of_memory

# Names that llvmlite gives to abilities of processors, on x86 and on ARM.
_MULTIPLIES_BF16 = ("avx512bf16", "amx-bf16", "bf16")
_COMPILERS = ("numba", "llvmlite", "triton")


def choose(kernel: str, device: torch.device, precision: str) -> Kernel:
    """Return the kernel to train with.

    If it turns out not to work here, the reference takes its place; a tile for which there is too
    little memory is computed in parts. A warning says so the first time.

    Parameters
    ----------
    kernel
        ``"auto"``, ``"reference"``, ``"cpu"`` or ``"triton"``.
    device
        Where the tensors are.
    precision
        ``"float32"`` or ``"bf16"``.

    Raises
    ------
    ValueError
        If `kernel` does not go with the device or the precision.
    """
    name, _ = settle(kernel, device, precision)
    slow: Kernel = partial(reference.loss_and_gradients, precision=precision)
    return InParts(slow if name == "reference" else _WithFallback(name, precision, slow))


def settle(kernel: str, device: torch.device, precision: str) -> tuple[str, str]:
    """Return the name of the kernel that :func:`choose` takes, and why; nothing is imported."""
    require_choice(kernel, KERNELS, "fe.settings.kernel")
    require_choice(precision, ("float32", "bf16"), "the precision")
    if kernel != "auto":
        _require_fit(kernel, device, precision)
        return kernel, "as fe.settings.kernel says"
    if device.type == "cpu" and precision == "float32":
        return "cpu", "compiled for this processor"
    if device.type == "cpu":
        return "reference", "the kernel for processors computes in float32 only"
    if device.type == "cuda" and find_spec("triton"):
        return "triton", "compiled for this GPU"
    missing = "triton is not installed" if device.type == "cuda" else f"none is for {device.type}"
    return "reference", missing


def has_bf16(device: torch.device) -> bool:
    """Return whether `device` multiplies bfloat16 in hardware; in software it takes far longer."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    try:
        from llvmlite.binding import get_host_cpu_features

        features = get_host_cpu_features()
    except (ImportError, OSError, RuntimeError):  # unknown processors raise the latter
        return False
    return any(features.get(name, False) for name in _MULTIPLIES_BF16)


def _require_fit(kernel: str, device: torch.device, precision: str) -> None:
    cure = "; set fe.settings.kernel = 'auto'"
    if kernel == "cpu" and device.type != "cpu":
        raise ValueError(f"kernel='cpu' does not run on {device}{cure}, or train on device='cpu'.")
    if kernel == "cpu" and precision == "bf16":
        raise ValueError(
            f"kernel='cpu' computes in float32 only, not in bf16{cure}, or "
            "fe.settings.precision = 'float32'."
        )
    if kernel == "triton" and device.type != "cuda" and not _interpreted():
        raise ValueError(f"kernel='triton' needs a CUDA device, not {device}{cure}.")


def _interpreted() -> bool:
    """Return whether Triton's kernels run in Python, on any device."""
    if not find_spec("triton"):
        return False
    return bool(import_module("triton").knobs.runtime.interpret)


class _WithFallback:
    """A fast kernel, loaded on the first call; once it has failed, the reference."""

    def __init__(self, name: str, precision: str, slow: Kernel) -> None:
        self.name, self.precision, self.slow = name, precision, slow
        self.fast: Kernel | None = None
        self.has_failed = False

    def __call__(
        self,
        u: Tensor,
        v: Tensor,
        layers: Layers,
        activation: str,
        values: Tensor,
        bounds: tuple[float, float] | None = None,
    ) -> Gradients:
        """Return loss and gradients on a tile; see :mod:`.gradients`."""
        tile = (u, v, layers, activation, values, bounds)
        if self.has_failed:
            return self.slow(*tile)
        try:
            self.fast = self.fast or _load(self.name, self.precision)
            return self.fast(*tile)
        except Exception as error:
            if is_out_of_memory(error) or not _is_of_the_kernel(error):
                raise
            why = (str(error).strip() or type(error).__name__).splitlines()[0]
        # If the tile itself is wrong, this raises too, and there is no warning.
        gradients = self.slow(*tile)
        self.has_failed = True
        warn_user(
            f"the {self.name!r} kernel cannot be used ({why}); the reference takes its place: "
            "results are the same, but it is slower. fe.settings.kernel = 'reference' chooses "
            "it without this warning."
        )
        return gradients


def _load(name: str, precision: str) -> Kernel:
    if name == "cpu":
        from . import cpu

        return cpu.loss_and_gradients
    from . import triton

    return partial(triton.loss_and_gradients, precision={"float32": "fp32"}.get(precision, "bf16"))


def _is_of_the_kernel(error: Exception) -> bool:
    """Return whether the kernel could not be imported, compiled or fitted to the device.

    Compilers also raise plain RuntimeErrors (no C compiler was found, a pass has failed). An error
    of the device is not of the kernel: the reference would fail on it as well.
    """
    if isinstance(error, torch.AcceleratorError):
        return False
    of_compiler = any(c.__module__.split(".")[0] in _COMPILERS for c in type(error).__mro__)
    return of_compiler or isinstance(error, (ImportError, OSError, RuntimeError))
