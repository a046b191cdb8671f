"""Compiling functions: which arithmetic may be changed, and where the result is kept.

Compiled code is kept on disk beside the source, for each function by the date and size of the
file it stands in. What it takes from another file, functions and constants alike, is fixed when
it is compiled: after a change in `small_matrix_product` or `cpu_layout`, touch ``cpu_sweep.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F, fastmath: frozenset[str] = frozenset({"contract"})) -> _F:
    """Compile a function on its first call; products and sums may become multiply-adds."""
    options: Any = {"nogil": True, "error_model": "numpy", "fastmath": set(fastmath)}
    try:
        return cast(_F, njit(function, cache=True, **options))
    except RuntimeError:  # There is no folder for the cache that we may write to.
        return cast(_F, njit(function, **options))


def reordered(function: _F) -> _F:
    """Compile a function in which the order of a sum does not matter."""
    return compiled(function, frozenset({"contract", "reassoc"}))
