"""The matrix a model is to predict: centred, scaled, with what it must not see filled in.

Y = (X + C - offset) / scale is never formed. Entries that must not count (held out, or missing) are
filled: C is a sparse matrix that puts a given prediction in their place.

Where several processes share the rows, a target holds those of its own, and what is summed over
samples is summed over those of all: Y' P, the number of entries, and the sum of their squares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .._core import processes
from .entry_set import EntrySet
from .products import Products


@dataclass(frozen=True)
class Target:
    """Y, seen through its products.

    Attributes
    ----------
    X
        The matrix, n x m, with any finite number at the missing entries.
    hidden
        The entries that do not count.
    counted
        (n, 1), 1 for samples that count and 0 for those held out whole: they shape nothing that
        is shared, only their own vector.
    offset
        Of each gene, (m,), in the units of X.
    scale
        Of all entries, in the units of X.
    n_observed
        Number of the entries that count.
    squares
        Sum of their squares in Y.
    """

    X: Products
    hidden: EntrySet
    counted: Tensor
    offset: Tensor
    scale: float
    n_observed: int
    squares: float

    @classmethod
    def of(
        cls,
        X: Products,
        moments: tuple[Tensor, float],
        hidden: EntrySet,
        counted: Tensor,
        offset: Tensor,
        standardise: bool = True,
    ) -> Target:
        """Return the target; if standardised, the entries that count have unit mean square in it.

        `moments` are the sum of each column of X over the samples that count, float64 (m,), and
        the sum of all squares there, over the rows of all processes.
        """
        m = X.shape[1]
        centre, weight = offset.double(), counted.double()
        of_hidden = weight[hidden.rows, 0]
        squares_of_hidden = of_hidden @ (hidden.values.double() - hidden.gather(centre)).square()
        n, n_hidden, unseen = processes.total(
            float(weight.sum()), float(of_hidden.sum()), float(squares_of_hidden)
        )
        n_observed = int(n * m - n_hidden)
        column_sums, squares = moments
        squares += float(n * (centre @ centre) - 2 * (column_sums @ centre))
        squares -= unseen
        mean_square = max(squares, 0.0) / n_observed
        scale = (mean_square**0.5 or 1.0) if standardise else 1.0
        return cls(X, hidden, counted, offset, scale, n_observed, squares / scale**2)

    def shaping(self, P: Tensor) -> Tensor:
        """Return P (n, k) with zeros for the samples that do not count; `P` itself if all do."""
        return P if bool(self.counted.all()) else P * self.counted

    def nothing(self) -> Tensor:
        """Return the filling of hidden entries by zero: each by the offset of its gene."""
        return torch.zeros_like(self.hidden.values)

    def times(self, Q: Tensor, filled: Tensor) -> Tensor:
        """Return Y Q, (n, k), with `filled` in the hidden entries."""
        product = self.X.times(Q)
        self.hidden.add_times(product, self._change(filled), Q)
        product -= self.offset @ Q
        return product.div_(self.scale)

    def transposed_times(self, P: Tensor, filled: Tensor) -> Tensor:
        """Return Y' P, (m, k), with `filled` in the hidden entries."""
        product = self.of_own_rows(P, filled)
        processes.add(product)
        return product

    def of_own_rows(self, P: Tensor, filled: Tensor) -> Tensor:
        """Return what the rows of this process add to Y' P."""
        product = self.X.transposed_times(P)
        self.hidden.add_transposed_times(product, self._change(filled), P)
        return product.addr_(self.offset, P.sum(0), alpha=-1).div_(self.scale)

    def by_blocks(self) -> Iterator[tuple[slice, slice, Target]]:
        """Yield the target in blocks of rows, each of which is read once.

        They are which rows, which hidden entries, and the target of these alone; its number of
        entries and sum of squares are still those of all.
        """
        for rows, X in self.X.by_blocks():
            inside, hidden = self.hidden.of_rows(rows)
            yield rows, inside, replace(self, X=X, hidden=hidden, counted=self.counted[rows])

    def _change(self, filled: Tensor) -> Tensor:
        return self.scale * filled + self.hidden.gather(self.offset) - self.hidden.values
