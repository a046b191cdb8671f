"""Properties of genes, read off their vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from tqdm.auto import tqdm

from .._access.gene_classes import GeneClasses, Task, task
from .._access.gene_sets import GeneSets
from .._core.errors import require_at_least_two, require_choice
from .._core.keys import DEFAULT_KEY
from .._core.random import Rng, seed_of
from .._core.settings import settings
from ..genespace.classify import CLASSIFIERS, Classified, classify


def classify_genes(
    adata: AnnData,
    gene_sets: GeneSets,
    *,
    universe: str | Sequence[str] | None = None,
    key: str = DEFAULT_KEY,
    classifier: str = "linear",
    folds: int = 5,
    min_genes: int = 10,
    max_genes: int | None = None,
    gene_symbols: str | None = None,
    rng: Rng = 0,
    progress: bool | None = None,
) -> GeneClasses:
    """Measure how well properties of genes are read off their vectors, and predict them.

    Each property has a classifier of its own, cross-validated by gene: a gene is scored by a
    model that has not seen its labels. One deal of genes to folds serves all properties, and the
    linear ones are solved together, thousands in seconds.

    Parameters
    ----------
    adata
        Only ``varm["fe"]`` is read; genes whose vector is NaN are never used.
    gene_sets
        A .gmt or .gmt.gz file or several of them, a dict of lists of genes, names of boolean
        columns of ``adata.var``, or a boolean DataFrame of genes x properties. A list may hold
        files and columns.
    universe
        Genes to learn from and to be tested on, members and others: a boolean column of
        ``adata.var``, such as one that marks protein-coding genes, or a list. By default, genes
        that are in any of the sets, or about which the columns or the DataFrame say something.
    key
        The `key_added` of the training.
    classifier
        ``"linear"`` (ridge regression on the labels), ``"knn"`` (50 nearest genes by cosine,
        counted by similarity) or ``"boosting"`` (gradient-boosted trees of scikit-learn, one fit
        per property and fold: seconds for each).
    folds
        Number of folds.
    min_genes, max_genes
        Sets with fewer or more members in the universe are left out, with a warning.
    gene_symbols
        Column of ``adata.var`` with the names that the sets use; by default ``adata.var_names``.
        If several genes bear a name, all of them are members.
    rng
        Seed, or a numpy Generator.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.

    Returns
    -------
    GeneClasses
        Nothing is written to `adata`.

        ``table``
            One row per property: ``property``, ``collection`` (name of the file), ``n_given``,
            ``n_genes`` (members in the universe), ``base_rate``, ``auroc`` with its standard
            error ``auroc_se``, ``auprc`` (average precision; by luck it is the base rate),
            ``auroc_permuted`` (the same with the labels of all genes shuffled), ``p_value``
            (one-sided, of Mann and Whitney) and ``q_value`` (Benjamini and Hochberg).
        ``probabilities``
            DataFrame of float32, genes x properties, in the order of ``adata.var_names``: of
            models that have not seen the gene, for genes of the universe by cross-validation.
            NaN for genes without a vector.
        ``genes``
            ``in_universe`` and ``fold`` of each gene, -1 outside the universe.
        ``skipped``
            Sets that were left out, with the reason.

        ``fe.io.write_h5ad(result.to_adata(), path)`` writes all of it;
        ``result.table.to_parquet(path)`` needs pyarrow, which is not installed with this package.

    Raises
    ------
    KeyError
        If `key` or a column is unknown, or no gene of a collection is known, with near matches.
    ValueError, TypeError
        If `gene_sets` is none of the forms above, a line of a file is no gene set, a column has
        missing values, or no set is large enough.

    Notes
    -----
    The linear classifier is least squares on labels 0 and 1 with standardised features, a
    regularised linear discriminant. The classes are not weighted by their size: that would need
    a Gram matrix per property. Per property and fold the penalty with the least exact
    leave-one-out error among training genes is taken from 7 values.
    Scores have no intercept, are scaled on training genes and pooled over folds; Platt's logistic
    curve through the pooled scores of the universe turns scores into probabilities, which is the
    only use of the labels of held-out genes.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(100, 200, 3)
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> adata.var["varies"] = adata.X.std(axis=0) > 1
    >>> found = fe.tl.classify_genes(adata, ["varies"], progress=False)
    >>> found.table[["property", "n_genes"]].values.tolist()
    [['varies', 143]]
    >>> found.probabilities.shape
    (200, 1)
    """
    require_choice(classifier, CLASSIFIERS, "classifier")
    require_at_least_two(folds, "folds")
    seed = seed_of(rng)
    sets = task(
        adata,
        gene_sets,
        key=key,
        universe=universe,
        gene_symbols=gene_symbols,
        min_genes=min_genes,
        max_genes=max_genes,
        min_others=2,
    )
    silent = not (settings.progress if progress is None else progress)
    with tqdm(total=len(sets.names), disable=silent, unit="property") as bar:
        found = classify(
            sets.vectors,
            sets.table,
            sets.universe,
            classifier=classifier,
            k=int(folds),
            seed=seed,
            order=sets.order,
            advance=bar.update,
        )
    return _result(adata.var_names, sets, found)


def _result(names: pd.Index, sets: Task, found: Classified) -> GeneClasses:
    table = sets.names.assign(**found.measures).astype({"n_genes": int})
    probabilities = np.full((len(table), len(names)), np.nan, dtype=np.float32)
    probabilities[:, sets.trained] = found.probabilities
    inside, folds = np.zeros(len(names), dtype=bool), np.full(len(names), -1)
    inside[sets.trained], folds[sets.trained] = sets.universe, found.folds
    return GeneClasses(
        table,
        pd.DataFrame(probabilities.T, index=names, columns=table["property"].tolist()),
        pd.DataFrame({"in_universe": inside, "fold": folds}, index=names),
        sets.skipped,
    )
