"""Arrays of a run that come from a file."""

from __future__ import annotations

from typing import Any

import numpy as np


def require_array(found: Any, shape: tuple[int, ...], what: str) -> None:
    """Raise ValueError if something is no array of finite numbers of a shape."""
    array = np.asarray(found)
    if array.dtype.kind not in "fiu" or array.shape != shape:
        raise ValueError(
            f"{what} of the run has shape {array.shape} of {array.dtype}, but numbers of shape "
            f"{shape} belong there: it is damaged; begin again."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{what} of the run is not finite: it is damaged; begin again.")
