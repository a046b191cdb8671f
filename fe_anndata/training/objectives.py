"""What a step minimises: the interface between the loop and the two kinds of objective.

An objective fills the gradients of the parameters and returns the mean squared error of the
cells it has seen, in the units of the matrix. Gradients are those of the standardised error
(divided by scale^2), so that learning rates mean the same whatever the units.
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class Objective(ABC):
    """Loss and gradients of one step, and the validation loss.

    Attributes
    ----------
    steps_per_epoch, cells_per_step
        In how many steps every cell is seen once, and so how many cells a step stands for.
    n_held_out
        Number of validation cells.
    unexplained
        Share of the variance that the model leaves, as far as it is known.
    """

    steps_per_epoch: int
    cells_per_step: int
    n_held_out: int
    unexplained: float = 1.0

    @abstractmethod
    def backward(self, step: int) -> float | None:
        """Fill the gradients for `step`; return the mean squared error of its cells.

        None, and no gradients, if the batch has no cell to train on: all are held out or missing.
        """

    def after(self, steps: int, *, ends: bool = False) -> None:  # noqa: B027 (most do nothing)
        """Do what is due after `steps` steps, beside the optimiser's, or when training ends."""

    @abstractmethod
    def validation_loss(self) -> float:
        """Return the mean squared error of the held-out cells, NaN if there are none."""
