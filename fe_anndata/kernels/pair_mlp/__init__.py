"""The network of the concat decoder: its values, and the loss and gradients that train it.

``network``
    Values on pairs and on tiles, its first layer split. Plain torch, for prediction.
``gradients``
    What a kernel takes and returns.
``choice``
    Which kernel runs, and what takes its place if it cannot.
``parts``
    Tiles that are too large for the memory.
``reference``
    Loss and all gradients on a tile, by autograd: the numerics of record.
``cpu``, ``triton``
    The same in one pass, compiled for processors and for GPUs.
``cpu_sweep``, ``cpu_layout``, ``small_matrix_product``
    What ``cpu`` is made of.
"""

from __future__ import annotations

from .choice import choose
from .gradients import Gradients, Kernel
from .network import ACTIVATIONS, Layers, gene_side, pairs, tile, tile_with_tangents

__all__ = [
    "ACTIVATIONS",
    "Gradients",
    "Kernel",
    "Layers",
    "choose",
    "gene_side",
    "pairs",
    "tile",
    "tile_with_tangents",
]
