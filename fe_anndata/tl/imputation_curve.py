"""How well profiles of new samples are predicted from a few of their genes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.labelled import Labelled, filled, gene_means, labelled
from .._access.results import trained_model
from .._core.ending import ending
from .._core.errors import require_choice, require_positive
from .._core.keys import DEFAULT_KEY
from .._core.progress import progress_bar
from .._core.random import Rng, generator, global_state_kept, seed_of
from .._core.settings import settings
from .._core.warn import warn_user
from ..evaluation import Fold, folds_of_any
from ..evaluation.imputers import Imputer, named
from ..models import family
from ._methods import OfFamily, require_keywords
from .evaluate import require_dims

METHODS = ("fe", "means", "pca", "knn", "ridge")
NUMBERS = (1, 5, 10, 25, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000)
"""Of genes that are shown; those of the publication of 2020."""
WITH_DIMENSIONS = ("fe", "pca")


@global_state_kept()
def imputation_curve(
    adata: AnnData,
    *,
    n_genes: Sequence[int] | None = None,
    methods: Sequence[str] = METHODS,
    dim: int = 2,
    subsets: int = 5,
    folds: int = 5,
    groups: str | None = None,
    layer: str | None = None,
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    train: Mapping[str, Any] | None = None,
    rng: Rng = 0,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Measure how well profiles of new samples are predicted from a few of their genes.

    In each fold methods are fitted to the training samples. New samples then show random genes, the
    same to all methods, and what is predicted of their other genes is compared with the truth.

    Parameters
    ----------
    adata
        Samples x genes of log expression.
    n_genes
        Numbers of genes that are shown, fewer than there are. By default 1, 5, 10, 25, 100, 250
        and so on.
    methods
        ``"fe"``, factorized embeddings as :func:`fe_anndata.tl.impute` uses them, without a
        training sample; ``"means"`` of genes; ``"pca"``, components whose scores are the most
        likely given what is seen (probabilistic PCA); ``"knn"``, the mean of the 15 training
        samples nearest by what is seen; ``"ridge"``, kernel ridge regression from what is seen,
        fitted again for each choice of genes.
    dim
        Dimensions of the embedding and of PCA.
    subsets
        Random choices of genes of each number, in each fold.
    folds
        Number of folds.
    groups
        Column of ``adata.obs`` whose groups, such as patients or donors, are each kept in one fold.
    layer
        Use these values, not ``adata.X``.
    mask_var
        Genes to use: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or names
        of genes.
    train
        Keywords of :func:`fe_anndata.tl.train`.
    rng
        Seed, or a numpy Generator.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.

    Returns
    -------
    DataFrame
        One row per method, number of genes, fold and choice of genes. Nothing is written to
        `adata`.

        ``method``, ``dim``, ``n_genes``, ``fold``, ``subset``, ``n_train``, ``n_test``
            What was measured, and on how many samples. ``dim`` is 0 where there is none.
        ``r2``
            Share of the squared deviations from the gene means of the training that is predicted,
            over the genes that were not shown. It is 0 for ``"means"``, but for rounding.
        ``seconds``
            To predict, without the fit.

    Raises
    ------
    KeyError, ValueError, TypeError
        If a column or a name is unknown, or a number is out of range; and what training raises.

    Notes
    -----
    Ctrl-C ends the measurement and returns the rows of the choices that are complete, with a
    warning.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> table = fe.tl.imputation_curve(
    ...     adata, n_genes=[5, 30], folds=2, subsets=2, train={"steps": 30}, progress=False
    ... )
    >>> means = table.groupby(["method", "n_genes"])["r2"].mean()
    >>> bool(means["fe", 30] > means["fe", 5] > 0)
    True
    """
    seed, shown = seed_of(rng), settings.shows(progress)
    methods = [methods] if isinstance(methods, str) else list(dict.fromkeys(methods))
    for name in methods:
        require_choice(name, METHODS, "methods")
    options = dict(train or {})
    require_keywords(family(DEFAULT_KEY), options, dim, "tl.imputation_curve")
    samples = labelled(adata, None, groups, layer, mask_var)
    require_positive(subsets, "subsets")
    splits = folds_of_any(len(samples.samples), folds, groups=samples.groups, seed=seed)
    require_dims([dim], samples, splits, None)
    numbers = _numbers(n_genes, len(samples.genes))
    records: list[dict[str, Any]] = []
    try:
        with progress_bar(len(splits) * len(numbers) * subsets, shown=shown, unit="choice") as bar:
            for number, fold in enumerate(splits):
                predict = _fitted(samples, fold, methods, dim, options, seed)
                choices = product(numbers, range(subsets))
                for at, subset in choices:
                    ending.check()
                    draw = generator(seed, "shown genes", number, at, subset)
                    shown_genes = np.sort(draw.permutation(len(samples.genes))[:at])
                    new = {"n_genes": at, "fold": number, "subset": subset}
                    records += [new | row for row in predict(shown_genes)]
                    bar.update()
    except KeyboardInterrupt:
        if not records:
            raise
        warn_user("interrupted: the table holds what was complete. Compare the folds in it.")
    table = pd.DataFrame(records)
    first = ["method", "dim", "n_genes", "fold", "subset", "n_train", "n_test", "r2", "seconds"]
    rank = table["method"].map({name: i for i, name in enumerate(methods)})
    order = table.assign(rank=rank).sort_values(["rank", "n_genes", "fold", "subset"]).index
    return table.loc[order, first].reset_index(drop=True)


def _numbers(given: Sequence[int] | None, of: int) -> list[int]:
    """Return how many genes are shown, fewer than there are."""
    if given is None:
        return [n for n in NUMBERS if n < of]
    numbers = sorted(set(given))
    if not numbers or any(not isinstance(n, int | np.integer) for n in numbers):
        raise TypeError(f"n_genes must be whole numbers, such as [5, 25, 100], not {given!r}.")
    if numbers[0] < 1 or numbers[-1] >= of:
        raise ValueError(
            f"n_genes must be from 1 to {of - 1}, fewer than the {of} genes, not {given!r}."
        )
    return [int(n) for n in numbers]


def _fitted(
    samples: Labelled,
    fold: Fold,
    methods: Sequence[str],
    dim: int,
    options: Mapping[str, Any],
    seed: int,
) -> Callable[[np.ndarray], Iterator[dict[str, Any]]]:
    """Fit the methods to the training samples; return what judges them by some genes of others."""
    every = np.ones(len(samples.genes), dtype=bool)
    train, test = (samples.part(rows, every) for rows in fold)
    means = gene_means(train)
    X = filled(train, means)
    truth = test.X if isinstance(test.X, np.ndarray) else test.X.toarray()
    shown = filled(test, means)  # rivals have no other use for a value that is missing
    imputers: dict[str, Imputer] = {}
    for name in methods:
        imputers[name] = _model(train, dim, options, seed) if name == "fe" else named(name, X, dim)

    def judged(columns: np.ndarray) -> Iterator[dict[str, Any]]:
        hidden = np.setdiff1d(np.arange(len(means)), columns)
        left = truth[:, hidden].astype(np.float64)
        total = np.nansum(np.square(left - means[hidden]))
        for name, imputer in imputers.items():
            started = time.perf_counter()
            values = truth if name == "fe" else shown
            predicted = imputer(values[:, columns], columns)[:, hidden]
            unexplained = np.nansum(np.square(left - predicted))
            yield {
                "method": name,
                "dim": dim if name in WITH_DIMENSIONS else 0,
                "n_train": len(X),
                "n_test": len(truth),
                "r2": float(1 - unexplained / total) if total > 0 else float("nan"),
                "seconds": time.perf_counter() - started,
            }

    return judged


def _model(train: AnnData, dim: int, options: Mapping[str, Any], seed: int) -> Imputer:
    """Train factorized embeddings; return what places samples by some genes, and completes them."""
    of = OfFamily(family(DEFAULT_KEY), train, dim, seed, **options)
    model, known = trained_model(train, of.keys.key)
    place_of = np.cumsum(known) - 1

    def impute(seen: np.ndarray, columns: np.ndarray) -> np.ndarray:
        used = known[columns]
        genes, values = place_of[columns[used]], np.ascontiguousarray(seen[:, used], np.float32)
        u = model.placing(genes)(values).u
        # Where nothing is seen, what the training samples are on the whole is as good a guess.
        u = np.where(np.isfinite(u), u, model.samples().mean(0))
        profiles = np.full((len(seen), int(known.sum())), np.nan, dtype=np.float32)
        profiles[:, genes] = values
        predicted = np.broadcast_to(gene_means(train), (len(seen), len(known))).copy()
        predicted[:, known] = model.complete(u, profiles, np.arange(profiles.shape[1]))
        return predicted

    return impute
