"""The settings that a command which trains takes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

from cyclopts import Parameter

from .._core.settings import settings
from .arguments import integer
from .groups import OF_TRAINING


@Parameter(name="*", group=OF_TRAINING)
@dataclass(frozen=True)
class Computing:
    """What training computes with; ``fe-anndata info`` says what is chosen here, and why.

    Parameters
    ----------
    threads
        How many threads training uses; by default as many as torch does.
    precision
        Of the matrix products of the concat decoder: float32, bf16, which needs a device that
        multiplies it in hardware, or auto, which is bf16 on such GPUs and else float32.
    kernel
        What computes the concat decoder: cpu, triton (for CUDA devices), reference (plain torch,
        slower) or auto, the fastest one that there is.
    """

    threads: Annotated[int | None, Parameter(converter=integer)] = None
    precision: Annotated[str | None, Parameter(show_default=False)] = None
    kernel: Annotated[str | None, Parameter(show_default=False)] = None

    def settle(self) -> None:
        """Set those that were typed."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                setattr(settings, field.name, value)
