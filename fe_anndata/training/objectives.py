"""What a step minimises, over the whole matrix or over a batch of its cells.

An objective fills the gradients of the parameters and returns the mean squared error of the
cells it has seen, in the units of the matrix. Gradients are those of the standardised error
(divided by scale^2), so that learning rates mean the same whatever the units.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor

from ..kernels import inner
from ..kernels.products import Cells
from ..kernels.target import Target
from ..matrix.values import Values, cells, tile
from ..models.decoders import Inner
from ..models.factorized import Factorized
from .batches import cell_batch, n_batches, tile_batch
from .holdout import Holdout
from .names import Names, normal

VALIDATION_CHUNK = 1 << 16


class Objective(ABC):
    """Loss and gradients of one step, and the validation loss."""

    steps_per_epoch: int
    cells_per_step: int
    n_held_out: int

    @abstractmethod
    def backward(self, step: int) -> float | None:
        """Fill the gradients for `step`; return the mean squared error of its cells.

        None, and no gradients, if the batch has no cell to train on: all are held out or missing.
        """

    @abstractmethod
    def validation_loss(self) -> float:
        """Return the mean squared error of the held-out cells, NaN if there are none."""


class FullMatrix(Objective):
    """The inner decoder on all observed cells at once.

    With noise on the sample table, new in every step, the decoder cannot tell neighbouring
    samples apart by less than that, and so does not fit the noise of the cells.
    """

    steps_per_epoch = 1

    def __init__(
        self,
        model: Factorized,
        target: Target,
        holdout: Holdout,
        names: Names,
        seed: int,
        noise: float,
    ) -> None:
        assert isinstance(model.decoder, Inner)
        self.model, self.decoder, self.target = model, model.decoder, target
        self.names, self.seed, self.noise = names, seed, noise
        self.cells_per_step = target.n_observed
        cells, device = holdout.cells, model.offset.device
        self.n_held_out = len(cells)
        n, m = target.X.shape
        self.held_out = Cells.of(cells.rows, cells.cols, cells.values, (n, m), device)
        self.whole_samples = not holdout.counted.all()

    def backward(self, step: int) -> float:
        """Fill the gradients; return the loss before the step, under this step's noise."""
        samples, counted = self.model.samples, self.target.counted
        u: Tensor = samples
        if self.noise:
            drawn = normal(self.seed, self.names.samples, samples.shape[1], "noise", step)
            u = samples + self.noise * drawn.to(samples.device)
        P, Q = self.decoder.phi(u), self.decoder.psi(self.model.genes)
        with torch.no_grad():
            gradients = inner.loss_and_gradients(self.target, P, Q)
        if self.whole_samples:
            own = gradients.P * (1 - counted)
            (of_held_out,) = torch.autograd.grad(P, samples, own, retain_graph=True)
        torch.autograd.backward([P, Q], [gradients.P * counted, gradients.Q])
        if self.whole_samples:
            assert samples.grad is not None
            samples.grad += of_held_out
        return gradients.loss * self.target.scale**2

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Return the mean squared error of the held-out cells, NaN if there are none."""
        if not self.n_held_out:
            return float("nan")
        P, Q = self.decoder.phi(self.model.samples), self.decoder.psi(self.model.genes)
        predicted = self.model.scale * self.held_out.inner(P, Q)
        predicted += self.held_out.gather(self.model.offset)
        return float((predicted - self.held_out.values).double().square().mean())


class _Batches(Objective):
    """What batches of cells and of tiles share."""

    def __init__(
        self, model: Factorized, X: Values, holdout: Holdout, names: Names, seed: int
    ) -> None:
        self.model, self.X, self.names, self.seed = model, X, names, seed
        held_out, self.counted = holdout.cells, holdout.counted
        self.held_out, self.n_held_out = held_out, len(held_out)
        self.device = model.offset.device
        # Sorted by row, then column, so these numbers rise.
        self.held_out_numbers = held_out.rows * X.shape[1] + held_out.cols

    def trainable(self, rows: np.ndarray, cols: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return which cells are neither held out nor missing."""
        seen: np.ndarray = ~np.isnan(values)
        if len(self.held_out_numbers):
            number = rows * self.X.shape[1] + cols
            place = np.searchsorted(self.held_out_numbers, number)
            place = np.minimum(place, len(self.held_out_numbers) - 1)
            seen &= self.held_out_numbers[place] != number
        return seen

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
        for first in range(0, self.n_held_out, VALIDATION_CHUNK):
            part = slice(first, first + VALIDATION_CHUNK)
            rows, cols, values = (
                self.to_device(a[part])
                for a in (self.held_out.rows, self.held_out.cols, self.held_out.values)
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
        seen = self.trainable(rows, cols, values)
        rows, cols = rows[seen], cols[seen]
        predicted = self.model.cells(self.to_device(rows), self.to_device(cols))
        return self.descend(predicted, self.to_device(values[seen]), rows)


class Tiles(_Batches):
    """Batches of some samples x some genes, for which the first layer splits."""

    def __init__(
        self,
        model: Factorized,
        X: Values,
        holdout: Holdout,
        names: Names,
        seed: int,
        size: tuple[int, int],
    ) -> None:
        super().__init__(model, X, holdout, names, seed)
        n, m = X.shape
        self.size = (min(size[0], n), min(size[1], m))
        self.cells_per_step = self.size[0] * self.size[1]
        self.steps_per_epoch = n_batches(n, self.size[0]) * n_batches(m, self.size[1])

    def backward(self, step: int) -> float | None:
        """Fill the gradients for the tile of `step`."""
        row_ranks, col_ranks = tile_batch(step, self.size, self.X.shape, self.seed)
        rows, cols = self.names.rows[row_ranks], self.names.cols[col_ranks]
        values = tile(self.X, rows, cols)
        seen = self.trainable(rows[:, None], cols[None, :], values)
        predicted = self.model.tile(self.to_device(rows), self.to_device(cols))
        return self.descend(
            predicted[self.to_device(seen)],
            self.to_device(values[seen]),
            np.broadcast_to(rows[:, None], seen.shape)[seen],
        )
