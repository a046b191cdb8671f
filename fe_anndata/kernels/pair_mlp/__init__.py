"""The network of the concat decoder: its values, and the one operation that trains it.

``network``
    Values on pairs and on tiles, its first layer split. Plain torch, for prediction.
``gradients``
    What a kernel returns, and what all kernels share.
``reference``
    Loss and all gradients on a tile, by autograd: the numerics of record.
"""

from __future__ import annotations

from .gradients import Gradients
from .network import ACTIVATIONS, Layers, pairs, tile

__all__ = ["ACTIVATIONS", "Gradients", "Layers", "pairs", "tile"]
