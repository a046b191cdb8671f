"""A matrix known by its products, and sets of its cells.

Nothing here is ever of the size of the dense matrix but the dense matrix itself.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import accumulate, pairwise
from threading import Lock
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from .workers import share

STORED = 1 << 18
"""How many values of a matrix are looked at at a time."""
PARTS, PART = 16, 64
"""Into how many parts products are cut for the threads of a processor, and the least of a part."""


@dataclass(frozen=True)
class Products:
    """A matrix X (n x m), dense or CSR, seen through X Q and X' P.

    Attributes
    ----------
    forward
        X, strided or sparse CSR.
    rows
        X in parts, for threads to share.
    columns
        X' in parts: views of a dense matrix, and for a sparse one on a GPU a second CSR, with
        which a product is many times as fast as with a lazy transpose. Empty for a sparse one on
        the CPU, where X' P adds up over `rows`.
    """

    forward: Tensor
    rows: list[Tensor]
    columns: list[Tensor]

    @classmethod
    def of(cls, X: Any, device: torch.device) -> Products:
        """Wrap a float32 array or CSR matrix; a dense array on the CPU is used in place."""
        down, across = (_parts(n) if device.type == "cpu" else 1 for n in X.shape)
        if sparse.issparse(X):
            forward = _csr_tensor(X, device)
            rows = _in_parts(X, down, device) if down > 1 else [forward]
            transposed = [] if device.type == "cpu" else [_csr_tensor(X.T.tocsr(), device)]
            return cls(forward, rows, transposed)
        dense = _shared(X).to(device)
        return cls(dense, list(dense.tensor_split(down)), list(dense.T.tensor_split(across)))

    @property
    def shape(self) -> torch.Size:
        """Number of rows and of columns."""
        return self.forward.shape

    def moments(self, weight: Tensor) -> tuple[Tensor, float]:
        """Return the sum of each column, float64 (m,), and the sum of all squares.

        Rows are weighted by `weight`, float64 (n,). Exact to float64, and by parts, so that
        nothing of the size of the matrix is made.
        """
        sums = torch.zeros(self.shape[1], dtype=torch.float64, device=weight.device)
        squares = 0.0
        if self.forward.layout == torch.strided:
            step = max(1, STORED // self.shape[1])
            for first in range(0, len(weight), step):
                rows, w = self.forward[first : first + step], weight[first : first + step, None]
                weighted = rows.double() * w
                sums += weighted.sum(0)
                squares += float((weighted * rows).sum())
            return sums, squares
        ends, values = self.forward.crow_indices()[1:], self.forward.values()
        for first in range(0, len(values), STORED):
            part = values[first : first + STORED].double()
            place = torch.arange(first, first + len(part), device=ends.device, dtype=ends.dtype)
            weighted = part * weight[torch.bucketize(place, ends, right=True)]
            columns = self.forward.col_indices()[first : first + STORED]
            sums.index_add_(0, columns.long(), weighted)
            squares += float((weighted * part).sum())
        return sums, squares

    def times(self, Q: Tensor) -> Tensor:
        """Return X Q, (n, k)."""
        return _product(self.rows, Q, self.shape[0])

    def transposed_times(self, P: Tensor) -> Tensor:
        """Return X' P, (m, k)."""
        if self.columns:
            return _product(self.columns, P, self.shape[1])
        return _transposed_product(self.rows, P, self.shape[1])


@dataclass(frozen=True)
class Cells:
    """A set of cells of an n x m matrix, sorted by row, with their stored values.

    Attributes
    ----------
    pattern, transposed
        CSR tensors with a one at each cell, of the matrix and of its transpose.
    order
        Where the cells of `transposed` stand among those of `pattern`.
    rows, values
        Row of each cell and what the matrix holds there, in the order of `pattern`.
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
    ) -> Cells:
        """Build from coordinates that are sorted by row and, within a row, by column."""
        number = np.arange(len(rows), dtype=np.int64)
        numbered = sparse.csr_matrix((number + 1, (rows, cols)), shape=shape)
        flipped = numbered.T.tocsr()
        return cls(
            _csr_tensor(_ones_like(numbered), device),
            _csr_tensor(_ones_like(flipped), device),
            torch.from_numpy(flipped.data - 1).to(device),
            torch.from_numpy(rows.astype(np.int64)).to(device),
            torch.from_numpy(values.astype(np.float32)).to(device),
        )

    def __len__(self) -> int:
        return len(self.values)

    def inner(self, P: Tensor, Q: Tensor) -> Tensor:
        """Return <P[s], Q[g]> for every cell (s, g)."""
        sampled: Tensor = torch.sparse.sampled_addmm(self.pattern, P, Q.T, beta=0.0)
        return sampled.values()

    @property
    def columns(self) -> Tensor:
        """Gene of each cell."""
        return self.pattern.col_indices().long()

    def gather(self, of_gene: Tensor) -> Tensor:
        """Return what `of_gene` (m,) holds for the gene of every cell."""
        return of_gene[self.columns]

    def add_times(self, product: Tensor, values: Tensor, Q: Tensor) -> None:
        """Add C Q, where C (n x m) holds `values` at the cells and zero elsewhere."""
        product.addmm_(_with_values(self.pattern, values), Q)

    def add_transposed_times(self, product: Tensor, values: Tensor, P: Tensor) -> None:
        """Add C' P."""
        product.addmm_(_with_values(self.transposed, values[self.order]), P)


def _product(parts: list[Tensor], right: Tensor, n: int) -> Tensor:
    product = right.new_empty(n, right.shape[1])
    starts = [0, *accumulate(len(part) for part in parts)]

    @torch.no_grad()  # which holds for the thread that says so
    def multiply(i: int) -> None:
        torch.mm(parts[i], right, out=product[starts[i] : starts[i + 1]])

    share(multiply, len(parts))
    return product


def _transposed_product(parts: list[Tensor], right: Tensor, n: int) -> Tensor:
    """Return the product of the transpose of CSR parts; what is CSR is CSC of the transpose."""
    product = right.new_zeros(n, right.shape[1])
    factors = np.split(right.detach().numpy(), list(accumulate(map(len, parts)))[:-1])
    waiting: dict[int, np.ndarray] = {}
    added, turn = 0, Lock()

    def multiply(i: int) -> None:
        nonlocal added
        part = parts[i]
        arrays = part.values().numpy(), part.col_indices().numpy(), part.crow_indices().numpy()
        waiting[i] = sparse.csc_matrix(arrays, shape=(n, len(part))) @ factors[i]
        with turn:  # Always in the same order, so that the last digits are the same.
            while added in waiting:
                product.add_(torch.from_numpy(waiting.pop(added)))
                added += 1

    share(multiply, len(parts))
    return product


def _parts(n: int) -> int:
    return max(1, min(PARTS, n // PART))


def _in_parts(X: Any, parts: int, device: torch.device) -> list[Tensor]:
    """Return views of the rows of a CSR matrix; the parts hold about as many values each."""
    cuts = np.searchsorted(X.indptr, np.linspace(0, X.nnz, parts + 1)[1:-1])
    ends = np.unique(np.concatenate([[0], cuts, [X.shape[0]]]))
    return [_csr_tensor(X, device, first, last) for first, last in pairwise(ends)]


def _shared(X: np.ndarray) -> Tensor:
    """Return a tensor on the memory of `X`, which nothing here writes to."""
    with warnings.catch_warnings():
        # A read-only array (a memory map, a broadcast view) makes torch warn that it might
        # be written to.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(X)


def _csr_tensor(X: Any, device: torch.device, first: int = 0, last: int | None = None) -> Tensor:
    """Return the rows from `first` to before `last` of a CSR matrix, on its memory on the CPU."""
    last = X.shape[0] if last is None else last
    # 32-bit indices where they suffice: half the memory, and what the sparse BLAS wants.
    index = np.int32 if max(X.nnz, *X.shape) < 2**31 else np.int64
    rows = X.indptr[first : last + 1]
    values = slice(rows[0], rows[-1])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            _shared((rows - rows[0]).astype(index, copy=False)),
            _shared(X.indices[values].astype(index, copy=False)),
            _shared(X.data[values].astype(np.float32, copy=False)),
            (last - first, X.shape[1]),
            device=device,
            check_invariants=False,
        )


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
