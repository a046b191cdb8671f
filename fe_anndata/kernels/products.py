"""A matrix known by its products with thin matrices; nothing here is ever of its dense size."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import accumulate, pairwise
from threading import Lock
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from . import squares
from .workers import in_parallel

PARTS, PART = 16, 64
"""Into how many parts a block is cut for the threads of a processor, and the least of a part."""
PAIR_OF_MANY = 384
"""Where there are several blocks, rows of a pair of parts: each part reads all of the other factor,
so they are to be few, and as many as there are threads."""


class Block:
    """Some rows of X on a device; a dense block on the processor is used in place.

    Parameters
    ----------
    X
        A float32 array or CSR matrix without NaN.
    device
        Where to compute.
    alone
        Whether these are all rows.
    """

    def __init__(self, X: Any, device: torch.device, *, alone: bool = True) -> None:
        down, across = 1, 1
        if device.type == "cpu":
            down, across = _parts(X.shape[0]), _parts(X.shape[1])
            if not alone:
                down = max(1, min(PARTS, 2 * max(1, X.shape[0] // PAIR_OF_MANY), X.shape[0]))
        if sparse.issparse(X):
            self.forward = csr_tensor(X, device)
            self.rows = _in_parts(X, down, device) if down > 1 else [self.forward]
            # A GPU multiplies by a second CSR many times as fast as by a lazy transpose. On the
            # processor X' P adds up over the rows instead.
            self.columns = [] if device.type == "cpu" else [csr_tensor(X.T.tocsr(), device)]
        else:
            self.forward = _shared(X).to(device)
            self.rows = list(self.forward.tensor_split(down))
            self.columns = list(self.forward.T.tensor_split(across))

    def pieces(self, out: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return the parts of the rows, each with the part of X Q, in `out`, that it makes."""
        return list(zip(self.rows, _cut(out, self.rows), strict=True))

    def add_transposed(self, P: Tensor, out: Tensor) -> None:
        """Add X' P of a sparse block on the processor."""
        _add_transposed(self.rows, P, out)


Blocks = Callable[[], Iterable[tuple[slice, Block]]]
"""Gives the matrix in blocks of rows, in order: which rows, and what is known of them."""


class Products:
    """A matrix X (n x m), in memory or read by blocks, seen through X Q and X' P.

    Blocks are visited in their order, so that the result depends on where they are cut, and not on
    where they come from.

    Parameters
    ----------
    blocks
        Gives the matrix; each product asks once.
    shape
        Number of rows and of columns.
    """

    def __init__(self, blocks: Blocks, shape: tuple[int, int]) -> None:
        self.blocks, self.shape = blocks, shape

    def by_blocks(self) -> Iterator[tuple[slice, Products]]:
        """Yield the matrix in blocks of rows, each of which is asked for once."""
        for rows, block in self.blocks():
            n = rows.stop - rows.start
            alone = [(slice(0, n), block)]
            yield rows, Products(partial(list[tuple[slice, Block]], alone), (n, self.shape[1]))

    def times(self, Q: Tensor) -> Tensor:
        """Return X Q, (n, k)."""
        product = Q.new_empty(self.shape[0], Q.shape[1])
        for blocks in _at_hand(self.blocks()):
            pieces = [piece for rows, block in blocks for piece in block.pieces(product[rows])]
            _multiply(pieces, Q)
        return product

    def transposed_times(self, P: Tensor) -> Tensor:
        """Return X' P, (m, k)."""
        product = P.new_zeros(self.shape[1], P.shape[1])
        for blocks in _at_hand(self.blocks()):
            if blocks[0][1].columns:
                _add_columns(blocks, P, product)
            else:
                for rows, block in blocks:
                    block.add_transposed(P[rows], product)
        return product

    def squares_by_gene(self, centre: Tensor, weight: Tensor) -> Tensor:
        """Return the sum over samples of ``weight * (x - centre) ** 2``, float64 (m,).

        `centre` is of each gene, (m,), and `weight` of each sample, (n,).
        """
        total = torch.zeros(self.shape[1], dtype=torch.float64, device=centre.device)
        for rows, block in self.blocks():
            total += squares.by_gene(block.forward, centre, weight[rows])
        return total

    def squares_by_sample(self, centre: Tensor, weight: Tensor) -> Tensor:
        """Return the sum over genes of ``weight * (x - centre) ** 2``, float64 (n,).

        Both are of each gene, (m,).
        """
        total = torch.zeros(self.shape[0], dtype=torch.float64, device=centre.device)
        for rows, block in self.blocks():
            total[rows] = squares.by_sample(block.forward, centre, weight)
        return total


def _at_hand(blocks: Iterable[tuple[slice, Block]]) -> Iterable[list[tuple[slice, Block]]]:
    """Yield blocks that can be computed with at once: all if they are kept, else each alone."""
    if isinstance(blocks, list):
        return [blocks]
    return ([block] for block in blocks)


def _cut(out: Tensor, parts: list[Tensor]) -> list[Tensor]:
    return list(torch.split(out, [len(part) for part in parts]))


def _multiply(pieces: list[tuple[Tensor, Tensor]], right: Tensor) -> None:
    """Write the product of each part where it belongs."""

    @torch.no_grad()  # which holds for the thread that says so
    def multiply(i: int) -> None:
        torch.mm(pieces[i][0], right, out=pieces[i][1])

    in_parallel(multiply, len(pieces))


def _add_columns(blocks: list[tuple[slice, Block]], P: Tensor, out: Tensor) -> None:
    """Add the transposed products of dense blocks, some columns in each thread."""
    pieces = _cut(out, blocks[0][1].columns)

    @torch.no_grad()  # which holds for the thread that says so
    def multiply(i: int) -> None:
        for rows, block in blocks:
            if rows.start:
                pieces[i].addmm_(block.columns[i], P[rows])
            else:
                torch.mm(block.columns[i], P[rows], out=pieces[i])

    in_parallel(multiply, len(pieces))


def _add_transposed(parts: list[Tensor], right: Tensor, out: Tensor) -> None:
    """Add the product of the transpose of CSR parts; what is CSR is CSC of the transpose."""
    factors = np.split(right.detach().numpy(), list(accumulate(map(len, parts)))[:-1])
    waiting: dict[int, np.ndarray] = {}
    added, turn = 0, Lock()

    def multiply(i: int) -> None:
        nonlocal added
        part = parts[i]
        arrays = part.values().numpy(), part.col_indices().numpy(), part.crow_indices().numpy()
        waiting[i] = sparse.csc_matrix(arrays, shape=(len(out), len(part))) @ factors[i]
        with turn:  # Always in the same order, so that the last digits are the same.
            while added in waiting:
                out.add_(torch.from_numpy(waiting.pop(added)))
                added += 1

    in_parallel(multiply, len(parts))


def _parts(n: int) -> int:
    return max(1, min(PARTS, n // PART))


def _in_parts(X: Any, parts: int, device: torch.device) -> list[Tensor]:
    """Return views of the rows of a CSR matrix; the parts hold about as many values each."""
    cuts = np.searchsorted(X.indptr, np.linspace(0, X.nnz, parts + 1)[1:-1])
    ends = np.unique(np.concatenate([[0], cuts, [X.shape[0]]]))
    return [csr_tensor(X, device, first, last) for first, last in pairwise(ends)]


def _shared(X: np.ndarray) -> Tensor:
    """Return a tensor on the memory of `X`, which nothing here writes to."""
    with warnings.catch_warnings():
        # A read-only array (a memory map, a broadcast view) makes torch warn that it might
        # be written to.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(X)


def csr_tensor(X: Any, device: torch.device, first: int = 0, last: int | None = None) -> Tensor:
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
