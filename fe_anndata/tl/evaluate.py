"""How well an embedding places samples that it was not fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.labelled import Labelled, labelled
from .._core.ending import ending
from .._core.errors import require_choice
from .._core.progress import progress_bar
from .._core.random import Rng, global_state_kept, seed_of
from .._core.settings import settings
from .._core.warn import warn_user
from ..evaluation import CLASSIFIERS, RIDGE, Fold, deals_of_folds
from ._evaluation import fit, rows, sides
from ._methods import Method, keywords_of_each, known_methods, layers_of, named, want_logarithms


@global_state_kept()
def evaluate(
    adata: AnnData,
    label: str,
    *,
    dims: Sequence[int] = (2, 8, 32),
    methods: Sequence[str | Method] = ("fe", "pca", "umap"),
    folds: int = 5,
    deals: int = 1,
    groups: str | None = None,
    classifiers: Sequence[str] = CLASSIFIERS,
    layer: str | None = None,
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    n_top_genes: int | None = None,
    train: Mapping[str, Any] | None = None,
    rng: Rng = 0,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Measure how well embeddings place samples that they were not fitted to.

    In each fold everything is fitted to the training samples alone: the choice of genes, the gene
    means, the embedding, and the classifier that reads the label off the coordinates of the
    training samples. New samples are then placed and classified. Beside their accuracy stands
    that of the fitted samples, cross-validated inside the training embedding in as many folds.
    The two are never mixed. A method is given names and expression but no annotation, so it
    cannot see the label.

    Parameters
    ----------
    adata
        Samples x genes of log expression.
    label
        Column of ``adata.obs`` to predict. Categories, text and booleans are classified; numbers
        are predicted by ridge regression. Samples without a label are left out altogether.
    dims
        Dimensions of the embeddings.
    methods
        A family of models, such as ``"fe"`` or ``"generain"``, which
        :func:`fe_anndata.tl.train` trains and whose :func:`fe_anndata.tl.transform` places new
        samples; ``"fe_linear"`` and ``"fe_concat"`` (``"fe"`` by the recipe ``"linear"``, and with
        the published decoder), ``"pca"``, ``"umap"`` (on 50 principal components); or any named
        function ``f(train, dim, seed)`` of the training samples that returns an embedder, a
        function from an AnnData to coordinates (n_obs, dim).
        The embedder is called with ``train`` itself, then with new samples. If it has an
        attribute ``decode``, a function from coordinates to expression, ``r2_new`` is computed.
    folds
        Number of folds. Classes are spread over them as evenly as possible.
    deals
        How often the samples are dealt into folds, each time otherwise. One deal says little of a
        difference of a point or two: with three, :func:`fe_anndata.get.differences` says how sure
        it is.
    groups
        Column of ``adata.obs`` whose groups, such as patients or donors, are each kept in one fold.
    classifiers
        ``"knn"`` (15 neighbours), ``"logistic"`` (on standardised coordinates) and ``"network"``
        (the same with hidden layers of 100 and 50). Numbers are predicted by ``"ridge"``, whatever
        is given here.
    layer
        Embed these values, not ``adata.X``.
    mask_var
        Genes to use: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or names
        of genes.
    n_top_genes
        Number of genes to use: in each fold those that vary most among the training samples,
        chosen by :func:`scanpy.pp.highly_variable_genes`, which expects log(x + 1) values.
    train
        Keywords of :func:`fe_anndata.tl.train` for all families; or for each method its own, such
        as ``{"fe": {"steps": 100}, "generain": {"zero": -2.0}}``. With ``layer`` a model is
        trained on other values than the rest, such as ``{"exceiver": {"layer": "counts"}}``.
    rng
        Seed, or a numpy Generator.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.

    Returns
    -------
    DataFrame
        One row per method, dimension, deal, fold and classifier. Columns in ``_new`` are about new
        samples, and those in ``_fitted`` about the samples fitted to. Nothing is written to
        `adata`.

        ``method``, ``decoder``, ``dim``, ``deal``, ``fold``, ``classifier``
            What was measured.
        ``n_train``, ``n_test``
            On how many samples.
        ``accuracy_*``, ``balanced_accuracy_*``
            Share of right answers, and its mean over classes. For numbers it is ``label_r2_*``.
        ``r2_new``
            Share of the squared deviations of new samples from the gene means of the training
            that is predicted at their coordinates; NaN for methods that predict no expression.
        ``distance_pearson_*``, ``distance_spearman_*``
            Correlation of the distances in expression space with those in the embedding, between
            at most 300 samples, the same number of new and of fitted ones.
        ``neighbours_kept_*``
            Share of the 15 nearest neighbours among these samples that are kept.
        ``seconds_fit``, ``seconds_new``
            Time to fit, and to place the new samples. Compiling on first use counts.

    Raises
    ------
    KeyError, ValueError, TypeError
        If a column or a name is unknown, the label has one class, a class has fewer samples than
        there are folds, the groups leave a fold without a class, or there are fewer deals; and
        what the methods raise.

    Notes
    -----
    Ctrl-C ends the evaluation and returns the rows of all fits that are complete, with a warning.
    A new sample that a method cannot place (NaN) is taken to lie at the mean of the training
    samples. Inside the training embedding a classifier has fewer samples to learn from (with five
    folds 64 % of all, not 80 %), so the fitted accuracy of small classes can be below that of new
    samples.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> table = fe.tl.evaluate(adata, "group", dims=[2], methods=["pca"], classifiers=["knn"])
    >>> len(table), bool(table["accuracy_new"].mean() > 0.8)
    (5, True)
    """
    seed, shown = seed_of(rng), settings.shows(progress)
    options = dict(train or {})
    others = layers_of([options, *(of for of in options.values() if isinstance(of, Mapping))])
    methods = listed(methods)
    known = [name for name in methods if isinstance(name, str)]
    logs = want_logarithms((name, options.get(name, options)) for name in known)
    samples = labelled(adata, label, groups, layer, mask_var, others, logarithms=logs)
    dealt = deals_of_folds(samples.labels, folds, deals, groups=samples.groups, seed=seed)
    splits = [(deal, i, fold) for deal, of in enumerate(dealt) for i, fold in enumerate(of)]
    require_dims(dims, samples, [fold for _, _, fold in splits], n_top_genes)
    chosen = methods_of(methods, options, dims, "tl.evaluate")
    for name in classifiers:
        require_choice(name, CLASSIFIERS, "classifiers")
    readers = [RIDGE] if samples.labels.dtype.kind == "f" else list(dict.fromkeys(classifiers))
    if not readers:
        raise ValueError("classifiers is empty; give at least one, such as classifiers=['knn'].")
    records: list[dict[str, Any]] = []
    n_fits = len(splits) * len(dims) * len(chosen)
    try:
        with progress_bar(n_fits, shown=shown, unit="fit") as bar:
            for deal, number, fold in splits:
                data = sides(samples, fold, n_top_genes, folds, seed)
                for dim, (name, method) in product(dims, chosen.items()):
                    ending.check()
                    bar.set_description(f"{name}, {dim}-D, fold {number + 1} of {folds}")
                    found = list(rows(fit(method, name, dim, data, seed), data, readers, seed))
                    records += [{"deal": deal, "fold": number, **row} for row in found]
                    bar.update()
    except KeyboardInterrupt:
        if not records:
            raise
        warn_user(
            f"interrupted: the table holds {len(records) // len(readers)} of {n_fits} fits, those "
            "that were complete. Compare methods in the folds that all of them have."
        )
    return _table(records, chosen, dims)


def _table(records: list[dict[str, Any]], names: Mapping[str, Any], dims: Sequence[int]) -> Any:
    """Return the rows in the order of methods, dimensions, deals and folds."""
    method_rank = {name: i for i, name in enumerate(names)}
    dim_rank = {dim: i for i, dim in enumerate(dims)}
    records.sort(key=lambda r: (method_rank[r["method"]], dim_rank[r["dim"]]))
    table = pd.DataFrame(records)
    first = ["method", "decoder", "dim", "deal", "fold", "classifier", "n_train", "n_test"]
    return table[[*first, *(c for c in table if c not in first)]]


def listed(given: Sequence[str | Method]) -> Sequence[str | Method]:
    """Return several methods, also if one was given; their names are known."""
    if isinstance(given, str) or callable(given):
        given = [given]
    for method in given:
        if isinstance(method, str):
            require_choice(method, known_methods(), "methods")
    return given


def methods_of(
    given: Sequence[str | Method], train: dict[str, Any], dims: Sequence[int], verb: str
) -> dict[str, Method]:
    """Return functions by name; those that train are given the keywords of training."""
    names = [name for name in given if isinstance(name, str)]
    keywords = keywords_of_each(names, train, dims, verb)
    functions: dict[str, Method] = {}
    for method in given:
        if isinstance(method, str):
            name, function = method, named(method, keywords.get(method, {}))
        elif callable(method) and hasattr(method, "__name__"):
            name, function = method.__name__, method
        else:
            raise TypeError(
                f"methods must be names ({', '.join(map(repr, known_methods()))}) or named "
                f"functions f(train, dim, seed), not {method!r}."
            )
        if name in functions:
            raise ValueError(f"two methods are named {name!r}; give one another name.")
        functions[name] = function
    if not functions:
        raise ValueError("methods is empty; give at least one, such as methods=['fe'].")
    return functions


def require_dims(
    dims: Sequence[int], samples: Labelled, splits: list[Fold], n_top_genes: int | None
) -> None:
    """Raise ValueError for dimensions that the smallest training fold cannot have."""
    n_obs = min(len(fold.train) for fold in splits)
    n_vars = len(samples.genes)
    if n_top_genes is not None:
        if not 1 <= n_top_genes <= n_vars:
            raise ValueError(f"n_top_genes must be from 1 to {n_vars}, not {n_top_genes}.")
        n_vars = n_top_genes
    integers = all(isinstance(d, (int, np.integer)) and not isinstance(d, bool) for d in dims)
    if not len(dims) or not integers or len(set(dims)) < len(dims) or min(dims) < 1:
        raise ValueError(f"dims must be different positive integers, such as [2, 8], not {dims!r}.")
    if max(dims) >= min(n_obs, n_vars):
        raise ValueError(
            f"{max(dims)} dimensions are too many for {n_obs} training samples x {n_vars} genes."
        )
