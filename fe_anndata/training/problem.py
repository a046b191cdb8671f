"""What a model is learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..kernels.device import Compute
from ..matrix.align import Alignment
from ..matrix.audit import Audit
from ..matrix.rows import Rows
from .ranks import Ranks

if TYPE_CHECKING:
    from ..models.trained import Trained


@dataclass(frozen=True)
class Origin:
    """A trained model that is continued.

    Attributes
    ----------
    model
        It.
    alignment
        Which of its genes are among those to train on, and where.
    """

    model: Trained
    alignment: Alignment


@dataclass(frozen=True)
class Labels:
    """Classes of samples, or numbers.

    Attributes
    ----------
    classes
        Their names; none for numbers.
    codes
        The class of each sample, int64 (n_obs,); -1 for those without a label, 0 for all numbers.
    numbers
        The number of each sample, float64 (n_obs,), NaN for those without; None for classes.
    """

    classes: tuple[str, ...]
    codes: np.ndarray
    numbers: np.ndarray | None = None


@dataclass(frozen=True)
class Batches:
    """What is known of the batches of samples.

    Attributes
    ----------
    covariates
        Numbers of each sample, float32 (n_obs, q), zero at the mean over samples.
    groups
        The batch of each sample, int64 (n_obs,); numbers that vary within batches do not count.
    """

    covariates: np.ndarray
    groups: np.ndarray

    def of_rows(self, rows: slice) -> Batches:
        """Return what is known of some samples."""
        return Batches(self.covariates[rows], self.groups[rows])


@dataclass(frozen=True)
class Factor:
    """What samples have in common.

    Attributes
    ----------
    name
        Its own.
    levels
        Their names.
    codes
        The level of each sample, int64 (n_obs,).
    """

    name: str
    levels: tuple[str, ...]
    codes: np.ndarray


@dataclass(frozen=True)
class Factors:
    """What sample vectors are made of.

    Attributes
    ----------
    columns
        One vector each.
    own
        Whether each sample has a vector of its own beside.
    """

    columns: tuple[Factor, ...]
    own: bool


@dataclass(frozen=True)
class Problem:
    """What a model is learned from.

    Attributes
    ----------
    rows
        The matrix of the samples and the genes to train on. Where several processes share the
        rows, those of this one, as all else that has a row for each sample.
    audit
        Its sums and counts, over the rows of all.
    ranks
        Of the names of samples and genes.
    seed
        With the ranks it decides all that is random.
    compute
        Where and with what to compute.
    starts
        Tables to start at by option, float32.
    origin
        The trained model to start at, if there is one.
    labels
        Classes of the samples to learn, if any.
    batches
        Of the samples, if they are known.
    factors
        Of which sample vectors are made, if of any.
    """

    rows: Rows
    audit: Audit
    ranks: Ranks
    seed: int
    compute: Compute
    starts: Mapping[str, np.ndarray] = field(default_factory=dict)
    origin: Origin | None = None
    labels: Labels | None = None
    batches: Batches | None = None
    factors: Factors | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of samples, those of other processes as well, and of genes."""
        return self.audit.shape
