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
from ._methods import Embedder

DISTANCES = 300
"""Samples, at most, between which distances are compared, training and new ones alike."""

Table = dict[str, Any]


@dataclass(frozen=True)
class Sides:
    """Training samples and new ones.

    Attributes
    ----------
    samples
        All of them.
    fold
        Which are which.
    genes
        Chosen on the training samples.
    means
        Of the genes, over the training samples.
    some
        Rows of either side between which distances are compared.
    inner
        Folds of the training samples; none if the groups leave no way.
    """

    samples: Labelled
    fold: Fold
    genes: np.ndarray
    means: np.ndarray
    some: tuple[np.ndarray, np.ndarray]
    inner: list[Fold]

    def train(self) -> AnnData:
        """Return the training samples, new for each method, which may write to them."""
        return self.samples.part(self.fold.train, self.genes)

    def new(self) -> AnnData:
        """Return the new samples."""
        return self.samples.part(self.fold.test, self.genes)


def sides(samples: Labelled, fold: Fold, n_top_genes: int | None, folds: int, seed: int) -> Sides:
    """Return both sides of one of the `folds`; what is chosen is chosen on the training samples."""
    genes = np.ones(len(samples.genes), dtype=bool)
    if n_top_genes is not None:
        genes = variable_genes(samples.part(fold.train, genes), n_top_genes)
    number = min(DISTANCES, *map(len, fold))
    some = [
        generator(seed, "distances", i).permutation(len(of))[:number] for i, of in enumerate(fold)
    ]
    return Sides(
        samples,
        fold,
        genes,
        gene_means(samples.part(fold.train, genes)),
        (some[0], some[1]),
        _inner(samples, fold.train, folds, seed),
    )


def _inner(samples: Labelled, train: np.ndarray, folds: int, seed: int) -> list[Fold]:
    """Return as many folds of the training samples, so that classifiers see nearly as many."""
    groups = None if samples.groups is None else samples.groups[train]
    k = folds if groups is None else min(folds, len(np.unique(groups)))
    return split(samples.labels[train], k, groups=groups, seed=seed) if k > 1 else []


def rows(
    method: Callable[[AnnData, int, int], Embedder],
    name: str,
    dim: int,
    both: Sides,
    classifiers: Sequence[str],
    seed: int,
) -> Iterator[Table]:
    """Yield one row per classifier."""
    train, new = both.train(), both.new()
    started = time.perf_counter()
    embedder = method(train, dim, seed)
    fitted = _checked(embedder(train), train, dim, name)
    fit = time.perf_counter()
    placed = _checked(embedder(new), new, dim, name)
    seconds = {"seconds_fit": fit - started, "seconds_new": time.perf_counter() - fit}
    nowhere = ~np.isfinite(placed).all(axis=1)
    placed[nowhere] = fitted.mean(axis=0)
    measured = {"r2_new": _r2(embedder, placed, new, both.means)}
    measured |= _distances(both, (train, new), (fitted, placed))
    labels = [both.samples.labels[of] for of in both.fold]
    for classifier in classifiers:
        out = score(classifier, fitted, labels[0], placed, labels[1], seed)
        inside: dict[str, float] = dict.fromkeys(out, float("nan"))
        if both.inner:
            inside = cross_validated(classifier, fitted, labels[0], both.inner, seed)
        yield {
            "method": name,
            "decoder": getattr(embedder, "decoder", ""),
            "dim": dim,
            "classifier": classifier,
            "n_train": len(fitted),
            "n_test": len(placed),
            **{f"{key}_new": value for key, value in out.items()},
            **{f"{key}_fitted": value for key, value in inside.items()},
            **measured,
            **seconds,
        }


def _checked(places: Any, adata: AnnData, dim: int, name: str) -> np.ndarray:
    """Return a copy of the places, after checking that there is one per sample."""
    found = np.array(places)
    if found.shape != (adata.n_obs, dim) or found.dtype.kind != "f":
        raise ValueError(
            f"the method {name!r} must give {adata.n_obs} x {dim} coordinates, not an array of "
            f"{found.dtype} of shape {found.shape}."
        )
    return found


def _r2(embedder: Embedder, placed: np.ndarray, new: AnnData, means: np.ndarray) -> float:
    """Return the share of the squared deviations from the training means that is predicted."""
    decode = getattr(embedder, "decode", None)
    if decode is None:
        return float("nan")
    X = new.X if isinstance(new.X, np.ndarray) else new.X.toarray()
    predicted = np.asarray(decode(placed))
    # A gene that could not be learned is predicted by its mean.
    predicted = np.where(np.isnan(predicted), means, predicted)
    left, all_ = (np.nansum((X - p) ** 2, dtype=np.float64) for p in (predicted, means))
    return float(1 - left / all_) if all_ > 0 else float("nan")


def _distances(
    both: Sides, of: tuple[AnnData, AnnData], places: tuple[np.ndarray, np.ndarray]
) -> dict[str, float]:
    found = {}
    for side, some, adata, at in zip(("fitted", "new"), both.some, of, places, strict=True):
        kept = distances_kept(filled(adata[some], both.means), at[some])
        found[f"distance_pearson_{side}"] = kept["pearson"]
        found[f"distance_spearman_{side}"] = kept["spearman"]
        found[f"neighbours_kept_{side}"] = kept["neighbours"]
    return found
