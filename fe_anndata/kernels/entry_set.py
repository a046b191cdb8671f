"""Sets of entries of a matrix, with products that see nothing else of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from .products import csr_tensor


@dataclass(frozen=True)
class EntrySet:
    """A set of entries of an n x m matrix, sorted by row, with their stored values.

    Attributes
    ----------
    pattern, transposed
        CSR tensors with a one at each entry, of the matrix and of its transpose.
    order
        Where the entries of `transposed` stand among those of `pattern`.
    rows, values
        Row of each entry and what the matrix holds there, in the order of `pattern`.
    """

    pattern: Tensor
    transposed: Tensor
    order: Tensor
    rows: Tensor
    values: Tensor

    @classmethod
    def of(
        cls,
        rows: np.ndarray,
        cols: np.ndarray,
        values: np.ndarray,
        shape: tuple[int, int],
        device: torch.device,
    ) -> EntrySet:
        """Build from coordinates that are sorted by row and, within a row, by column."""
        number = np.arange(len(rows), dtype=np.int64)
        numbered = sparse.csr_matrix((number + 1, (rows, cols)), shape=shape)
        flipped = numbered.T.tocsr()
        return cls(
            csr_tensor(_ones_like(numbered), device),
            csr_tensor(_ones_like(flipped), device),
            torch.from_numpy(flipped.data - 1).to(device),
            torch.from_numpy(rows.astype(np.int64)).to(device),
            torch.from_numpy(values.astype(np.float32)).to(device),
        )

    def of_rows(self, rows: slice) -> tuple[slice, EntrySet]:
        """Return which entries are in some rows, and the set of these, its rows those alone."""
        ends = torch.tensor([rows.start, rows.stop], device=self.rows.device)
        inside = slice(*torch.searchsorted(self.rows, ends).tolist())
        row, column = (self.rows[inside] - rows.start).cpu(), self.columns[inside].cpu()
        shape = rows.stop - rows.start, self.pattern.shape[1]
        values, device = self.values[inside].cpu().numpy(), self.rows.device
        return inside, EntrySet.of(row.numpy(), column.numpy(), values, shape, device)

    def __len__(self) -> int:
        return len(self.values)

    def inner(self, P: Tensor, Q: Tensor) -> Tensor:
        """Return <P[s], Q[g]> for every entry (s, g)."""
        sampled: Tensor = torch.sparse.sampled_addmm(self.pattern, P, Q.T, beta=0.0)
        return sampled.values()

    @property
    def columns(self) -> Tensor:
        """Gene of each entry."""
        return self.pattern.col_indices().long()

    def gather(self, of_gene: Tensor) -> Tensor:
        """Return what `of_gene` (m,) holds for the gene of every entry."""
        return of_gene[self.columns]

    def add_times(self, product: Tensor, values: Tensor, Q: Tensor) -> None:
        """Add C Q, where C (n x m) holds `values` at the entries and zero elsewhere."""
        product.addmm_(_with_values(self.pattern, values), Q)

    def add_transposed_times(self, product: Tensor, values: Tensor, P: Tensor) -> None:
        """Add C' P."""
        product.addmm_(_with_values(self.transposed, values[self.order]), P)


def _with_values(pattern: Tensor, values: Tensor) -> Tensor:
    return torch.sparse_csr_tensor(
        pattern.crow_indices(),
        pattern.col_indices(),
        values,
        pattern.shape,
        check_invariants=False,
    )


def _ones_like(X: Any) -> Any:
    return sparse.csr_matrix((np.ones(X.nnz, np.float32), X.indices, X.indptr), shape=X.shape)
