"""From which loss on a sample is unlike those that were trained on."""

from __future__ import annotations

import numpy as np

FAR = 5.0
"""From how many spreads above the middle on it is."""


def loss_limit(losses: np.ndarray) -> float:
    """Return the loss above which a sample is unlike these; infinity if none of them is known."""
    losses = losses[np.isfinite(losses)]
    if not len(losses):
        return float("inf")
    middle = float(np.median(losses))
    return middle + FAR * 1.4826 * float(np.median(np.abs(losses - middle)))
