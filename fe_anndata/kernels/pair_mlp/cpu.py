"""Loss and all gradients on a tile in one compiled pass: the kernel for processors.

The first layer is split (see :mod:`.network`) and leaves a vector per sample and one per gene. The
cells of the tile are then visited in sub-tiles of a few samples and genes, whose activations
stay in the cache: forward, error and backward for two groups of cells at a time, and for the whole
sub-tile the gradients of the weights. Groups and products are those of
:mod:`.small_matrix_product`. Each layer has one more feature, of ones, which carries the bias.

The tile is cut into pieces, which threads take in turn, so that a busy core delays only its own.
What pieces share is summed at the end in the order of the pieces: the result depends on the number
of threads, and on nothing else.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from . import reference
from .gradients import Gradients
from .network import Layers
from .small_matrix_product import (
    KEPT,
    LANES,
    MAX_DELTAS,
    MAX_ROWS,
    PLAIN,
    RELU,
    RELU_SLOPE,
    TANH_SLOPE,
    correlate,
    multiply,
)

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_F = TypeVar("_F", bound=Callable[..., Any])

GROUPS = 32
"""Groups of cells in a sub-tile: the activations of [100, 50, 50] fill 300 KB."""
ACROSS = 8
"""Groups of a sub-tile that belong to one sample, if there are so many."""
STRIP = 4 * KEPT
"""Columns of a gradient whose kept values are visited together: they fit in the first cache."""
PIECES = 4
"""Pieces per thread."""

# Columns of the table of layers: how many features, how far apart the groups are, and where in
# the workspace, the packed weights and the gradients its numbers begin.
WIDTH, STEP, KEPT_AT, DELTAS_AT, FORWARD, BACKWARD, GRADIENT = range(7)


# Sums may be contracted to multiply-adds everywhere, but reordered only where it is said.
def _compiled(function: _F, fastmath: frozenset[str] = frozenset({"contract"})) -> _F:
    options: Any = {"nogil": True, "error_model": "numpy", "fastmath": set(fastmath)}
    try:
        return cast(_F, njit(function, cache=True, **options))
    except RuntimeError:  # There is no folder for the cache that we may write to.
        return cast(_F, njit(function, **options))


def _reordered(function: _F) -> _F:
    return _compiled(function, frozenset({"contract", "reassoc"}))


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
        # Nothing to compute but sums, which autograd does as fast as memory allows.
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
        # Groups run along b: the longer side leaves fewer lanes empty, and splits better.
        loss, b_bar, a_bar, rest = _tile(b, a, layers, activation, values.T, bounds)
        return loss, a_bar, b_bar, rest
    # Compiled code is made for one order in memory only.
    values = values.contiguous()
    n, m, width = len(a), len(b), a.shape[1]
    threads = torch.get_num_threads()
    n_groups = -(-m // LANES)
    by_group = _zeros(n_groups, width * LANES)
    _to_groups(b.numpy(), by_group)
    table, sizes = _lay_out((width, *(len(bias) for _, bias in layers)))
    forward, backward = _zeros(sizes[FORWARD]), _zeros(sizes[BACKWARD])
    for row, (weight, bias) in zip(table, layers, strict=False):
        plain = weight.contiguous().numpy(), bias.contiguous().numpy()
        _pack(*plain, forward[row[FORWARD] :], backward[row[BACKWARD] :])

    # One thread needs one piece; more need some to spare, in which whole sub-tiles fit.
    pieces = PIECES * threads if threads > 1 else 1
    across = max(1, min(n_groups // ACROSS, pieces))
    down = min(n, -(-pieces // across))
    per_sample = _zeros(across, n, width)
    per_group = _zeros(down, n_groups, width * LANES)
    gradients = _zeros(across * down, sizes[GRADIENT])
    squares, cells = np.zeros(across * down), np.zeros(across * down, np.int64)
    minimum, maximum = (0.0, 0.0) if bounds is None else bounds

    def run(piece: int, workspace: Floats) -> None:
        i, j = divmod(piece, across)
        squares[piece], cells[piece] = _sweep(
            n * i // down,
            n * (i + 1) // down,
            n_groups * j // across,
            n_groups * (j + 1) // across,
            a.numpy(),
            by_group,
            values.numpy(),
            table,
            forward,
            backward,
            activation == "tanh",
            bounds is not None,
            np.float32((minimum + maximum) / 2),
            np.float32((maximum - minimum) / 2),
            workspace,
            per_sample[j],
            per_group[i],
            gradients[piece],
        )

    _share(run, across * down, threads, int(sizes[KEPT_AT]))
    n_cells = int(cells.sum())
    scale = 2 / max(n_cells, 1)
    a_bar = torch.from_numpy(_total(per_sample)).mul_(scale)
    b_bar = torch.empty(m, width)
    _from_groups(_total(per_group), np.float32(scale), b_bar.numpy())
    gradient, rest = _total(gradients), []
    for (weight, bias), row in zip(layers, table, strict=False):
        found = torch.empty(weight.shape), torch.empty(bias.shape)
        blocks = gradient[row[GRADIENT] :]
        _unpack(blocks, np.float32(scale), found[0].numpy(), found[1].numpy())
        rest.append(found)
    loss = float(squares.sum()) / n_cells if n_cells else float("nan")
    return loss, a_bar, b_bar, rest


@lru_cache
def _lay_out(widths: tuple[int, ...]) -> tuple[Ints, Ints]:
    """Return where each layer's numbers begin, counted in floats, and how many there are.

    The kept activations and the deltas of a layer share the workspace.
    """
    table = np.zeros((len(widths), 7), np.int64)
    ends = np.zeros(7, np.int64)
    for row, width, above in zip(table, widths, [*widths[1:], 0], strict=True):
        features = -(-(width + 1) // KEPT) * KEPT
        # An odd number of cache lines, so that groups do not fall on the same places of a cache.
        step = (-(-features * LANES // 16) | 1) * 16
        row[:] = ends
        row[WIDTH], row[STEP] = width, step
        row[DELTAS_AT] = row[KEPT_AT] + GROUPS * step
        ends[KEPT_AT] += 2 * GROUPS * step
        ends[FORWARD] += above * (width + 1)
        ends[BACKWARD] += above * width
        ends[GRADIENT] += -(-above // MAX_DELTAS) * MAX_DELTAS * features
    return table, ends


def _zeros(*shape: int) -> Floats:
    """Return zeros whose first one begins a cache line, which numpy does not promise."""
    zeros: Floats = torch.zeros(*(int(n) for n in shape)).numpy()
    return zeros


def _total(parts: Floats) -> Floats:
    """Return the sum of the parts, in their order."""
    total: Floats = parts[0] if len(parts) == 1 else parts.sum(axis=0)
    return total


_own = threading.local()


def _share(
    run: Callable[[int, Floats], None], pieces: int, threads: int, workspace_size: int
) -> None:
    """Run all pieces, each thread taking the next one when it is free."""
    following = itertools.count()

    def work() -> None:
        # A thread keeps its workspace, since fresh memory is slow at first.
        if not hasattr(_own, "workspace") or len(_own.workspace) < workspace_size:
            _own.workspace = _zeros(workspace_size)
        while (piece := next(following)) < pieces:
            run(piece, _own.workspace)

    helpers = min(threads, pieces) - 1
    started = [_pool(threads, os.getpid()).submit(work) for _ in range(helpers)]
    work()
    for helper in started:
        # Nothing is left for one that found no free processor until now.
        if not helper.cancel():
            helper.result()


@lru_cache(maxsize=1)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    # Numba's own threads would be a second pool that spins against torch's. These sleep when idle.
    # Threads do not survive a fork, so that a new process has its own.
    return ThreadPoolExecutor(threads, thread_name_prefix="fe_anndata")


@_compiled
def _sweep(
    first_sample: int,
    last_sample: int,
    first_group: int,
    last_group: int,
    a: Floats,
    b: Floats,
    values: Floats,
    table: Ints,
    forward: Floats,
    backward: Floats,
    is_tanh: bool,
    is_bounded: bool,
    middle: Any,
    half: Any,
    workspace: Floats,
    a_bar: Floats,
    b_bar: Floats,
    gradients: Floats,
) -> tuple[float, int]:
    """Add the gradients of a piece, and return its sum of squares and number of cells."""
    last = len(table) - 1
    n_first = table[0, WIDTH] * LANES
    # The features of ones, which carry the biases.
    for layer in range(last):
        for t in range(GROUPS):
            at = _place(table, layer, KEPT_AT, t) + table[layer, WIDTH] * LANES
            workspace[at : at + LANES] = 1

    samples = min(GROUPS // min(ACROSS, last_group - first_group), last_sample - first_sample)
    groups = GROUPS // samples
    # The samples' numbers, each one in all lanes, and the sums of their deltas.
    wide = np.empty((samples, n_first), np.float32)
    wide_bar = np.empty((samples, n_first), np.float32)
    squares, cells = 0.0, 0
    parts = -(-(last_group - first_group) // groups)
    for part in range(parts):
        g0 = first_group + (last_group - first_group) * part // parts
        n_groups = first_group + (last_group - first_group) * (part + 1) // parts - g0
        for s0 in range(first_sample, last_sample, samples):
            n_samples = min(samples, last_sample - s0)
            for i in range(n_samples):
                _spread(a[s0 + i], wide[i])
            wide_bar[:] = 0
            n = n_samples * n_groups
            for t in range(0, n, 2):
                for t_one in range(t, t + 2):
                    # An odd last group gets a partner, which repeats it and does not count.
                    i, g = divmod(min(t_one, n - 1), n_groups)
                    at = _place(table, 0, KEPT_AT, t_one)
                    _first(wide[i], b[g0 + g], is_tanh, workspace[at : at + n_first])
                _forward(table, t, forward, is_tanh, workspace)
                for t_one in range(t, t + 2):
                    at = _place(table, last, DELTAS_AT, t_one)
                    y = workspace[at : at + LANES]
                    if t_one == n:
                        y[:] = 0
                        continue
                    i, g = divmod(t_one, n_groups)
                    more, seen = _errors(
                        y, values, s0 + i, (g0 + g) * LANES, is_bounded, middle, half
                    )
                    squares += more
                    cells += seen
                _backward(table, t, backward, is_tanh, workspace)
                for t_one in range(t, min(t + 2, n)):
                    i, g = divmod(t_one, n_groups)
                    at = _place(table, 0, DELTAS_AT, t_one - t)
                    _add(workspace[at : at + n_first], wide_bar[i], b_bar[g0 + g])
            _correlate_layers(table, n + n % 2, workspace, gradients)
            for i in range(n_samples):
                _gather(wide_bar[i], a_bar[s0 + i])
    return squares, cells


@_compiled
def _place(table: Ints, layer: int, column: int, t: int) -> int:
    """Return where a group begins in the workspace."""
    place: int = table[layer, column] + t * table[layer, STEP]
    return place


@_compiled
def _forward(table: Ints, t: int, weights: Floats, is_tanh: bool, workspace: Floats) -> None:
    """Evaluate the layers for groups t and t + 1; the outputs go where their deltas will be."""
    last = len(table) - 1
    for layer in range(1, last + 1):
        below = layer - 1
        at = _place(table, layer, KEPT_AT if layer < last else DELTAS_AT, t)
        _product(
            _address(weights, table[below, FORWARD]),
            table[layer, WIDTH],
            table[below, WIDTH] + 1,
            _address(workspace, _place(table, below, KEPT_AT, t)),
            4 * table[below, STEP],
            _address(workspace, at),
            4 * table[layer, STEP],
            PLAIN if is_tanh or layer == last else RELU,
            0,
        )
        if is_tanh and layer < last:
            for start in (at, at + table[layer, STEP]):
                _tanh(workspace[start : start + table[layer, WIDTH] * LANES])


@_compiled
def _backward(table: Ints, t: int, weights: Floats, is_tanh: bool, workspace: Floats) -> None:
    """Bring the deltas of groups t and t + 1 from the output down to the first layer."""
    for layer in range(len(table) - 2, -1, -1):
        above = layer + 1
        # The first layer's deltas are added up at once, and need no room for every group.
        to = t if layer else 0
        _product(
            _address(weights, table[layer, BACKWARD]),
            table[layer, WIDTH],
            table[above, WIDTH],
            _address(workspace, _place(table, above, DELTAS_AT, t)),
            4 * table[above, STEP],
            _address(workspace, _place(table, layer, DELTAS_AT, to)),
            4 * table[layer, STEP],
            TANH_SLOPE if is_tanh else RELU_SLOPE,
            _address(workspace, _place(table, layer, KEPT_AT, t)),
        )


@_compiled
def _correlate_layers(table: Ints, groups: int, workspace: Floats, gradients: Floats) -> None:
    """Add the gradients of the weights over a sub-tile."""
    for layer in range(len(table) - 1):
        above = layer + 1
        _correlate_layer(
            _address(workspace, table[above, DELTAS_AT]),
            table[above, WIDTH],
            4 * table[above, STEP],
            _address(workspace, table[layer, KEPT_AT]),
            table[layer, WIDTH] + 1,
            4 * table[layer, STEP],
            groups,
            _address(gradients, table[layer, GRADIENT]),
        )


@_compiled
def _address(numbers: Floats, at: int) -> int:
    """Return the address of a number; numba would else mix signed and unsigned to a float."""
    return np.int64(numbers.ctypes.data) + 4 * at  # type: ignore[return-value]


@_compiled
def _spread(a: Floats, wide: Floats) -> None:
    """Write the numbers of a sample, each one to all lanes."""
    lanes = wide.reshape(len(a), LANES)
    for j in range(len(a)):
        for lane in range(LANES):
            lanes[j, lane] = a[j]


@_reordered
def _gather(wide_bar: Floats, a_bar: Floats) -> None:
    """Add up the lanes."""
    lanes = wide_bar.reshape(len(a_bar), LANES)
    for j in range(len(a_bar)):
        total = np.float32(0)
        for lane in range(LANES):
            total += lanes[j, lane]
        a_bar[j] += total


@_compiled
def _first(wide: Floats, b: Floats, is_tanh: bool, out: Floats) -> None:
    """Write the first activations of a group of cells."""
    if is_tanh:
        for k in range(len(out)):
            out[k] = wide[k] + b[k]
        _tanh(out)
    else:
        for k in range(len(out)):
            x = wide[k] + b[k]
            out[k] = np.float32(0) if x < 0 else x


@_compiled
def _add(deltas: Floats, wide_bar: Floats, b_bar: Floats) -> None:
    """Add the first layer's deltas of a group of cells."""
    for k in range(len(deltas)):
        wide_bar[k] += deltas[k]
        b_bar[k] += deltas[k]


@_compiled
def _tanh(x: Floats) -> None:
    """Replace numbers by their hyperbolic tangent: a quotient of polynomials, which vectorises."""
    f = np.float32
    for i in range(len(x)):
        z = x[i]
        z = f(7.9053111) if z > f(7.9053111) else z
        z = f(-7.9053111) if z < f(-7.9053111) else z
        q = z * z
        top = f(2.00018790482477e-13) + q * f(-2.76076847742355e-16)
        top = f(-8.60467152213735e-11) + q * top
        top = f(5.12229709037114e-08) + q * top
        top = f(1.48572235717979e-05) + q * top
        top = f(6.37261928875436e-04) + q * top
        top = f(4.89352455891786e-03) + q * top
        bottom = f(1.18534705686654e-04) + q * f(1.19825839466702e-06)
        bottom = f(2.26843463243900e-03) + q * bottom
        bottom = f(4.89352518554385e-03) + q * bottom
        x[i] = z * top / bottom


@_compiled
def _errors(
    y: Floats,
    values: Floats,
    s: int,
    first: int,
    is_bounded: bool,
    middle: Any,
    half: Any,
) -> tuple[float, int]:
    """Turn the outputs of a group into the gradients of half their squared errors."""
    squares, cells = 0.0, 0
    if is_bounded:
        # minimum + (maximum - minimum) sigmoid(y) = middle + half tanh(y / 2)
        for lane in range(LANES):
            y[lane] *= np.float32(0.5)
        _tanh(y)
    for lane in range(LANES):
        out, g = y[lane], first + lane
        value = values[s, g] if g < values.shape[1] else np.float32(np.nan)
        if np.isnan(value):
            y[lane] = 0
            continue
        cells += 1
        if is_bounded:
            error = middle + half * out - value
            y[lane] = error * half * np.float32(0.5) * (np.float32(1) - out * out)
        else:
            error = out - value
            y[lane] = error
        squares += np.float64(error) * np.float64(error)
    return squares, cells


@_compiled
def _to_groups(b: Floats, groups: Floats) -> None:
    """Write rows as groups."""
    for g in range(len(b)):
        at, lane = divmod(g, LANES)
        for j in range(b.shape[1]):
            groups[at, j * LANES + lane] = b[g, j]


@_compiled
def _from_groups(groups: Floats, scale: Any, b: Floats) -> None:
    """Read rows from groups, scaled."""
    for g in range(len(b)):
        at, lane = divmod(g, LANES)
        for j in range(b.shape[1]):
            b[g, j] = scale * groups[at, j * LANES + lane]


@_compiled
def _pack(weight: Floats, bias: Floats, forward: Floats, backward: Floats) -> None:
    """Write a layer in the order in which `multiply` reads it: blocks of rows, transposed."""
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


@_compiled
def _unpack(blocks: Floats, scale: Any, weight: Floats, bias: Floats) -> None:
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


@_compiled
def _product(
    weights: int,
    rows: int,
    depth: int,
    x: int,
    x_step: int,
    out: int,
    out_step: int,
    change: int,
    by: int,
) -> None:
    """Multiply packed weights with two groups of cells."""
    blocks = -(-rows // MAX_ROWS)
    x2 = x + x_step
    for block in range(blocks):
        r = rows * block // blocks
        n = rows * (block + 1) // blocks - r
        w = weights + 4 * r * depth
        skip = 4 * LANES * r
        o, o2, k, k2 = out + skip, out + out_step + skip, by + skip, by + out_step + skip
        if n == 6:
            multiply(6, w, depth, x, x2, o, o2, change, k, k2)
        elif n == 5:
            multiply(5, w, depth, x, x2, o, o2, change, k, k2)
        elif n == 4:
            multiply(4, w, depth, x, x2, o, o2, change, k, k2)
        elif n == 3:
            multiply(3, w, depth, x, x2, o, o2, change, k, k2)
        elif n == 2:
            multiply(2, w, depth, x, x2, o, o2, change, k, k2)
        else:
            multiply(1, w, depth, x, x2, o, o2, change, k, k2)


@_compiled
def _correlate_layer(
    deltas: int,
    rows: int,
    deltas_step: int,
    kept: int,
    columns: int,
    kept_step: int,
    groups: int,
    total: int,
) -> None:
    """Add the gradient of a layer's weights."""
    blocks = -(-rows // MAX_DELTAS)
    features = -(-columns // KEPT) * KEPT
    for strip in range(0, columns, STRIP):
        for block in range(blocks):
            r = rows * block // blocks
            n = rows * (block + 1) // blocks - r
            d = deltas + 4 * LANES * r
            for c in range(strip, min(strip + STRIP, columns), KEPT):
                k = kept + 4 * LANES * c
                at = total + 4 * MAX_DELTAS * (block * features + c)
                if n == 4:
                    correlate(4, d, k, groups, deltas_step, kept_step, at)
                elif n == 3:
                    correlate(3, d, k, groups, deltas_step, kept_step, at)
                elif n == 2:
                    correlate(2, d, k, groups, deltas_step, kept_step, at)
                else:
                    correlate(1, d, k, groups, deltas_step, kept_step, at)
