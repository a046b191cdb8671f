"""Data sets that need no download."""

from __future__ import annotations

from .bundled import pbmc68k_reduced
from .simulation import simulated

__all__ = ["pbmc68k_reduced", "simulated"]


def __dir__() -> list[str]:
    return sorted(__all__)
