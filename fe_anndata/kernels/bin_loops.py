"""The loops of Binning-By-Gene, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiled import exact

UNKNOWN = 65535
"""The bin of a value that is missing, or of a gene of which the reference knows no value."""
LANES = 16
"""Values that are looked up together."""
STRIDE = 16
"""A value is first compared with every so many points of a panel, then with those between."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bins = NDArray[np.uint16]


@exact
def survey_dense(
    X: Floats,
    zero: np.float32,
    expressed: NDArray[np.int64],
    extremes: NDArray[np.float64],
    same: NDArray[np.bool_],
) -> None:
    """Add what is found in some rows; `extremes` are least, zeros and infinite ones."""
    for i in range(X.shape[0]):
        low, high = np.float32(np.inf), np.float32(-np.inf)
        zeros = 0
        for j in range(X.shape[1]):
            v = X[i, j]
            known = v == v
            is_zero = v == zero
            zeros += is_zero
            expressed[j] += known and not is_zero
            low = v if v < low else low
            high = v if v > high else high
        extremes[0] = min(extremes[0], low)
        extremes[1] += zeros
        extremes[2] += high == np.inf or low == -np.inf
        same[i] = not low < high


@exact
def survey_sparse(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    data: Floats,
    zero: np.float32,
    expressed: NDArray[np.int64],
    extremes: NDArray[np.float64],
    same: NDArray[np.bool_],
) -> None:
    """Add what is found in some rows of a CSR matrix."""
    m = len(expressed)
    unstored = zero != 0  # then a value that is not stored is expressed
    if unstored:
        expressed += len(same)
    for i in range(len(same)):
        low, high = np.float32(np.inf), np.float32(-np.inf)
        zeros = 0
        first, last = indptr[i], indptr[i + 1]
        if last - first < m:
            low = high = np.float32(0)
            zeros += 0 if unstored else m - (last - first)
        for at in range(first, last):
            v = data[at]
            is_zero = v == zero
            zeros += is_zero
            expressed[indices[at]] += (v == v and not is_zero) - unstored
            low = v if v < low else low
            high = v if v > high else high
        extremes[0] = min(extremes[0], low)
        extremes[1] += zeros
        extremes[2] += high == np.inf or low == -np.inf
        same[i] = not low < high


@exact
def gather_dense(
    X: Floats,
    zero: np.float32,
    first: int,
    place: NDArray[np.int64],
    ends: NDArray[np.int64],
    held: Floats,
) -> None:
    """Write the expressed values of each gene, from `first` on, to its next place, if it has one.

    Places are counted on where there is none, so that it is seen afterwards.
    """
    for i in range(X.shape[0]):
        for j in range(len(place)):
            v = X[i, first + j]
            if v == v and v != zero:
                if place[j] < ends[j]:
                    held[place[j]] = v
                place[j] += 1


@exact
def gather_sparse(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    data: Floats,
    zero: np.float32,
    first: int,
    place: NDArray[np.int64],
    ends: NDArray[np.int64],
    held: Floats,
) -> None:
    """Write those of a CSR matrix."""
    seen = np.zeros(len(place), np.int64)
    for at in range(len(data)):
        j = indices[at] - first
        if 0 <= j < len(place):
            seen[j] += 1
            v = data[at]
            if v == v and v != zero:
                if place[j] < ends[j]:
                    held[place[j]] = v
                place[j] += 1
    if zero != 0:
        for j in range(len(place)):
            for _ in range(len(indptr) - 1 - seen[j]):
                if place[j] < ends[j]:
                    held[place[j]] = 0
                place[j] += 1


@exact
def quantiles(held: Floats, starts: NDArray[np.int64], values: Floats) -> None:
    """Write the points of each gene, whose sorted values stand between two of `starts`."""
    width = values.shape[1]
    for gene in range(len(values)):
        first, n = starts[gene], starts[gene + 1] - starts[gene]
        if n <= width:
            for i in range(n):
                values[gene, i] = held[first + i]
            continue
        for i in range(width):
            whole, rest = divmod(i * (n - 1), width - 1)
            low = np.float64(held[first + whole])
            high = np.float64(held[first + min(whole + 1, n - 1)])
            values[gene, i] = np.float32(low + (high - low) * (rest / (width - 1)))


@exact
def _look_up(
    v: Floats,
    genes: NDArray[np.uint64],
    n: int,
    values: Floats,
    coarse: Floats,
    points: Ints,
    n_bins: int,
    zero: np.float32,
    below: NDArray[np.int64],
    bins: Bins,
) -> None:
    """Write the bins of `n` values, each of its gene; the loops wait for memory at once."""
    width = values.shape[1]
    window, last = min(STRIDE, width), max(0, width - STRIDE)
    for k in range(n):
        count = np.int32(0)
        for i in range(coarse.shape[1]):
            count += np.int32(1) if coarse[genes[k], i] < v[k] else np.int32(0)
        below[k] = min(max(STRIDE * (np.int64(count) - 1), 0), last)
    for k in range(n):
        # All points before this window are below v, and none behind it.
        count, first = np.int32(0), np.uint64(below[k])
        if window == STRIDE:
            for i in range(STRIDE):
                at = first + np.uint64(i)
                count += np.int32(1) if values[genes[k], at] < v[k] else np.int32(0)
        else:
            for i in range(window):
                count += np.int32(1) if values[genes[k], i] < v[k] else np.int32(0)
        below[k] += count
    for k in range(n):
        n_points = points[genes[k]]
        if v[k] != v[k] or n_points < 0:
            bins[k] = UNKNOWN
        elif v[k] == zero:
            bins[k] = 0
        elif n_points <= 1:
            bins[k] = 1 if n_points else UNKNOWN
        else:
            up_to = below[k]
            if up_to < n_points and values[genes[k], np.uint64(up_to)] == v[k]:
                up_to = _up_to(values[genes[k]], up_to + 1, n_points, v[k])
            twice = min(max(below[k] + up_to - 1, 0), 2 * (n_points - 1))
            bins[k] = min(n_bins - 1, twice * (n_bins - 1) // (2 * (n_points - 1)) + 1)


@exact
def _up_to(row: Floats, low: int, high: int, v: np.float32) -> int:
    """Return how many points are not above v: at least `low`, at most `high`."""
    while low < high:
        middle = (low + high) >> 1
        if row[middle] <= v:
            low = middle + 1
        else:
            high = middle
    return low


@exact
def apply_dense(
    X: Floats,
    values: Floats,
    coarse: Floats,
    points: Ints,
    n_bins: int,
    zero: np.float32,
    bins: Bins,
) -> None:
    """Write the bin of every value."""
    m = X.shape[1]
    genes, below = np.empty(LANES, np.uint64), np.empty(LANES, np.int64)
    for first in range(0, m, LANES):  # whose panels stay in the nearest cache
        n = min(LANES, m - first)
        for k in range(n):
            genes[k] = first + k
        for i in range(len(X)):
            row = X[i, first : first + n]
            out = bins[i, first : first + n]
            _look_up(row, genes, n, values, coarse, points, n_bins, zero, below, out)


@exact
def apply_sparse(
    indices: NDArray[Any],
    data: Floats,
    values: Floats,
    coarse: Floats,
    points: Ints,
    n_bins: int,
    zero: np.float32,
    bins: Bins,
) -> None:
    """Write the bin of every value that a CSR matrix stores."""
    genes, below = np.empty(LANES, np.uint64), np.empty(LANES, np.int64)
    for first in range(0, len(data), LANES):
        n = min(LANES, len(data) - first)
        for k in range(n):
            genes[k] = indices[first + k]
        some, out = data[first : first + n], bins[first : first + n]
        _look_up(some, genes, n, values, coarse, points, n_bins, zero, below, out)
