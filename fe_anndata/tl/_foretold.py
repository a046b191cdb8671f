"""Risks of samples in the fold in which they are new."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._access.followed import Followed
from .._core.ending import ending
from ..evaluation import Fold
from ..evaluation.cox import best_ridge, cox_risk
from ._bases import Basis
from ._evaluation import Sides, fit
from ._methods import Method
from ._outcome import Model

Places = dict[str, tuple[np.ndarray, np.ndarray]]
"""Coordinates of the training samples and of the new ones, by the name of the method."""


@dataclass(frozen=True)
class Plan:
    """What is fitted in each fold.

    Attributes
    ----------
    embedders
        Methods, by name.
    bases
        What risks are computed from.
    dims
        Dimensions of the embeddings.
    ridges
        What the ridge is chosen from.
    """

    embedders: Mapping[str, Method]
    bases: Sequence[Basis]
    dims: Sequence[int]
    ridges: Sequence[float]

    @property
    def models(self) -> list[Model]:
        """All bases with each of their dimensions, 0 for one without an embedding."""
        return [(of.name, dim) for of in self.bases for dim in (self.dims if of.methods else (0,))]

    @property
    def fits(self) -> int:
        """How many embeddings and regressions a fold takes."""
        return len(self.embedders) * len(self.dims) + len(self.models)

    def of_fold(
        self, data: Sides, fold: Fold, known: Followed, seed: int, advance: Callable[[], object]
    ) -> Iterator[tuple[Model, np.ndarray, float]]:
        """Yield each model with the risks of the new samples and the ridge that was chosen.

        Parameters
        ----------
        data, fold, known
            The expression of both sides, their numbers, and what is known of all samples.
        seed
            Of the methods.
        advance
            Called after each fit.
        """
        columns = [known.columns.iloc[side] for side in fold]
        for dim in (0, *self.dims):
            places: Places = {}
            for name, method in self.embedders.items() if dim else ():
                ending.check()
                places[name] = fit(method, name, dim, data, seed).coordinates
                advance()
            for basis in (of for of in self.bases if bool(of.methods) == bool(dim)):
                ending.check()
                fitted, placed = basis.covariates(places, columns[0], columns[1])
                train = fitted, known.time[fold.train], known.event[fold.train]
                ridge = best_ridge(train, self.ridges, data.inner)
                yield (basis.name, dim), cox_risk(train, placed, ridge), ridge
                advance()
