"""Loss and all gradients on a tile in one compiled pass: the kernel for processors.

The first layer is split (see :mod:`.network`), which leaves a vector for each sample and one for
each gene. The tile is then visited in sub-tiles of a few samples and genes, whose activations stay
in the cache. In a sub-tile two groups of entries at a time are taken forward, compared with their
values and taken backward; then the gradients of the weights are added up for all of it. Groups and
products are those of :mod:`.small_matrix_product`. Each layer has one more feature, which is always
1 and carries the bias.

The tile is cut into pieces. Each thread takes the next one when it is free, so that a busy core
delays only the piece it works on. What the pieces share is summed at the end, in the order of the
pieces: the result depends on the number of threads, and on nothing else.
"""

from __future__ import annotations

import threading

import numpy as np
import torch
from torch import Tensor

from ..compiled import Floats
from ..workers import in_parallel, number
from . import reference
from .cpu_layout import (
    BACKWARD,
    FORWARD,
    GRADIENT,
    KEPT_AT,
    from_groups,
    lay_out,
    pack,
    to_groups,
    unpack,
    zeros,
)
from .cpu_sweep import ACROSS, sweep
from .gradients import Gradients
from .network import Layers
from .small_matrix_product import LANES

PIECES = 4
"""Pieces per thread."""


def loss_and_gradients(
    u: Tensor,
    v: Tensor,
    layers: Layers,
    activation: str,
    values: Tensor,
    bounds: tuple[float, float] | None = None,
) -> Gradients:
    """Return the mean squared error and its gradients; see :mod:`.gradients`."""
    if len(layers) == 1:
        # These are only sums, which autograd computes as fast as memory allows.
        return reference.loss_and_gradients(u, v, layers, activation, values, bounds)
    with torch.no_grad():
        layers = [(weight.detach(), bias.detach()) for weight, bias in layers]
        weight, bias = layers[0]
        d = u.shape[1]
        a = u @ weight[:, :d].T
        b = torch.addmm(bias, v, weight[:, d:].T)
        loss, a_bar, b_bar, rest = _tile(a, b, layers[1:], activation, values, bounds)
        first = torch.empty(weight.shape)
        torch.mm(a_bar.T, u, out=first[:, :d])
        torch.mm(b_bar.T, v, out=first[:, d:])
        rest.insert(0, (first, b_bar.sum(dim=0)))
        return Gradients(loss, a_bar @ weight[:, :d], b_bar @ weight[:, d:], rest)


def _tile(
    a: Tensor,
    b: Tensor,
    layers: Layers,
    activation: str,
    values: Tensor,
    bounds: tuple[float, float] | None,
) -> tuple[float, Tensor, Tensor, list[tuple[Tensor, Tensor]]]:
    """Return loss and gradients of the network after its first layer, on all pairs of rows."""
    if len(a) > len(b):
        # Groups run along b: the longer side leaves fewer lanes empty and is easier to split.
        loss, b_bar, a_bar, rest = _tile(b, a, layers, activation, values.T, bounds)
        return loss, a_bar, b_bar, rest
    # The compiled code reads rows that lie one after the other.
    values = values.contiguous()
    n, m, width = len(a), len(b), a.shape[1]
    threads = number()
    n_groups = -(-m // LANES)
    table, sizes = lay_out((width, *(len(bias) for _, bias in layers)))
    # One thread needs one piece. Several threads need some to spare, each of them at least as wide
    # as a sub-tile.
    pieces = PIECES * threads if threads > 1 else 1
    across = max(1, min(n_groups // ACROSS, pieces))
    down = min(n, -(-pieces // across))
    pieces = across * down
    by_group, forward, backward, per_sample, per_group, gradients = zeros(
        (n_groups, width * LANES),
        (sizes[FORWARD],),
        (sizes[BACKWARD],),
        (across, n, width),
        (down, n_groups, width * LANES),
        (pieces, sizes[GRADIENT]),
    )
    to_groups(b.numpy(), by_group)
    for row, (weight, bias) in zip(table, layers, strict=False):
        plain = weight.contiguous().numpy(), bias.contiguous().numpy()
        pack(*plain, forward[row[FORWARD] :], backward[row[BACKWARD] :])
    squares, entries = np.zeros(pieces), np.zeros(pieces, np.int64)
    minimum, maximum = (0.0, 0.0) if bounds is None else bounds
    output = np.float32((minimum + maximum) / 2), np.float32((maximum - minimum) / 2)

    def run(piece: int) -> None:
        i, j = divmod(piece, across)
        squares[piece], entries[piece] = sweep(
            (
                n * i // down,
                n * (i + 1) // down,
                n_groups * j // across,
                n_groups * (j + 1) // across,
            ),
            a.numpy(),
            by_group,
            values.numpy(),
            (table, forward, backward, activation == "tanh"),
            (bounds is not None, *output),
            _workspace(sizes[KEPT_AT]),
            (per_sample[j], per_group[i], gradients[piece]),
        )

    in_parallel(run, pieces)
    n_entries = int(entries.sum())
    scale = np.float32(2 / max(n_entries, 1))
    of_samples = _total(per_sample)
    of_samples *= scale
    (of_genes,) = zeros((m, width))
    from_groups(_total(per_group), scale, of_genes)
    gradient, rest = _total(gradients), []
    for (weight, bias), row in zip(layers, table, strict=False):
        found = np.empty(weight.shape, np.float32), np.empty(bias.shape, np.float32)
        unpack(gradient[row[GRADIENT] :], scale, *found)
        rest.append((torch.from_numpy(found[0]), torch.from_numpy(found[1])))
    loss = float(squares.sum()) / n_entries if n_entries else float("nan")
    return loss, torch.from_numpy(of_samples), torch.from_numpy(of_genes), rest


def _total(parts: Floats) -> Floats:
    """Return the sum of the parts, in their order."""
    total: Floats = parts[0] if len(parts) == 1 else parts.sum(axis=0)
    return total


_own = threading.local()


def _workspace(size: int) -> Floats:
    """Return memory of this thread, which it keeps: fresh memory is slow at first."""
    if not hasattr(_own, "workspace") or len(_own.workspace) < size:
        (_own.workspace,) = zeros((size,))
    workspace: Floats = _own.workspace
    return workspace
