"""The loss and gradients of the pair network by plain compiled loops, to measure them.

They are laid out so that the compiler makes vector instructions of them: a feature's values for
all entries of a sub-tile lie side by side, the number of entries is known when it compiles, widths
are padded with zeros to multiples of four, and blocks of four by four weights are multiplied at a
time.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import torch

from fe_anndata.kernels.compiled import compiled, reordered
from fe_anndata.kernels.pair_mlp.cpu_sweep import _tanh

ENTRIES = 1024
"""Entries of a sub-tile: with fewer, starting the loops costs more."""
STRIDE = ENTRIES + 16
"""From one feature to the next: not a power of two, which would fall on one place of a cache."""
UNIT = 16
"""Genes of a sub-tile are a multiple of this."""
ACROSS = 256
"""Genes of a sub-tile."""
WIDTH, KEPT_AT, WEIGHT_AT, BIAS_AT = range(4)  # columns of the table of layers


@compiled
def add_products(w, n, x, out):
    """Add to four features what four others give; `n` weights lie between two rows."""
    a0, a1, a2, a3 = w[0], w[1], w[2], w[3]
    b0, b1, b2, b3 = w[n], w[n + 1], w[n + 2], w[n + 3]
    w = w[2 * n :]
    c0, c1, c2, c3 = w[0], w[1], w[2], w[3]
    d0, d1, d2, d3 = w[n], w[n + 1], w[n + 2], w[n + 3]
    for e in range(ENTRIES):
        x0, x1, x2, x3 = x[e], x[STRIDE + e], x[2 * STRIDE + e], x[3 * STRIDE + e]
        out[e] = out[e] + a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
        out[STRIDE + e] = out[STRIDE + e] + b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
        out[2 * STRIDE + e] = out[2 * STRIDE + e] + c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
        out[3 * STRIDE + e] = out[3 * STRIDE + e] + d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3


@compiled
def multiply(w, depth, x, biases, out):
    """Compute four features from all features `x` of a layer."""
    for r in range(4):
        feature(out, r)[:] = biases[r]
    for p in range(0, depth, 4):
        add_products(w[p:], depth, x[p * STRIDE :], out)


@reordered
def add_sums(d, k, n, g):
    """Add to four by four gradients the products of deltas and kept values."""
    g00 = g01 = g02 = g03 = g10 = g11 = g12 = g13 = np.float32(0)
    g20 = g21 = g22 = g23 = g30 = g31 = g32 = g33 = np.float32(0)
    for e in range(ENTRIES):
        k0, k1, k2, k3 = k[e], k[STRIDE + e], k[2 * STRIDE + e], k[3 * STRIDE + e]
        d0, d1, d2, d3 = d[e], d[STRIDE + e], d[2 * STRIDE + e], d[3 * STRIDE + e]
        g00, g01, g02, g03 = g00 + d0 * k0, g01 + d0 * k1, g02 + d0 * k2, g03 + d0 * k3
        g10, g11, g12, g13 = g10 + d1 * k0, g11 + d1 * k1, g12 + d1 * k2, g13 + d1 * k3
        g20, g21, g22, g23 = g20 + d2 * k0, g21 + d2 * k1, g22 + d2 * k2, g23 + d2 * k3
        g30, g31, g32, g33 = g30 + d3 * k0, g31 + d3 * k1, g32 + d3 * k2, g33 + d3 * k3
    row = g
    row[0], row[1], row[2], row[3] = row[0] + g00, row[1] + g01, row[2] + g02, row[3] + g03
    row = row[n:]
    row[0], row[1], row[2], row[3] = row[0] + g10, row[1] + g11, row[2] + g12, row[3] + g13
    row = row[n:]
    row[0], row[1], row[2], row[3] = row[0] + g20, row[1] + g21, row[2] + g22, row[3] + g23
    row = row[n:]
    row[0], row[1], row[2], row[3] = row[0] + g30, row[1] + g31, row[2] + g32, row[3] + g33


@compiled
def correlate(d, rows, k, columns, g, g_bias):
    for r in range(0, rows, 4):
        for c in range(0, columns, 4):
            add_sums(d[r * STRIDE :], k[c * STRIDE :], columns, g[r * columns + c :])
    for r in range(rows):
        g_bias[r] += total(feature(d, r))


@compiled
def feature(x, j):
    return x[j * STRIDE : j * STRIDE + ENTRIES]


@reordered
def total(x):
    found = np.float32(0)
    for e in range(len(x)):
        found += x[e]
    return found


@compiled
def activate(x, is_tanh):
    if is_tanh:
        _tanh(x)
    else:
        for e in range(len(x)):
            x[e] = np.float32(0) if x[e] < 0 else x[e]


@compiled
def through(deltas, kept, is_tanh):
    """Multiply by the derivative of the activation."""
    if is_tanh:
        for e in range(ENTRIES):
            deltas[e] *= np.float32(1) - kept[e] * kept[e]
    else:
        for e in range(ENTRIES):
            deltas[e] = np.float32(0) if kept[e] <= 0 else deltas[e]


@reordered
def through_last_layer(w, y, h, deltas):
    """Take the gradient of an output to a feature, and return that of its weight."""
    found = np.float32(0)
    for e in range(ENTRIES):
        found += y[e] * h[e]
        deltas[e] = w * y[e]
    return found


@compiled
def first_layer(a, b, out, is_tanh):
    if is_tanh:
        for e in range(len(out)):
            out[e] = a + b[e]
        _tanh(out)
    else:
        for e in range(len(out)):
            x = a + b[e]
            out[e] = np.float32(0) if x < 0 else x


@reordered
def through_first_layer(deltas, b_bar):
    """Add the deltas to the gradients of a sample's genes, and return their sum."""
    found = np.float32(0)
    for e in range(len(deltas)):
        found += deltas[e]
        b_bar[e] += deltas[e]
    return found


@compiled
def errors(y, values):
    """Turn outputs into the gradients of half their squared errors."""
    squares, n = 0.0, 0
    for e in range(len(values)):
        error = y[e] - values[e]
        y[e] = 0
        if not np.isnan(values[e]):
            y[e] = error
            n += 1
            squares += np.float64(error) * np.float64(error)
    y[len(values) :] = 0
    return squares, n


@compiled
def forward(table, weights, biases, is_tanh, kept):
    for layer in range(1, len(table) - 1):
        below, h = kept[table[layer - 1, KEPT_AT] :], kept[table[layer, KEPT_AT] :]
        w, depth = weights[table[layer, WEIGHT_AT] :], table[layer - 1, WIDTH]
        bias = biases[table[layer, BIAS_AT] :]
        for r in range(0, table[layer, WIDTH], 4):
            multiply(w[r * depth :], depth, below, bias[r:], h[r * STRIDE :])
            for j in range(r, r + 4):
                activate(feature(h, j), is_tanh)


@compiled
def last_layer(table, weights, biases, kept, y):
    h, w = kept[table[-2, KEPT_AT] :], weights[table[-1, WEIGHT_AT] :]
    y[:] = biases[table[-1, BIAS_AT]]
    for j in range(table[-2, WIDTH]):
        x = feature(h, j)
        for e in range(ENTRIES):
            y[e] += w[j] * x[e]


@compiled
def backward(table, weights, transposed, is_tanh, kept, y, deltas, spare, g, g_bias):
    """Add the gradients of the weights, and return the deltas of the first layer."""
    h, at = kept[table[-2, KEPT_AT] :], table[-1, WEIGHT_AT]
    g_bias[table[-1, BIAS_AT]] += total(y)
    for j in range(table[-2, WIDTH]):
        d, x = feature(deltas, j), feature(h, j)
        g[at + j] += through_last_layer(weights[at + j], y, x, d)
        through(d, x, is_tanh)
    zeros = np.zeros(4, np.float32)
    for layer in range(len(table) - 2, 0, -1):
        rows, columns = table[layer, WIDTH], table[layer - 1, WIDTH]
        h, at = kept[table[layer - 1, KEPT_AT] :], table[layer, WEIGHT_AT]
        correlate(deltas, rows, h, columns, g[at:], g_bias[table[layer, BIAS_AT] :])
        for c in range(0, columns, 4):
            multiply(transposed[at + c * rows :], rows, deltas, zeros, spare[c * STRIDE :])
            for j in range(c, c + 4):
                through(feature(spare, j), feature(h, j), is_tanh)
        deltas, spare = spare, deltas
    return deltas


@compiled
def sweep(a, b, values, table, parameters, is_tanh, workspace, gradients):
    """Add the gradients of a tile, and return its sum of squares and number of entries."""
    weights, transposed, biases = parameters
    kept, y, deltas, spare = workspace
    a_bar, b_bar, g, g_bias = gradients
    n_groups = b.shape[1] // UNIT
    parts = -(-b.shape[1] // ACROSS)
    samples = ENTRIES // (UNIT * -(-n_groups // parts))
    squares, n = 0.0, 0
    for part in range(parts):
        g0 = n_groups * part // parts * UNIT
        across = n_groups * (part + 1) // parts * UNIT - g0
        for s0 in range(0, len(a), samples):
            n_samples = min(samples, len(a) - s0)
            for j in range(table[0, WIDTH]):
                row = feature(kept, j)
                row[n_samples * across :] = 0
                for i in range(n_samples):
                    to = row[i * across : (i + 1) * across]
                    first_layer(a[s0 + i, j], b[j, g0 : g0 + across], to, is_tanh)
            forward(table, weights, biases, is_tanh, kept)
            last_layer(table, weights, biases, kept, y)
            y[n_samples * across :] = 0
            for i in range(n_samples):
                out = y[i * across : (i + 1) * across]
                more, seen = errors(out, values[s0 + i, g0 : g0 + across])
                squares += more
                n += seen
            d = backward(table, weights, transposed, is_tanh, kept, y, deltas, spare, g, g_bias)
            for j in range(table[0, WIDTH]):
                row = feature(d, j)
                for i in range(n_samples):
                    x, to = row[i * across : (i + 1) * across], b_bar[j, g0 : g0 + across]
                    a_bar[s0 + i, j] += through_first_layer(x, to)
    return squares, n


def loss_and_gradients(u, v, layers, activation, values):
    """Return the mean squared error, and its gradients in one list."""
    (weight, bias), rest = layers[0], layers[1:]
    of_samples, of_genes = weight[:, : u.shape[1]], weight[:, u.shape[1] :]
    widths = [len(bias) for _, bias in layers]
    padded = [*(-(-width // 4) * 4 for width in widths[:-1]), 1]
    table = np.zeros((len(layers), 4), np.int64)
    table[:, WIDTH] = padded
    table[1:, KEPT_AT] = np.cumsum(padded[:-1]) * STRIDE
    table[2:, WEIGHT_AT] = np.cumsum([a * b for a, b in pairwise(padded[:-1])])
    table[2:, BIAS_AT] = np.cumsum(padded[1:-1])
    weights, transposed, biases = [], [], []
    for (w, b), rows, columns in zip(rest, padded[1:], padded[:-1], strict=True):
        whole = torch.zeros(rows, columns)
        whole[: w.shape[0], : w.shape[1]] = w
        weights.append(whole.flatten())
        transposed.append(whole.T.flatten())
        biases.append(torch.zeros(rows))
        biases[-1][: len(b)] = b
    parameters = tuple(torch.cat(x).numpy() for x in (weights, transposed, biases))
    a = torch.zeros(len(u), padded[0])
    a[:, : widths[0]] = u @ of_samples.T
    b = torch.zeros(padded[0], -(-len(v) // UNIT) * UNIT)
    b[: widths[0], : len(v)] = torch.addmm(bias, v, of_genes.T).T
    gradients = a_bar, b_bar, g, g_bias = [
        torch.zeros(x.shape) for x in (a, b, parameters[0], parameters[2])
    ]
    is_tanh, found = activation == "tanh", tuple(x.numpy() for x in gradients)
    workspace = _workspace(tuple(padded))
    squares, n = sweep(
        a.numpy(), b.numpy(), values.numpy(), table, parameters, is_tanh, workspace, found
    )
    for x in gradients:
        x *= 2 / n
    a_bar, b_bar = a_bar[:, : widths[0]], b_bar[: widths[0], : len(v)].T
    flat = [a_bar @ of_samples, b_bar @ of_genes]
    flat += [torch.cat([a_bar.T @ u, b_bar.T @ v], 1), b_bar.sum(0)]
    for row, (w, b), below in zip(table[1:], rest, padded, strict=False):
        whole = g[row[WEIGHT_AT] :][: row[WIDTH] * below].view(-1, below)
        flat += [whole[: w.shape[0], : w.shape[1]], g_bias[row[BIAS_AT] :][: len(b)]]
    return squares / n, flat


@cache
def _workspace(padded):
    """Return memory for the kept values, the outputs, and deltas twice."""
    sizes = sum(padded[:-1]) * STRIDE, ENTRIES, max(padded) * STRIDE, max(padded) * STRIDE
    return tuple(torch.zeros(size).numpy() for size in sizes)
