"""One pass over a matrix: all that anyone needs to know of it before it is trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .._core import processes
from .._core.random import generator
from .deviations import Deviations
from .extremes import Extremes
from .findings import Findings
from .rows import Rows
from .units import Units, units_of
from .values import Values, parts, without_missing


@dataclass(frozen=True)
class Audit:
    """What one pass over the matrix has found.

    Attributes
    ----------
    shape
        Number of samples and of genes, those of other processes as well.
    sums
        Sum of the observed values of each gene, float64 (n_vars,).
    observed
        Number of the observed values of each gene, float64 (n_vars,).
    extremes
        What the observed values are like.
    empty_rows
        Samples without an observed value.
    deviations
        How samples differ.
    mark
        Sum of the observed values, each times a number of its row and one of its column. These are
        drawn from a standard normal distribution, so `mark` is about as large as the square root
        of `squares`, and changes as much if rows or columns change their places.
    units
        What the values are taken for.
    mixed
        A sample of counts and one of logarithms, if there are both.
    """

    shape: tuple[int, int]
    sums: np.ndarray
    observed: np.ndarray
    extremes: Extremes
    empty_rows: np.ndarray
    deviations: Deviations
    mark: float
    units: Units
    mixed: tuple[int, int] | None

    @property
    def squares(self) -> float:
        """Sum of the squares of all observed values."""
        return self.extremes.squares

    @property
    def total(self) -> float:
        """Sum of all observed values: it tells later whether the matrix has changed."""
        return float(self.sums.sum())

    @property
    def n_missing(self) -> int:
        """Number of missing entries."""
        return int(self.shape[0] * self.shape[1] - self.observed.sum())

    @property
    def counts(self) -> bool:
        """Whether the matrix looks like raw counts."""
        return self.extremes.counts

    def of_genes(self, kept: np.ndarray) -> Audit:
        """Return the audit of the genes that are kept, if no other has an observed value."""
        shape = (self.shape[0], int(kept.sum()))
        return replace(self, shape=shape, sums=self.sums[kept], observed=self.observed[kept])


def audit(rows: Rows) -> Audit:
    """Pass over the rows once; several processes each over their own, and join what they found."""
    n_obs = int(processes.total(rows.shape[0])[0])
    found, mark = Findings(rows.shape[1]), _Mark((n_obs, rows.shape[1]))
    deviations = Deviations(rows.shape[1])
    for part, block in rows.blocks():
        start = rows.first + part.start
        found.add(start, block)
        deviations.add(start, block, found.sums / np.maximum(found.observed, 1))
        if sparse.issparse(block):
            mark.add(start, block)
        else:
            for first, piece in parts(block):
                mark.add(start + first, piece)
    own, (found, *others) = found, processes.exchanged(found)
    for other in others:
        found.join(other)
    deviations.finish((own.sums, own.observed), (found.sums, found.observed), rows)
    deviations, *of_others = processes.exchanged(deviations)
    for of_other in of_others:
        deviations.join(of_other)
    return Audit(
        (n_obs, rows.shape[1]),
        found.sums,
        found.observed,
        found.extremes,
        found.empty_rows,
        deviations,
        processes.total(mark.sum)[0],
        units_of(found.extremes, float(found.sums.sum()) / max(1, n_obs)),
        found.mixed,
    )


class _Mark:
    """The sum that tells where values stand, of rows that come in any pieces."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.of_rows, self.of_columns = (
            generator(0, "mark", axis).standard_normal(n, dtype=np.float32)
            for axis, n in enumerate(shape)
        )
        self.sum = 0.0

    def add(self, first: int, rows: Values) -> None:
        """Add some rows, the first of which has this number."""
        with np.errstate(invalid="ignore", over="ignore"):  # infinite values
            products = _times(rows, self.of_columns)
            if np.isnan(products).any():
                products = _times(without_missing(rows), self.of_columns)
            of_rows = self.of_rows[first : first + len(products)]
            self.sum += float(np.einsum("i,i->", products, of_rows, dtype=np.float64))


def _times(rows: Values, vector: np.ndarray) -> np.ndarray:
    """Return a product, not by BLAS, whose threads would wait for each other in a busy loop."""
    is_sparse = sparse.issparse(rows)
    product: np.ndarray = rows @ vector if is_sparse else np.einsum("ij,j->i", rows, vector)
    return product
