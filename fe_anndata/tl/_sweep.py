"""One training of a sweep, and what is measured of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from anndata import AnnData

from .._access.files import opened
from .._access.labelled import Labelled
from .._core.keys import Keys
from .._core.warn import warn_user
from ..evaluation import RIDGE, outer_folds
from ..models.base import Family
from ..training.loop import NonFiniteLossError
from ._evaluation import Sides, Table, fit, scores, sides
from ._methods import OfFamily
from ._run import Asked, description, new_run

DIM = 2
"""Dimensions of an embedding, unless they are asked for."""

Done: TypeAlias = tuple[Table, np.ndarray]
"""What is measured of a training, by column, and where all samples are, float32 (n_obs, dim)."""


@dataclass(frozen=True)
class Kept:
    """What all trainings of a sweep have in common.

    Attributes
    ----------
    family, recipe
        What is trained.
    samples
        All samples.
    aside
        The samples to train on and those that are kept aside; None if all are trained on.
    reader
        The classifier that reads the label off an embedding.
    device, seed
        Of every training.
    """

    family: Family
    recipe: str
    samples: Labelled
    aside: Sides | None
    reader: str
    device: str | None
    seed: int

    @property
    def fitted(self) -> np.ndarray:
        """The samples that are trained on, by their numbers."""
        return np.arange(len(self.samples.samples)) if self.aside is None else self.aside.fold.train

    def part(self, rows: np.ndarray) -> AnnData:
        """Return some of the samples, with all genes."""
        return self.samples.part(rows, np.ones(len(self.samples.genes), dtype=bool))

    def described(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return what tells the data from others, after checking that they can be trained on.

        Parameters
        ----------
        options
            Of one training.

        Raises
        ------
        ValueError, KeyError, TypeError
            If they cannot.
        """
        adata = self.part(np.arange(len(self.samples.samples)))
        asked = Asked(self.family.name, self.recipe, rng=self.seed, options=options)
        with opened(adata) as source:
            run = new_run(source, Keys(self.family.name), self.family, asked)
        told: dict[str, Any] = {"matrix": description(run.audit, adata, run.trained)}
        if self.aside is not None:
            of_label = (self.samples.labels, self.samples.groups)
            known = [None if of is None else _digest(of) for of in of_label]
            told["label"] = [self.reader, len(self.fitted), *known]
        return told


def keep_aside(samples: Labelled, folds: int, seed: int) -> Sides:
    """Return the samples to train on, and those to be placed: the first fold of `tl.evaluate`."""
    splits = outer_folds(samples.labels, folds, groups=samples.groups, seed=seed)
    return sides(samples, splits[0], None, folds, seed)


def reader_of(samples: Labelled, classifier: str) -> str:
    """Return what reads the label off: the classifier, or ridge regression for numbers."""
    return RIDGE if samples.labels.dtype.kind == "f" else classifier


def trained(kept: Kept, options: Mapping[str, Any], called: str) -> Done:
    """Train with some options, and measure what comes of it.

    Coordinates of samples that were kept aside are where :func:`fe_anndata.tl.transform` placed
    them. Of a training whose loss is not finite everything is NaN, and a warning says so.

    Parameters
    ----------
    kept
        What all trainings have in common.
    options
        Those of this one.
    called
        What a warning calls it.
    """

    def method(train: AnnData, _: int | None, seed: int) -> OfFamily:
        keywords = {"recipe": kept.recipe, "device": kept.device, **options}
        return OfFamily(kept.family, train, DIM, seed, **keywords)

    n, started = len(kept.samples.samples), time.perf_counter()
    sizes = {"n_train": len(kept.fitted), "n_test": n - len(kept.fitted)}
    try:
        if kept.aside is None:
            embedder = method(kept.part(kept.fitted), None, kept.seed)
            measured: Table = {"seconds_fit": time.perf_counter() - started}
            u = np.asarray(embedder(embedder.train))
        else:
            found = fit(method, kept.family.name, None, kept.aside, kept.seed)
            assert isinstance(found.embedder, OfFamily)
            embedder, u = found.embedder, np.empty((n, found.coordinates[0].shape[1]), np.float32)
            for side, of_side in zip(kept.aside.fold, found.coordinates, strict=True):
                u[side] = of_side
            measured = scores(found, kept.aside, kept.reader, kept.seed) | found.seconds
            measured["r2_new"] = found.r2(kept.aside.means)
    except NonFiniteLossError as error:
        warn_user(f"there is no result with {called}: {error}")
        lost = np.full((n, DIM), np.nan, dtype=np.float32)
        return {**sizes, "seconds_fit": time.perf_counter() - started}, lost
    of_embedding = {"decoder": embedder.decoder, "dim": u.shape[1], **sizes}
    return of_embedding | _losses(embedder) | _spread(u[kept.fitted]) | measured, u


def _losses(embedder: OfFamily) -> Table:
    return {
        "train_loss": float(embedder.result["history"]["train_loss"].iloc[-1]),
        "validation_loss": float(embedder.result["params"]["validation_loss"]),
    }


def _spread(u: np.ndarray) -> Table:
    """Return the pooled standard deviation of coordinates, and the largest of them."""
    return {"spread": float(u.var(axis=0).mean() ** 0.5), "largest": float(np.abs(u).max())}


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256("\n".join(map(str, values)).encode()).hexdigest()
