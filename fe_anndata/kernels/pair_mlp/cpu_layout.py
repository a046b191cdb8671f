"""Where the numbers of a tile lie in memory, and the way there and back.

The last feature of a layer, after those of the network, is always 1 and carries the bias. Groups
of entries are those of :mod:`.small_matrix_product`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
import torch

from ..compiled import Floats, Ints, compiled
from .small_matrix_product import KEPT, LANES, MAX_DELTAS, MAX_ROWS

GROUPS = 32
"""Groups of entries in a sub-tile: with 16 lanes, the activations of [100, 50, 50] fill 400 KB."""
CACHE_LINE = 16
"""Numbers in a cache line."""

# Columns of the table of layers: how many features a layer has, how far apart its groups are, and
# where its numbers begin: kept activations and deltas in the workspace, packed weights of either
# direction, and gradients.
WIDTH, STEP, KEPT_AT, DELTAS_AT, FORWARD, BACKWARD, GRADIENT = range(7)


@lru_cache
def lay_out(widths: tuple[int, ...]) -> tuple[Ints, list[int]]:
    """Return where each layer's numbers begin, counted in floats, and how many there are.

    In the workspace, the deltas of a layer follow its kept activations.
    """
    table = np.zeros((len(widths), 7), np.int64)
    ends = np.zeros(7, np.int64)
    for row, width, above in zip(table, widths, [*widths[1:], 0], strict=True):
        features = -(-(width + 1) // KEPT) * KEPT
        # An odd number of cache lines, so that groups do not fall on the same places of a cache.
        step = (-(-features * LANES // CACHE_LINE) | 1) * CACHE_LINE
        row[:] = ends
        row[WIDTH], row[STEP] = width, step
        row[DELTAS_AT] = row[KEPT_AT] + GROUPS * step
        ends[KEPT_AT] += 2 * GROUPS * step
        ends[FORWARD] += above * (width + 1)
        ends[BACKWARD] += above * width
        ends[GRADIENT] += -(-above // MAX_DELTAS) * MAX_DELTAS * features
    return table, ends.tolist()


def zeros(*shapes: tuple[int, ...]) -> list[Floats]:
    """Return zeros of these shapes in one piece of memory, each at the start of a cache line."""
    sizes = [math.prod(shape) for shape in shapes]
    starts = list(accumulate((-(-n // CACHE_LINE) * CACHE_LINE for n in sizes), initial=0))
    # Of torch, since numpy does not promise where a piece of memory begins.
    memory = torch.zeros(starts[-1]).numpy()
    return [
        memory[start : start + n].reshape(shape)
        for start, n, shape in zip(starts, sizes, shapes, strict=False)
    ]


@compiled
def to_groups(b: Floats, groups: Floats) -> None:
    """Write the rows of `b` as groups: each row becomes a lane."""
    for g in range(len(b)):
        at, lane = divmod(g, LANES)
        for j in range(b.shape[1]):
            groups[at, j * LANES + lane] = b[g, j]


@compiled
def from_groups(groups: Floats, scale: Any, b: Floats) -> None:
    """Read rows from groups, and scale them."""
    for g in range(len(b)):
        at, lane = divmod(g, LANES)
        for j in range(b.shape[1]):
            b[g, j] = scale * groups[at, j * LANES + lane]


@compiled
def pack(weight: Floats, bias: Floats, forward: Floats, backward: Floats) -> None:
    """Write a layer in the order in which `multiply` reads it, block by block of rows.

    Within a block, the weights of one column follow each other. `forward` takes the weights and the
    bias, `backward` the transposed weights.
    """
    rows, columns = weight.shape
    at = 0
    blocks = -(-rows // MAX_ROWS)
    for block in range(blocks):
        start, stop = rows * block // blocks, rows * (block + 1) // blocks
        for p in range(columns):
            for r in range(start, stop):
                forward[at] = weight[r, p]
                at += 1
        for r in range(start, stop):
            forward[at] = bias[r]
            at += 1
    at = 0
    blocks = -(-columns // MAX_ROWS)
    for block in range(blocks):
        for p in range(rows):
            for c in range(columns * block // blocks, columns * (block + 1) // blocks):
                backward[at] = weight[p, c]
                at += 1


@compiled
def unpack(blocks: Floats, scale: Any, weight: Floats, bias: Floats) -> None:
    """Read the gradient of a weight and its bias from the blocks of `correlate`."""
    rows, columns = weight.shape
    n_blocks = -(-rows // MAX_DELTAS)
    features = -(-(columns + 1) // KEPT) * KEPT
    for block in range(n_blocks):
        start, stop = rows * block // n_blocks, rows * (block + 1) // n_blocks
        for r in range(start, stop):
            at = block * features * MAX_DELTAS + r - start
            for c in range(columns):
                weight[r, c] = scale * blocks[at + c * MAX_DELTAS]
            bias[r] = scale * blocks[at + columns * MAX_DELTAS]
