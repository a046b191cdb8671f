"""Binning-By-Gene: a value becomes its rank among the values of the same gene in a reference.

Of each gene the reference keeps a *panel*: its expressed values in rising order, or as many evenly
spaced quantiles of them. A new value is looked up there by two binary searches, whose mean is its
rank; twice that is a whole number, so that all arithmetic is exact. Equal values get equal bins,
and the bin of a value depends on the panel alone and on no other sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

UNKNOWN = 65535
"""The bin of a value that is missing, or of a gene of which the reference knows no value."""
NO_PANEL = -1
"""Number of points of a gene that the reference does not have."""
HELD = 1 << 27
"""Expressed values that are sorted at a time: half a gigabyte."""
LANES = 16
"""Values that are looked up together."""
STRIDE = 16
"""A value is first compared with every so many points of a panel, then with those between."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bins = NDArray[np.uint16]
Blocks = Callable[[], Iterable[tuple[slice, Any]]]
"""Gives the matrix in blocks of rows, float32 arrays or CSR matrices: which rows, and values. Each
call is a pass over all of them, as :meth:`fe_anndata.matrix.rows.Rows.blocks` gives."""
_F = TypeVar("_F", bound=Callable[..., Any])


def _compiled(function: _F) -> _F:
    """Compile a function on its first call, and keep it on disk where that is allowed.

    numba sees by itself when this file has changed, and functions here call no other file.
    """
    try:
        return cast(_F, njit(function, cache=True, nogil=True))
    except RuntimeError:  # there is no folder for the cache that we may write to
        return cast(_F, njit(function, nogil=True))


@dataclass(frozen=True)
class Survey:
    """What one pass over a matrix has found.

    Attributes
    ----------
    zero
        The value that means "not expressed".
    expressed
        How many values of each gene are expressed, int64 (m,).
    least
        Of all values; NaN if there is none.
    zeros
        How many values are `zero`.
    infinite
        How many values are infinite.
    uniform
        Rows whose values are all equal, or all missing.
    """

    zero: float
    expressed: NDArray[np.int64]
    least: float
    zeros: int
    infinite: int
    uniform: NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """What is known of the genes of a reference.

    Attributes
    ----------
    values
        Of each gene its points in rising order, float32 (m, P); NaN behind them.
    points
        How many points a gene has, int32 (m,): none if it was never expressed, and -1 if it is not
        in the reference.
    n_expressed
        How many values of the reference were expressed, int32 (m,).
    n_bins
        Number of bins, of which 0 is for what is not expressed.
    zero
        The value that means "not expressed".
    """

    values: Floats
    points: Ints
    n_expressed: Ints
    n_bins: int
    zero: float

    @cached_property
    def coarse(self) -> Floats:
        """Every so many of the points, float32."""
        return np.ascontiguousarray(self.values[:, ::STRIDE])

    def at(self, places: NDArray[np.int64]) -> Panel:
        """Return the panel of genes at these places; those at -1 are not in the reference."""
        absent = places < 0
        values, points = self.values[places], self.points[places]
        expressed = self.n_expressed[places]
        values[absent], points[absent], expressed[absent] = np.nan, NO_PANEL, 0
        return Panel(values, points, expressed, self.n_bins, self.zero)


def survey(blocks: Blocks, n_vars: int, zero: float = 0.0) -> Survey:
    """Pass once over a matrix of `n_vars` genes."""
    expressed, extremes = np.zeros(n_vars, np.int64), np.array([np.inf, 0.0, 0.0])
    uniform = [np.zeros(0, np.int64)]
    for part, block in blocks():
        same = np.zeros(block.shape[0], np.bool_)
        if sparse.issparse(block):
            arrays = block.indptr, block.indices, block.data
            _survey_sparse(*arrays, np.float32(zero), expressed, extremes, same)
        else:
            _survey_dense(block, np.float32(zero), expressed, extremes, same)
        uniform.append(part.start + np.flatnonzero(same))
    least, zeros, infinite = extremes.tolist()
    least = least if expressed.any() or zeros else np.nan
    return Survey(zero, expressed, least, int(zeros), int(infinite), np.concatenate(uniform))


def fit_panel(blocks: Blocks, found: Survey, n_bins: int = 2000, panel: int = 512) -> Panel:
    """Return the panel of a reference.

    The matrix is passed over as often as its expressed values, sorted by gene, fill half a
    gigabyte, genes after genes; no more than that and the panel is in memory beside a block.

    Parameters
    ----------
    blocks
        The reference.
    found
        What :func:`survey` found in it.
    n_bins
        Number of bins, from 2 to 65534.
    panel
        The most points of a gene, at least 2. A gene with more expressed values is known by as many
        evenly spaced quantiles, interpolated as ``numpy.quantile`` does.
    """
    counts = found.expressed
    width = int(min(panel, counts.max(initial=0)))
    values = np.full((len(counts), width), np.nan, np.float32)
    for first, last in _groups(counts):
        starts = np.concatenate([[0], np.cumsum(counts[first:last])])
        held = np.empty(starts[-1], np.float32)
        place = starts[:-1].copy()
        for _, block in blocks():
            if sparse.issparse(block):
                arrays = block.indptr, block.indices, block.data
                _gather_sparse(*arrays, np.float32(found.zero), first, place, held)
            else:
                _gather_dense(block, np.float32(found.zero), first, place, held)
        for gene in range(last - first):
            held[starts[gene] : starts[gene + 1]].sort()
        _quantiles(held, starts, values[first:last])
    points = np.minimum(counts, width).astype(np.int32)
    return Panel(values, points, counts.astype(np.int32), n_bins, float(found.zero))


def apply(panel: Panel, rows: Any) -> Any:
    """Return the bin of every value.

    Parameters
    ----------
    panel
        Of the genes that are the columns.
    rows
        Float32 array or CSR matrix.

    Returns
    -------
    array or CSR matrix of uint16
        0 where a value is not expressed, 65535 where it is missing or nothing is known of the gene,
        else 1 to `n_bins` - 1. A CSR matrix stays one, and stores no 0; but if what it does not
        store is expressed, since ``panel.zero`` is not 0, every value has a bin: an array.
    """
    if not sparse.issparse(rows):
        return _dense(panel, np.ascontiguousarray(rows, dtype=np.float32))
    stored = np.empty(rows.nnz, np.uint16)
    data = np.ascontiguousarray(rows.data, dtype=np.float32)
    _apply_sparse(rows.indices, data, *_arguments(panel), stored)
    if panel.zero != 0:
        bins = np.repeat(_dense(panel, np.zeros((1, rows.shape[1]), np.float32)), rows.shape[0], 0)
        row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        bins[row, rows.indices] = stored
        return bins
    absent = np.flatnonzero(panel.points == NO_PANEL).astype(rows.indices.dtype)
    stored[(panel.points == NO_PANEL)[rows.indices]] = 0
    found = sparse.csr_matrix((stored, rows.indices.copy(), rows.indptr.copy()), rows.shape)
    found.eliminate_zeros()
    if not len(absent):
        return found
    n = rows.shape[0]
    arrays = np.full(n * len(absent), UNKNOWN, np.uint16), np.tile(absent, n)
    unknown = sparse.csr_matrix((*arrays, np.arange(n + 1) * len(absent)), rows.shape)
    return found + unknown


def _dense(panel: Panel, rows: Floats) -> Bins:
    bins = np.empty(rows.shape, np.uint16)
    _apply_dense(rows, *_arguments(panel), bins)
    return bins


def _arguments(panel: Panel) -> tuple[Floats, Floats, Ints, int, np.float32]:
    return panel.values, panel.coarse, panel.points, panel.n_bins, np.float32(panel.zero)


def _groups(counts: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Yield first and last of genes whose values can be held at a time, at least one gene."""
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        before = ends[first] - counts[first]
        last = max(first + 1, int(np.searchsorted(ends, before + HELD, side="right")))
        yield first, last
        first = last


@_compiled
def _survey_dense(
    X: Floats,
    zero: np.float32,
    expressed: NDArray[np.int64],
    extremes: NDArray[np.float64],
    same: NDArray[np.bool_],
) -> None:
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


@_compiled
def _survey_sparse(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    data: Floats,
    zero: np.float32,
    expressed: NDArray[np.int64],
    extremes: NDArray[np.float64],
    same: NDArray[np.bool_],
) -> None:
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


@_compiled
def _gather_dense(
    X: Floats, zero: np.float32, first: int, place: NDArray[np.int64], held: Floats
) -> None:
    for i in range(X.shape[0]):
        for j in range(len(place)):
            v = X[i, first + j]
            if v == v and v != zero:
                held[place[j]] = v
                place[j] += 1


@_compiled
def _gather_sparse(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    data: Floats,
    zero: np.float32,
    first: int,
    place: NDArray[np.int64],
    held: Floats,
) -> None:
    seen = np.zeros(len(place), np.int64)
    for at in range(len(data)):
        j = indices[at] - first
        if 0 <= j < len(place):
            seen[j] += 1
            v = data[at]
            if v == v and v != zero:
                held[place[j]] = v
                place[j] += 1
    if zero != 0:
        for j in range(len(place)):
            for _ in range(len(indptr) - 1 - seen[j]):
                held[place[j]] = 0
                place[j] += 1


@_compiled
def _quantiles(held: Floats, starts: NDArray[np.int64], values: Floats) -> None:
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


@_compiled
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
    last = max(0, values.shape[1] - STRIDE)
    for k in range(n):
        count = np.int32(0)
        row = coarse[genes[k]]
        for i in range(len(row)):
            count += np.int32(1) if row[i] < v[k] else np.int32(0)
        below[k] = min(max(STRIDE * (np.int64(count) - 1), 0), last)
    for k in range(n):
        # All points before this window are below v, and none behind it.
        count = np.int32(0)
        row = values[genes[k]]
        first = np.uint64(below[k])
        if len(row) >= STRIDE:
            for i in range(STRIDE):
                count += np.int32(1) if row[first + np.uint64(i)] < v[k] else np.int32(0)
        else:
            for i in range(len(row)):
                count += np.int32(1) if row[i] < v[k] else np.int32(0)
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
            row = values[genes[k]]
            if up_to < n_points and row[up_to] == v[k]:
                up_to = _up_to(row, up_to + 1, n_points, v[k])
            twice = min(max(below[k] + up_to - 1, 0), 2 * (n_points - 1))
            bins[k] = min(n_bins - 1, twice * (n_bins - 1) // (2 * (n_points - 1)) + 1)


@_compiled
def _up_to(row: Floats, low: int, high: int, v: np.float32) -> int:
    """Return how many points are not above v: at least `low`, at most `high`."""
    while low < high:
        middle = (low + high) >> 1
        if row[middle] <= v:
            low = middle + 1
        else:
            high = middle
    return low


@_compiled
def _apply_dense(
    X: Floats,
    values: Floats,
    coarse: Floats,
    points: Ints,
    n_bins: int,
    zero: np.float32,
    bins: Bins,
) -> None:
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


@_compiled
def _apply_sparse(
    indices: NDArray[Any],
    data: Floats,
    values: Floats,
    coarse: Floats,
    points: Ints,
    n_bins: int,
    zero: np.float32,
    bins: Bins,
) -> None:
    genes, below = np.empty(LANES, np.uint64), np.empty(LANES, np.int64)
    for first in range(0, len(data), LANES):
        n = min(LANES, len(data) - first)
        for k in range(n):
            genes[k] = indices[first + k]
        some, out = data[first : first + n], bins[first : first + n]
        _look_up(some, genes, n, values, coarse, points, n_bins, zero, below, out)
