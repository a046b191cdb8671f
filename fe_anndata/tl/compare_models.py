"""Several models, of any family, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.gene_sets import GeneSets
from .._access.labelled import Labelled, labelled
from .._core.ending import ending
from .._core.errors import require_choice, require_whole
from .._core.progress import progress_bar
from .._core.random import Rng, global_state_kept, seed_of
from .._core.settings import settings
from .._core.warn import warn_user
from ..evaluation import CLASSIFIERS, RIDGE, Fold, folds_of_any, outer_folds
from ._comparison import (
    chosen,
    gene_vectors,
    of_fold,
    over_folds,
    read_gene_sets,
    require_gene_sets,
)
from ._evaluation import Table, sides
from ._methods import layers_of, want_logarithms
from .evaluate import require_dims


@global_state_kept()
def compare_models(
    adata: AnnData,
    models: Sequence[str] | Mapping[str, Mapping[str, Any]],
    *,
    label: str | None = None,
    gene_sets: GeneSets | None = None,
    dim: int = 64,
    folds: int = 5,
    groups: str | None = None,
    classifier: str = "logistic",
    layer: str | None = None,
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    rng: Rng = 0,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Train several models on the same folds, and say in one table what each is good for.

    In each fold all models are trained on the same samples, and place the same new ones by their
    own :func:`fe_anndata.tl.transform`. Gene vectors are those of one more training, on all
    samples: gene sets are held out by gene, not by sample.

    Parameters
    ----------
    adata
        Samples x genes of log expression.
    models
        Names of families of :func:`fe_anndata.tl.models`, ``"pca"``, or any other method that
        :func:`fe_anndata.tl.evaluate` knows by name; or a dict of options of
        :func:`fe_anndata.tl.train` by name. With the option ``model`` the name is free, so that a
        family can be there twice; with ``layer`` it is trained on other values than the rest, such
        as ``{"pca": {}, "exceiver": {"layer": "counts"}}``.
    label
        Column of ``adata.obs`` to read off the embeddings of new samples: categories, or numbers.
        Samples without a label are left out altogether.
    gene_sets
        What :func:`fe_anndata.tl.classify_genes` takes: files, lists of genes, or columns.
    dim
        Dimensions of the embeddings of samples. Gene vectors may be longer or shorter:
        ``gene_dim`` of the table says so, and options such as ``{"fe": {"gene_dim": 64}}`` make
        them equal.
    folds
        Number of folds, of samples and of genes.
    groups
        Column of ``adata.obs`` whose groups, such as patients or donors, are each kept in one fold.
    classifier
        ``"logistic"`` (on standardised coordinates), ``"knn"`` or ``"network"``; numbers are
        predicted by ridge regression.
    layer
        Train on these values, not on ``adata.X``.
    mask_var
        Genes to use: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or names
        of genes.
    rng
        Seed, or a numpy Generator.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.

    Returns
    -------
    DataFrame
        A row for each model, by name; means over folds, and NaN where a model has no such number.
        Columns in ``_new`` are about new samples, those in ``_fitted`` about the samples fitted
        to. Nothing is written to `adata`.

        ``decoder``, ``dim``, ``n_train``, ``n_test``
            What was trained, and on how many samples of a fold.
        ``accuracy_*``, ``balanced_accuracy_*``, ``accuracy_new_sd``
            Share of right answers, its mean over classes, and its spread over folds; for numbers
            it is ``label_r2_*``.
        ``r2_new``
            Share of the squared deviations of new samples from the gene means of the training
            that is predicted at their coordinates.
        ``nats_new``
            What a token or a count of a new sample costs: the cross-entropy or the negative
            log-likelihood, for models that have one.
        ``nats_held_out``, ``baseline_nats_held_out``, ``baseline``
            The same of samples that each training holds out itself, by which it chooses when to
            stop; and the least cost of the same tokens by a simple prediction, and its name.
        ``auroc_gene_sets``, ``n_gene_sets``, ``n_genes``, ``gene_dim``
            Mean AUROC with which sets are read off the gene vectors of a model trained on all
            samples, cross-validated by gene; over how many sets, of how many genes (those that
            have a vector in all models); and how long the vectors are.
        ``seconds_fit``, ``seconds_new``, ``seconds_all``
            Time to fit one fold, to place its new samples, and to train on all samples. Compiling
            on first use counts.

    Raises
    ------
    KeyError, ValueError, TypeError
        For what :func:`fe_anndata.tl.evaluate` and :func:`fe_anndata.tl.classify_genes` refuse,
        before anything is trained; and what the models raise.

    Notes
    -----
    Ctrl-C ends the comparison and returns the rows of all models that are complete, with a
    warning.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> models = {"pca": {}, "fe": {"steps": 20}}
    >>> table = fe.tl.compare_models(adata, models, label="group", dim=4, folds=2, progress=False)
    >>> table.index.tolist(), bool((table["accuracy_new"] > 0.8).all())
    (['pca', 'fe'], True)
    """
    seed, shown = seed_of(rng), settings.shows(progress)
    require_choice(classifier, CLASSIFIERS, "classifier")
    require_whole(dim, "dim")
    methods = chosen(models, dim)
    others = layers_of(models.values()) if isinstance(models, Mapping) else []
    given = models.items() if isinstance(models, Mapping) else ((name, {}) for name in methods)
    logs = want_logarithms((of.get("model", name), of) for name, of in given)
    samples = labelled(adata, label, groups, layer, mask_var, others, logarithms=logs)
    splits = _splits(samples, label, folds, seed)
    require_dims([dim], samples, splits, None)
    var = adata.var.loc[samples.genes]
    if gene_sets is not None:
        require_gene_sets(var, gene_sets)
    numbers = samples.labels.dtype.kind == "f"
    reader = None if label is None else RIDGE if numbers else classifier
    data = [sides(samples, fold, None, folds, seed) for fold in splits]
    rows: dict[str, Table] = {}
    vectors: dict[str, np.ndarray] = {}
    try:
        total = len(methods) * (len(data) + (gene_sets is not None))
        with progress_bar(total, shown=shown, unit="fit") as bar:
            for name, method in methods.items():
                bar.set_description(name)
                of_folds = []
                for fold in data:
                    ending.check()
                    of_folds.append(of_fold(method, name, dim, fold, reader, seed))
                    bar.update()
                row = over_folds(of_folds)
                if gene_sets is not None:
                    ending.check()
                    genes, row["seconds_all"] = gene_vectors(method, dim, samples, seed)
                    if genes is not None:
                        vectors[name] = genes
                    bar.update()
                rows[name] = row
    except KeyboardInterrupt:
        if not rows:
            raise
        warn_user(
            f"interrupted: the table holds {', '.join(rows)} of {', '.join(methods)}, the models "
            "that were complete."
        )
        vectors = {name: of for name, of in vectors.items() if name in rows}
    if vectors and gene_sets is not None:
        for name, found in read_gene_sets(var, vectors, gene_sets, folds, seed).items():
            rows[name] |= found
    return _table(rows)


def _splits(samples: Labelled, label: str | None, folds: int, seed: int) -> list[Fold]:
    if label is None:
        return folds_of_any(len(samples.samples), folds, groups=samples.groups, seed=seed)
    return outer_folds(samples.labels, folds, groups=samples.groups, seed=seed)


def _table(rows: Mapping[str, Table]) -> pd.DataFrame:
    """Return the rows by the names of the models, seconds last."""
    table = pd.DataFrame(list(rows.values())).set_index("method").rename_axis("model")
    last = [column for column in table if column.startswith("seconds")]
    return table[[*(column for column in table if column not in last), *last]]
