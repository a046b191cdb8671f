"""Objectives on batches: random cells, as published, and tiles of samples x genes."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from ..kernels.pair_mlp import Gradients, Kernel
from ..matrix.values import Values, cells, stored_in_tile, tile
from ..models.decoders import Concat
from ..models.factorized import Factorized
from .batches import cell_batch, n_batches, tile_batch
from .holdout import CellSet, Holdout
from .names import Names
from .objectives import Objective

VALIDATION_CHUNK = 1 << 12
"""Held-out cells whose activations are in memory at a time."""


class _Batches(Objective):
    """What batches of cells and of tiles share."""

    def __init__(
        self, model: Factorized, X: Values, holdout: Holdout, names: Names, seed: int
    ) -> None:
        self.model, self.X, self.names, self.seed = model, X, names, seed
        self.held_out, self.counted = HeldOut(holdout.cells, X.shape), holdout.counted
        self.n_held_out = len(holdout.cells)
        self.device = model.offset.device

    def to_device(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def descend(self, predicted: Tensor, observed: Tensor, rows: np.ndarray) -> float | None:
        """Backpropagate the mean squared error of vectors of cells in the samples `rows`."""
        errors = (predicted - observed).square()
        counted = self.counted[rows]
        if not counted.any():
            return None
        if counted.all():
            return self._backward(errors.mean())
        of_counted, of_held_out = errors[self.to_device(counted)], errors[self.to_device(~counted)]
        samples = self.model.samples
        # Samples held out whole learn their own vector, from gradients that reach nothing else.
        (own,) = torch.autograd.grad(
            of_held_out.sum() / len(errors) / self.model.scale**2, samples, retain_graph=True
        )
        loss = self._backward(of_counted.mean())
        assert samples.grad is not None
        samples.grad += own
        return loss

    def _backward(self, error: Tensor) -> float:
        torch.autograd.backward([error / self.model.scale**2])
        return float(error.detach())

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Return the mean squared error of the held-out cells, NaN if there are none."""
        total = 0.0
        held_out = self.held_out.cells
        for first in range(0, self.n_held_out, VALIDATION_CHUNK):
            part = slice(first, first + VALIDATION_CHUNK)
            rows, cols, values = (
                self.to_device(a[part]) for a in (held_out.rows, held_out.cols, held_out.values)
            )
            total += float((self.model.cells(rows, cols) - values).double().square().sum())
        return total / self.n_held_out if self.n_held_out else float("nan")


class RandomCells(_Batches):
    """Batches of random cells, as published; every cell is visited once an epoch."""

    def __init__(
        self,
        model: Factorized,
        X: Values,
        holdout: Holdout,
        names: Names,
        seed: int,
        size: int,
    ) -> None:
        super().__init__(model, X, holdout, names, seed)
        self.size = self.cells_per_step = min(size, X.shape[0] * X.shape[1])
        self.steps_per_epoch = n_batches(X.shape[0] * X.shape[1], self.size)

    def backward(self, step: int) -> float | None:
        """Fill the gradients for the cells of `step`."""
        row_ranks, col_ranks = cell_batch(step, self.size, self.X.shape, self.seed)
        rows, cols = self.names.rows[row_ranks], self.names.cols[col_ranks]
        values = cells(self.X, rows, cols)
        seen = ~np.isnan(values) & ~self.held_out.among(rows, cols)
        rows, cols = rows[seen], cols[seen]
        predicted = self.model.cells(self.to_device(rows), self.to_device(cols))
        return self.descend(predicted, self.to_device(values[seen]), rows)


class Tiles(_Batches):
    """Batches of some samples x some genes, for which the first layer splits.

    Parameters
    ----------
    model, X, holdout, names, seed
        As for all objectives.
    size
        Samples and genes of a tile.
    kernel
        Computes the concat decoder; others go by autograd.
    row_wise
        Whether the gradients of the tables are sparse, of the rows of the tile alone.
    """

    def __init__(
        self,
        model: Factorized,
        X: Values,
        holdout: Holdout,
        names: Names,
        seed: int,
        size: tuple[int, int],
        kernel: Kernel,
        row_wise: bool,
    ) -> None:
        super().__init__(model, X, holdout, names, seed)
        n, m = X.shape
        self.kernel, self.row_wise = kernel, row_wise
        self.size = (min(size[0], n), min(size[1], m))
        self.cells_per_step = self.size[0] * self.size[1]
        self.steps_per_epoch = n_batches(n, self.size[0]) * n_batches(m, self.size[1])

    def backward(self, step: int) -> float | None:
        """Fill the gradients for the tile of `step`."""
        row_ranks, col_ranks = tile_batch(step, self.size, self.X.shape, self.seed)
        rows, cols = self.names.rows[row_ranks], self.names.cols[col_ranks]
        values = tile(self.X, rows, cols)
        self.held_out.hide(values, rows, cols)
        if isinstance(self.model.decoder, Concat):
            return self._by_kernel(self.model.decoder, values, rows, cols)
        seen = ~np.isnan(values)
        predicted = self.model.tile(self.to_device(rows), self.to_device(cols))
        return self.descend(
            predicted[self.to_device(seen)],
            self.to_device(values[seen]),
            np.broadcast_to(rows[:, None], seen.shape)[seen],
        )

    @torch.no_grad()
    def _by_kernel(
        self, decoder: Concat, values: np.ndarray, rows: np.ndarray, cols: np.ndarray
    ) -> float | None:
        counted = self.counted[rows]
        everyone = bool(counted.all())
        some, of = (values, rows) if everyone else (values[counted], rows[counted])
        found = self._gradients(decoder, some, of, cols)
        if found is None:
            return None
        for (weight, bias), (of_weight, of_bias) in zip(
            decoder.layers(), found.layers, strict=True
        ):
            weight.grad, bias.grad = of_weight, of_bias
        self._set(self.model.genes, cols, found.v)
        of_samples = found.u
        if not everyone:
            # Samples held out whole learn their own vector, and nothing else from them.
            own = self._gradients(decoder, values[~counted], rows[~counted], cols)
            of_samples = found.u.new_zeros(len(rows), found.u.shape[1])
            of_samples[self.to_device(counted)] = found.u
            if own is not None:
                of_samples[self.to_device(~counted)] = own.u
        self._set(self.model.samples, rows, of_samples)
        return found.loss * float(self.model.scale) ** 2

    def _gradients(
        self, decoder: Concat, values: np.ndarray, rows: np.ndarray, cols: np.ndarray
    ) -> Gradients | None:
        if np.isnan(values).all():
            return None
        model, of_genes = self.model, self.to_device(cols)
        bounds = None
        if model.output == "bounded":
            minimum, maximum = model.bounds.tolist()
            bounds = (minimum, maximum)
        return self.kernel(
            model.samples[self.to_device(rows)],
            model.genes[of_genes],
            decoder.layers(),
            decoder.activation,
            self.to_device(values).sub_(model.offset[of_genes]).div_(model.scale),
            bounds,
        )

    def _set(self, table: Tensor, rows: np.ndarray, gradient: Tensor) -> None:
        """Set the gradient of some rows of a table; it is zero elsewhere."""
        if not self.row_wise:
            table.grad = torch.zeros_like(table)
            table.grad[self.to_device(rows)] = gradient
            return
        order = np.argsort(rows)
        table.grad = torch.sparse_coo_tensor(
            self.to_device(rows[order])[None],
            gradient[self.to_device(order)],
            table.shape,
            is_coalesced=True,
            check_invariants=False,
        )


class HeldOut:
    """The validation cells, to be found in a batch."""

    def __init__(self, cells: CellSet, shape: tuple[int, int]) -> None:
        self.cells, self.n_vars = cells, shape[1]
        # Sorted by row, then column, so these numbers rise.
        self.numbers = cells.rows * shape[1] + cells.cols
        self.where = sparse.csr_matrix((cells.values, (cells.rows, cells.cols)), shape=shape)

    def among(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """Return which pairs of `rows` and `cols` are held out, bool."""
        if not len(self.cells):
            return np.zeros(len(rows), dtype=bool)
        number = rows * self.n_vars + cols
        place = np.minimum(np.searchsorted(self.numbers, number), len(self.numbers) - 1)
        found: np.ndarray = self.numbers[place] == number
        return found

    def hide(self, values: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> None:
        """Set the held-out cells of a tile to NaN."""
        if not len(self.cells):
            return
        i, j, _ = stored_in_tile(self.where, rows, cols)
        values[i, j] = np.nan
