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
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from . import bin_loops as loops
from .bin_loops import STRIDE, Bins, Floats, Ints
from .bin_loops import UNKNOWN as UNKNOWN  # which others compare with

NO_PANEL = -1
"""Number of points of a gene that the reference does not have."""
HELD = 1 << 27
"""Expressed values that are sorted at a time: half a gigabyte."""

Blocks = Callable[[], Iterable[tuple[slice, Any]]]
"""Gives the matrix in blocks of rows, float32 arrays or CSR matrices: which rows, and values. Each
call is a pass over all of them, as :meth:`fe_anndata.matrix.rows.Rows.blocks` gives."""


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
            loops.survey_sparse(*arrays, np.float32(zero), expressed, extremes, same)
        else:
            loops.survey_dense(block, np.float32(zero), expressed, extremes, same)
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

    Raises
    ------
    ValueError
        If the matrix is not the one that was surveyed.
    """
    counts = found.expressed
    width = int(min(panel, counts.max(initial=0)))
    values = np.full((len(counts), width), np.nan, np.float32)
    for first, last in _groups(counts):
        starts = np.concatenate([[0], np.cumsum(counts[first:last])])
        held = np.empty(starts[-1], np.float32)
        place, ends = starts[:-1].copy(), starts[1:]
        zero = np.float32(found.zero)
        for _, block in blocks():
            if sparse.issparse(block):
                arrays = block.indptr, block.indices, block.data
                loops.gather_sparse(*arrays, zero, first, place, ends, held)
            else:
                loops.gather_dense(block, zero, first, place, ends, held)
        if not np.array_equal(place, ends):
            raise ValueError("the matrix has changed between two passes; start again.")
        for gene in range(last - first):
            held[starts[gene] : starts[gene + 1]].sort()
        loops.quantiles(held, starts, values[first:last])
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
    loops.apply_sparse(rows.indices, data, *_arguments(panel), stored)
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
    loops.apply_dense(rows, *_arguments(panel), bins)
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
