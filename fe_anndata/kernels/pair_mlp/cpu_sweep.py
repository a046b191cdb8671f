"""The compiled pass over a piece of a tile: forward, errors, backward, gradients of weights.

A sub-tile is a few samples x a few groups of genes. Its groups are numbered sample by sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiled import Floats, Ints, compiled, reordered
from .cpu_layout import BACKWARD, DELTAS_AT, FORWARD, GRADIENT, GROUPS, KEPT_AT, STEP, WIDTH
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

ACROSS = 8
"""How many groups of a sub-tile belong to one sample, if the piece has so many."""
STRIP = 4 * KEPT
"""Columns of a gradient that are computed together: their kept values fit in the first cache."""


@compiled
def sweep(
    piece: tuple[int, int, int, int],
    a: Floats,
    b: Floats,
    values: Floats,
    network: tuple[Ints, Floats, Floats, bool],
    output: tuple[bool, Any, Any],
    workspace: Floats,
    sums: tuple[Floats, Floats, Floats],
) -> tuple[float, int]:
    """Add the gradients of a piece, and return its sum of squares and number of entries.

    `piece` holds its first and last sample and group; `network` the table of layers, the packed
    weights forward and backward, and whether it has tanh; `output` whether it is bounded, its
    middle and half its range; `sums` the gradients of samples, of genes and of weights.
    """
    first_sample, last_sample, first_group, last_group = piece
    table, forward, backward, is_tanh = network
    is_bounded, middle, half = output
    a_bar, b_bar, gradients = sums
    last = len(table) - 1
    n_first = table[0, WIDTH] * LANES
    # The features that are always 1 and carry the biases.
    for layer in range(last):
        for t in range(GROUPS):
            at = _place(table, layer, KEPT_AT, t) + table[layer, WIDTH] * LANES
            workspace[at : at + LANES] = 1

    samples = min(GROUPS // min(ACROSS, last_group - first_group), last_sample - first_sample)
    groups = GROUPS // samples
    # Each number of a sample, repeated in all lanes; and the sums of its deltas, lane by lane.
    wide = np.empty((samples, n_first), np.float32)
    wide_bar = np.empty((samples, n_first), np.float32)
    squares, entries = 0.0, 0
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
                    # If the number of groups is odd, the last one is repeated; the copy gets no
                    # error, and so adds nothing.
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
                    entries += seen
                _backward(table, t, backward, is_tanh, workspace)
                for t_one in range(t, min(t + 2, n)):
                    i, g = divmod(t_one, n_groups)
                    at = _place(table, 0, DELTAS_AT, t_one - t)
                    _add(workspace[at : at + n_first], wide_bar[i], b_bar[g0 + g])
            _correlate(table, n + n % 2, workspace, gradients)
            for i in range(n_samples):
                _gather(wide_bar[i], a_bar[s0 + i])
    return squares, entries


@compiled
def _place(table: Ints, layer: int, column: int, t: int) -> int:
    """Return where a group begins in the workspace."""
    place: int = table[layer, column] + t * table[layer, STEP]
    return place


@compiled
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


@compiled
def _backward(table: Ints, t: int, weights: Floats, is_tanh: bool, workspace: Floats) -> None:
    """Bring the deltas of groups t and t + 1 from the output down to the first layer."""
    for layer in range(len(table) - 2, -1, -1):
        above = layer + 1
        # The first layer's deltas are added up at once, so they all use the room of group 0.
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


@compiled
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
    """Multiply packed weights with two groups of entries."""
    blocks = -(-rows // MAX_ROWS)
    for block in range(blocks):
        r = rows * block // blocks
        n = rows * (block + 1) // blocks - r
        w, skip = weights + 4 * r * depth, 4 * LANES * r
        multiply(n, w, depth, x, x_step, out + skip, out_step, change, by + skip)


@compiled
def _correlate(table: Ints, groups: int, workspace: Floats, gradients: Floats) -> None:
    """Add the gradients of the weights over a sub-tile."""
    for layer in range(len(table) - 1):
        above = layer + 1
        rows, columns = table[above, WIDTH], table[layer, WIDTH] + 1
        deltas, deltas_step = _address(workspace, table[above, DELTAS_AT]), 4 * table[above, STEP]
        kept, kept_step = _address(workspace, table[layer, KEPT_AT]), 4 * table[layer, STEP]
        total = _address(gradients, table[layer, GRADIENT])
        blocks = -(-rows // MAX_DELTAS)
        features = -(-columns // KEPT) * KEPT
        for strip in range(0, columns, STRIP):
            for block in range(blocks):
                r = rows * block // blocks
                n = rows * (block + 1) // blocks - r
                d = deltas + 4 * LANES * r
                for c in range(strip, min(strip + STRIP, columns), KEPT):
                    k = kept + 4 * LANES * c
                    to = total + 4 * MAX_DELTAS * (block * features + c)
                    correlate(n, d, k, groups, deltas_step, kept_step, to)


@compiled
def _address(numbers: Floats, at: int) -> int:
    """Return the address of a number, signed: numba adds signed and unsigned integers as floats."""
    return np.int64(numbers.ctypes.data) + 4 * at  # type: ignore[return-value]


@compiled
def _spread(a: Floats, wide: Floats) -> None:
    """Write the numbers of a sample, each of them to all lanes."""
    lanes = wide.reshape(len(a), LANES)
    for j in range(len(a)):
        for lane in range(LANES):
            lanes[j, lane] = a[j]


@reordered
def _gather(wide_bar: Floats, a_bar: Floats) -> None:
    """Add up the lanes."""
    lanes = wide_bar.reshape(len(a_bar), LANES)
    for j in range(len(a_bar)):
        total = np.float32(0)
        for lane in range(LANES):
            total += lanes[j, lane]
        a_bar[j] += total


@compiled
def _first(wide: Floats, b: Floats, is_tanh: bool, out: Floats) -> None:
    """Write the first activations of a group of entries."""
    if is_tanh:
        for k in range(len(out)):
            out[k] = wide[k] + b[k]
        _tanh(out)
    else:
        for k in range(len(out)):
            x = wide[k] + b[k]
            out[k] = np.float32(0) if x < 0 else x


@compiled
def _add(deltas: Floats, wide_bar: Floats, b_bar: Floats) -> None:
    """Add the first layer's deltas of a group of entries."""
    for k in range(len(deltas)):
        wide_bar[k] += deltas[k]
        b_bar[k] += deltas[k]


@compiled
def _tanh(x: Floats) -> None:
    """Replace numbers by their hyperbolic tangent, a quotient of polynomials."""
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


@compiled
def _errors(
    y: Floats, values: Floats, s: int, first: int, is_bounded: bool, middle: Any, half: Any
) -> tuple[float, int]:
    """Turn the outputs of a group into the gradients of half their squared errors."""
    squares, entries = 0.0, 0
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
        entries += 1
        if is_bounded:
            error = middle + half * out - value
            y[lane] = error * half * np.float32(0.5) * (np.float32(1) - out * out)
        else:
            error = out - value
            y[lane] = error
        squares += np.float64(error) * np.float64(error)
    return squares, entries
