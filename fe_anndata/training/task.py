"""What a step does: the interface between the trainer and a family.

A task fills the gradients of its parameters and returns the loss of what a step has seen. The
trainer knows nothing else of a model: neither its names nor its numbers mean anything to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from .optimisers import Group

if TYPE_CHECKING:
    import numpy as np

    from ..models.trained import Trained


@dataclass(frozen=True)
class Schedule:
    """How long a run goes on, and how its learning rate falls.

    Attributes
    ----------
    steps
        At most so many.
    evaluate_every
        Steps between evaluations.
    warm_up
        Number of first steps over which the learning rates rise.
    patience
        So many evaluations without progress lower the learning rate, or end the run; None: never.
    learning_rate_drops
        How often the learning rate falls before the run ends.
    tolerance
        The relative fall of the loss that counts as progress.
    record_every
        Steps between two copies of the sample table that are kept; None: none is.
    """

    steps: int
    evaluate_every: int
    warm_up: int = 0
    patience: int | None = None
    learning_rate_drops: int = 0
    tolerance: float = 0.0
    record_every: int | None = None


class Task(ABC):
    """The training of one model.

    Attributes
    ----------
    schedule
        How long to go on.
    parameters
        What is trained, by name.
    groups
        The same, with optimisers and rates.
    l2
        Weight of the sum of squares of all parameters in the loss.
    steps_per_epoch, entries_per_step
        In how many steps every entry is seen once, and so how many entries a step stands for.
    n_held_out
        Number of held-out entries, or of whatever the validation loss is a mean of.
    facts
        Numbers that a run needs to go on, beside its parameters, and cannot compute again.
    unexplained
        Fraction of the variance that the model leaves, as far as it is known.
    of_samples
        Names of the parameters with a row for each sample. Where processes share the rows, each
        trains those of its own.
    own
        Which samples these are.
    """

    schedule: Schedule
    parameters: Mapping[str, nn.Parameter]
    groups: list[Group]
    l2: float = 0.0
    steps_per_epoch: int
    entries_per_step: int
    n_held_out: int
    facts: Mapping[str, float] = {}
    unexplained: float = 1.0
    of_samples: frozenset[str] = frozenset()
    own: slice = slice(None)

    @abstractmethod
    def backward(self, step: int) -> float | None:
        """Fill the gradients for `step`; return the mean loss of what it has seen.

        None, and no gradients, if there is nothing to train on: all is held out or missing.
        """

    def rate(self, step: int) -> float:
        """Return what the learning rates of `step` are multiplied with, beside their falls."""
        warm_up = self.schedule.warm_up
        return min(1.0, (step + 1) / warm_up) if warm_up else 1.0

    def after(self, steps: int, *, ends: bool = False) -> None:  # noqa: B027 (most do nothing)
        """Do what is due after `steps` steps, beside the optimiser's, or when training ends."""

    def table(self) -> np.ndarray:
        """Return the sample table as it is now, float32 (n, d), of which copies are kept."""
        raise NotImplementedError

    @abstractmethod
    def validation_loss(self) -> float:
        """Return the mean loss of what is held out, NaN if there is nothing."""

    @abstractmethod
    def finish(self) -> Trained:
        """Return the trained model, at the parameters as they are now."""
