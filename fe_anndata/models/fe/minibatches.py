"""Trainings on minibatches: random entries, as published, and tiles of samples x genes."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from ...kernels.pair_mlp import Gradients, choose
from ...matrix.entries import Entries
from ...matrix.values import Values, entries, stored_in_tile, tile
from ...training.order import entries_of_step, n_minibatches, tile_of_step
from .decoders import Concat
from .objective import Objective, row_wise
from .setting import Setting

VALIDATION_CHUNK = 1 << 12
"""Held-out entries whose activations are in memory at a time."""


class _Minibatches(Objective):
    """What both kinds share."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        X = setting.problem.rows.whole
        assert X is not None
        self.X: Values = X
        self.held_out = HeldOut(setting.holdout.entries, self.X.shape)
        self.counted = setting.holdout.counted
        self.device = self.model.offset.device

    def to_device(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def descend(self, predicted: Tensor, observed: Tensor, rows: np.ndarray) -> float | None:
        """Backpropagate the mean squared error of vectors of entries in the samples `rows`."""
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
        """Return the mean squared error of the held-out entries, NaN if there are none."""
        total = 0.0
        held_out = self.held_out.entries
        for first in range(0, self.n_held_out, VALIDATION_CHUNK):
            part = slice(first, first + VALIDATION_CHUNK)
            rows, cols, values = (
                self.to_device(a[part]) for a in (held_out.rows, held_out.cols, held_out.values)
            )
            total += float((self.model.entries(rows, cols) - values).double().square().sum())
        return total / self.n_held_out if self.n_held_out else float("nan")


class RandomEntries(_Minibatches):
    """Minibatches of random entries, as published; every entry is visited once an epoch."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        n_entries, size = self.X.shape[0] * self.X.shape[1], setting.options.minibatch_size
        assert isinstance(size, int)
        self.size = self.entries_per_step = min(size, n_entries)
        self.steps_per_epoch = n_minibatches(n_entries, self.size)

    def backward(self, step: int) -> float | None:
        """Fill the gradients for the entries of `step`."""
        row_ranks, col_ranks = entries_of_step(step, self.size, self.X.shape, self.seed)
        rows, cols = self.ranks.rows[row_ranks], self.ranks.cols[col_ranks]
        values = entries(self.X, rows, cols)
        seen = ~np.isnan(values) & ~self.held_out.among(rows, cols)
        rows, cols = rows[seen], cols[seen]
        predicted = self.model.entries(self.to_device(rows), self.to_device(cols))
        return self.descend(predicted, self.to_device(values[seen]), rows)


class Tiles(_Minibatches):
    """Minibatches of some samples x some genes, for which the first layer splits."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        n, m = self.X.shape
        compute, size = setting.problem.compute, setting.options.minibatch_size
        assert isinstance(size, tuple)
        # It computes the concat decoder; others go by autograd.
        self.kernel = choose(compute.kernel, compute.device, compute.precision)
        # Whether the gradients of the tables are sparse, of the rows of the tile alone.
        self.row_wise = row_wise(setting.options)
        self.size = (min(size[0], n), min(size[1], m))
        self.entries_per_step = self.size[0] * self.size[1]
        self.steps_per_epoch = n_minibatches(n, self.size[0]) * n_minibatches(m, self.size[1])

    def backward(self, step: int) -> float | None:
        """Fill the gradients for the tile of `step`."""
        row_ranks, col_ranks = tile_of_step(step, self.size, self.X.shape, self.seed)
        rows, cols = self.ranks.rows[row_ranks], self.ranks.cols[col_ranks]
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
        shaping = slice(None) if everyone else counted
        found = self._gradients(decoder, values[shaping], rows[shaping], cols)
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
    """The validation entries, to be found in a minibatch."""

    def __init__(self, entries: Entries, shape: tuple[int, int]) -> None:
        self.entries, self.n_vars = entries, shape[1]
        # Sorted by row, then column, so these numbers rise.
        self.numbers = entries.rows * shape[1] + entries.cols
        self.where = sparse.csr_matrix((entries.values, (entries.rows, entries.cols)), shape=shape)

    def among(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """Return which pairs of `rows` and `cols` are held out, bool."""
        if not len(self.entries):
            return np.zeros(len(rows), dtype=bool)
        number = rows * self.n_vars + cols
        place = np.minimum(np.searchsorted(self.numbers, number), len(self.numbers) - 1)
        found: np.ndarray = self.numbers[place] == number
        return found

    def hide(self, values: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> None:
        """Set the held-out entries of a tile to NaN."""
        if not len(self.entries):
            return
        i, j, _ = stored_in_tile(self.where, rows, cols)
        values[i, j] = np.nan
