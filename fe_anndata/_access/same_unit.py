"""Whether new samples are in the units of a training, and what would bring them there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from .._core.warn import warn_user
from ..matrix.align import Alignment
from ..matrix.extremes import Extremes
from ..matrix.findings import extremes_of
from ..matrix.normalize import STEPS, Normalize
from ..matrix.units import MOST_OF_LOGS, Units, units_of
from ..matrix.values import Values, stored
from .reference import Reference

SPREAD = 0.3
"""Of gene means, in units of the spread around them: less tells nothing."""
ALIKE = 0.5
"""Correlation of gene means, below which nothing can be said of the unit."""
SLOPES = (0.5, 0.8, 1.25, 2.0)
"""Of the mean profile on that of the training: beyond the outer ones an error, else a warning."""
_BASES = {"log10": math.log10(math.e), "the natural logarithm": 1.0, "log2": math.log2(math.e)}
_LOGARITHMS = [
    (a / b, of_a, of_b) for of_a, a in _BASES.items() for of_b, b in _BASES.items() if a != b
]
NEAR = 0.15
"""How far a slope may be from the ratio of two logarithms."""
SOME = 512
"""New samples by which a step is chosen."""


@dataclass(frozen=True)
class Fit:
    """How the mean profile of new samples lies to that of the training.

    Attributes
    ----------
    alike
        Correlation of gene means.
    slope
        By how much those of new samples rise for one in those of the training.
    """

    alike: float
    slope: float

    @property
    def spread(self) -> float:
        """How far gene means are apart, for one in those of the training."""
        return self.slope / self.alike if self.alike else np.nan

    @property
    def possible(self) -> bool:
        """Whether they can be in the same unit."""
        return self.alike >= ALIKE and SLOPES[0] <= self.slope <= SLOPES[3]


def fit_of(
    sums: np.ndarray, observed: np.ndarray, reference: Reference, alignment: Alignment
) -> Fit | None:
    """Return how gene means lie to those of the training; None where that tells nothing.

    Parameters
    ----------
    sums, observed
        Of the values of each gene that is in both, and how many they are.
    reference, alignment
        What was trained, and which genes are in both.
    """
    seen, unit = observed > 0, reference.model.unit()
    if unit is None:
        return None
    trained, spread = unit[0][alignment.known], unit[1]
    # Where genes have about the same mean, as scaled ones have, their means tell no unit.
    if seen.sum() < 10 or np.std(trained[seen]) < SPREAD * spread:
        return None
    mean, known = sums[seen] / observed[seen], trained[seen]
    if not np.ptp(mean):
        return Fit(0.0, 0.0)
    alike = float(np.corrcoef(mean, known)[0, 1])
    return Fit(alike, float(np.cov(mean, known)[0, 1] / np.var(known, ddof=1)))


def require_same_unit(
    sums: np.ndarray,
    observed: np.ndarray,
    counts: bool,
    reference: Reference,
    alignment: Alignment,
    cure: Callable[[float], str],
) -> None:
    """Raise ValueError if values are in another unit than those trained on; warn if they may be.

    Parameters
    ----------
    sums, observed, reference, alignment
        As in :func:`fit_of`.
    counts
        Whether the values look like raw counts.
    cure
        Returns what to do about another scale, on which gene means are so far apart.
    """
    if not (observed > 0).any():
        return
    if counts and not reference.whole_numbers:
        raise ValueError(
            "the new samples look like raw counts, but the reference was trained on other values. "
            f"{cure(np.nan)}"
        )
    fit = fit_of(sums, observed, reference, alignment)
    if fit is None:
        return
    if not fit.alike >= ALIKE:
        warn_user(
            f"gene means of the new samples hardly resemble those of the training (correlation "
            f"{fit.alike:.2g}): are they the same genes, in the same units?"
        )
        return
    if reference.model.per_total:
        return  # counts of any depth are in the same unit
    if not fit.possible:
        raise ValueError(
            f"gene means of the new samples rise by {fit.slope:.2g} for 1 in those of the "
            f"training: another scale (another logarithm?). {cure(fit.spread)}"
        )
    if not SLOPES[1] <= fit.slope <= SLOPES[2]:
        warn_user(
            f"gene means of the new samples rise by {fit.slope:.2g} for 1 in those of the "
            f"training: are they on the same scale (the same logarithm)? {cure(fit.spread)}"
        )


def covered_share(reference: Reference, alignment: Alignment) -> float:
    """Return which share of the counts of the training is of genes that are in both.

    Of new samples that lack genes, the total is that of fewer.
    """
    unit = reference.model.unit()
    if unit is None:
        return 1.0
    means = np.expm1(np.clip(unit[0], 0, MOST_OF_LOGS))
    of_all = float(means.sum())
    return float(means[alignment.known].sum()) / of_all if of_all else 1.0


class FirstRows:
    """Some of the new samples as they are stored, by which it is seen what a step makes of them.

    Parameters
    ----------
    values
        Their rows, with all genes.
    reference, alignment
        What was trained, and which genes are in both.
    """

    def __init__(self, values: Values, reference: Reference, alignment: Alignment) -> None:
        self.values, self.reference, self.alignment = values, reference, alignment

    def fit(self, step: str | None) -> Fit | None:
        """Return how they lie to the training after a step; None if it cannot be taken."""
        values = self.values
        if step is not None:
            try:
                values = STEPS[step].forward(values)
            except ValueError:
                return None
        block = values[:, self.alignment.columns]
        dense = block.toarray() if sparse.issparse(block) else block
        seen = np.isfinite(dense)
        sums = np.where(seen, dense, 0).sum(axis=0, dtype=np.float64)
        return fit_of(sums, seen.sum(axis=0), self.reference, self.alignment)

    def chosen(self, normalize: Normalize) -> str | None:
        """Return the step for ``"auto"``: that of the training, unless values went through it."""
        trained = self.reference.normalize
        if normalize != "auto":
            return normalize
        if trained is None:
            return None
        extremes = self._extremes
        if extremes.least < 0 or (not extremes.whole_numbers and extremes.greatest < MOST_OF_LOGS):
            return None  # logarithms, or scaled values
        return trained

    @cached_property
    def _extremes(self) -> Extremes:
        return extremes_of(self.values)

    def _units(self) -> Units:
        total = float(np.nansum(stored(self.values)))
        return units_of(self._extremes, total / max(1, self.values.shape[0]))

    def require_no_counts(self) -> None:
        """Raise ValueError for raw counts where TPM were trained on, which no step makes of it."""
        if self.reference.normalize == "log2_tpm" and self._extremes.counts:
            raise ValueError(
                "the new samples look like raw counts, but the reference was trained on TPM or the "
                "like (normalize='log2_tpm'): give such values. normalize='log2_tpm' takes these "
                "for them all the same."
            )

    def cure(self, spread: float = np.nan) -> str:
        """Return what would bring samples, whose means spread so, to the units of the training."""
        units = self._units()
        for step in STEPS if units.step is not None else ():
            fit = self.fit(step)
            if fit is not None and fit.possible and SLOPES[1] <= fit.slope <= SLOPES[2]:
                return f"normalize={step!r} brings them to the units of the training."
        trained = self.reference.normalize
        went = "" if trained is None else f" It was trained with normalize={trained!r}."
        if units.step is not None:
            return f"They look like {units.what}. Bring them to the units of the reference.{went}"
        for ratio, a, b in _LOGARITHMS:
            if abs(spread / ratio - 1) < NEAR:
                return (
                    f"It is the ratio of {a} to {b}: if that is the difference, multiply the "
                    f"values by {1 / ratio:.4g}."
                )
        return f"Bring them to the units of the reference.{went}"
