"""The rows of the table of :func:`fe_anndata.tl.evaluate`: one embedding on one fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from anndata import AnnData

from .._access.labelled import Labelled, filled, gene_means, variable_genes
from .._core.random import generator
from ..evaluation import Fold, cross_validated, distances_kept, score, split
from ..matrix.audit import audit
from ..matrix.rows import InMemory
from ..matrix.trainable import require_variance
from ._methods import Embedder

DISTANCES = 300
"""The most training samples, and the most new samples, between which distances are compared."""

Table = dict[str, Any]


@dataclass(frozen=True)
class Sides:
    """The training samples and the new samples of one fold.

    Attributes
    ----------
    samples
        The samples of both sides.
    fold
        Which samples are on which side.
    genes
        The genes that are used, chosen on the training samples.
    means
        Gene means of the training samples.
    compared
        Rows of each side between which distances are compared.
    inner
        Folds of the training samples; empty if their groups cannot be divided.
    """

    samples: Labelled
    fold: Fold
    genes: np.ndarray
    means: np.ndarray
    compared: tuple[np.ndarray, np.ndarray]
    inner: list[Fold]

    def train(self) -> AnnData:
        """Return a copy of the training samples, to which a method may write."""
        return self.samples.part(self.fold.train, self.genes)

    def new(self) -> AnnData:
        """Return the new samples."""
        return self.samples.part(self.fold.test, self.genes)


def sides(samples: Labelled, fold: Fold, n_top_genes: int | None, folds: int, seed: int) -> Sides:
    """Return both sides of one of the `folds`; every choice is made on the training samples."""
    genes = np.ones(len(samples.genes), dtype=bool)
    require_variance(audit(InMemory(samples.part(fold.train, genes).X)), "the training samples")
    if n_top_genes is not None:
        genes = variable_genes(samples.part(fold.train, genes), n_top_genes)
    number = min(DISTANCES, *map(len, fold))
    compared = [
        generator(seed, "distances", i).permutation(len(side))[:number]
        for i, side in enumerate(fold)
    ]
    return Sides(
        samples,
        fold,
        genes,
        gene_means(samples.part(fold.train, genes)),
        (compared[0], compared[1]),
        _inner(samples, fold.train, folds, seed),
    )


def _inner(samples: Labelled, train: np.ndarray, folds: int, seed: int) -> list[Fold]:
    """Return as many folds of the training samples as there are outer ones, if groups allow it."""
    groups = None if samples.groups is None else samples.groups[train]
    k = folds if groups is None else min(folds, len(np.unique(groups)))
    return split(samples.labels[train], k, groups=groups, seed=seed) if k > 1 else []


@dataclass(frozen=True)
class Fitted:
    """An embedding of one fold.

    Attributes
    ----------
    name, embedder
        Of the method.
    samples
        The training samples and the new ones.
    coordinates
        Theirs; a new sample that could not be placed lies at the mean of the training samples.
    seconds
        By what they were spent on.
    """

    name: str
    embedder: Embedder
    samples: tuple[AnnData, AnnData]
    coordinates: tuple[np.ndarray, np.ndarray]
    seconds: dict[str, float]

    def facts(self) -> Table:
        """Return what was embedded, in columns."""
        fitted, placed = self.coordinates
        return {
            "method": self.name,
            "decoder": getattr(self.embedder, "decoder", ""),
            "dim": fitted.shape[1],
            "n_train": len(fitted),
            "n_test": len(placed),
        }

    def r2(self, means: np.ndarray) -> float:
        """Return the share of the squared deviations from the training means predicted for new."""
        return _r2(self.embedder, self.coordinates[1], self.samples[1], means)


def fit(
    method: Callable[..., Embedder], name: str, dim: int | None, data: Sides, seed: int
) -> Fitted:
    """Fit a method to the training samples, and place the new ones.

    `dim` is None where the method itself knows the dimensions.
    """
    train, new = data.train(), data.new()
    started = time.perf_counter()
    embedder = method(train, dim, seed)
    fitted = _checked(embedder(train), train, dim, name)
    fit = time.perf_counter()
    placed = _checked(embedder(new), new, dim, name)
    seconds = {"seconds_fit": fit - started, "seconds_new": time.perf_counter() - fit}
    unplaced = ~np.isfinite(placed).all(axis=1)
    placed[unplaced] = fitted.mean(axis=0)
    return Fitted(name, embedder, (train, new), (fitted, placed), seconds)


def rows(found: Fitted, data: Sides, classifiers: Sequence[str], seed: int) -> Iterator[Table]:
    """Yield one row per classifier."""
    measured = {"r2_new": found.r2(data.means)}
    measured |= _distances(data, found.samples, found.coordinates)
    for classifier in classifiers:
        yield {
            **found.facts(),
            "classifier": classifier,
            **scores(found, data, classifier, seed),
            **measured,
            **found.seconds,
        }


def scores(found: Fitted, data: Sides, classifier: str, seed: int) -> Table:
    """Return how well a label is read off, of new samples and inside the training embedding."""
    (fitted, placed), labels = found.coordinates, [data.samples.labels[i] for i in data.fold]
    of_new = score(classifier, fitted, labels[0], placed, labels[1], seed)
    of_fitted: dict[str, float] = dict.fromkeys(of_new, float("nan"))
    if data.inner:
        of_fitted = cross_validated(classifier, fitted, labels[0], data.inner, seed)
    return {
        **{f"{key}_new": value for key, value in of_new.items()},
        **{f"{key}_fitted": value for key, value in of_fitted.items()},
    }


def _checked(given: Any, adata: AnnData, dim: int | None, name: str) -> np.ndarray:
    """Return a copy of the coordinates, after checking that each sample has some."""
    coordinates = np.array(given)
    dim = coordinates.shape[-1] if dim is None else dim
    if coordinates.shape != (adata.n_obs, dim) or coordinates.dtype.kind != "f":
        raise ValueError(
            f"the method {name!r} must give {adata.n_obs} x {dim} coordinates, not an array of "
            f"{coordinates.dtype} of shape {coordinates.shape}."
        )
    return coordinates


def _r2(embedder: Embedder, placed: np.ndarray, new: AnnData, means: np.ndarray) -> float:
    """Return the share of the squared deviations from the training means that is predicted."""
    decode = getattr(embedder, "decode", None)
    if decode is None:
        return float("nan")
    X = new.X if isinstance(new.X, np.ndarray) else new.X.toarray()
    predicted = np.asarray(decode(placed))
    # A gene that could not be learned is predicted by its mean.
    predicted = np.where(np.isnan(predicted), means, predicted)
    unexplained, total = (np.nansum((X - p) ** 2, dtype=np.float64) for p in (predicted, means))
    return float(1 - unexplained / total) if total > 0 else float("nan")


def _distances(
    data: Sides, samples: tuple[AnnData, AnnData], coordinates: tuple[np.ndarray, np.ndarray]
) -> dict[str, float]:
    measures = {}
    sides_of_fold = zip(("fitted", "new"), data.compared, samples, coordinates, strict=True)
    for side, compared, adata, points in sides_of_fold:
        kept = distances_kept(filled(adata[compared], data.means), points[compared])
        measures[f"distance_pearson_{side}"] = kept["pearson"]
        measures[f"distance_spearman_{side}"] = kept["spearman"]
        measures[f"neighbours_kept_{side}"] = kept["neighbours"]
    return measures
