"""Properties of genes, read off their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.gene_sets import GeneSets
from .._access.known_sets import KnownSets, known_sets
from .._core.errors import require_at_least_two, require_choice
from .._core.keys import DEFAULT_KEY
from .._core.progress import progress_bar
from .._core.random import Rng, global_state_kept, seed_of
from .._core.settings import settings
from ..genespace.classify import CLASSIFIERS, Classified, classify


@dataclass(frozen=True)
class GeneClasses:
    """Properties of genes, as read off their vectors.

    :func:`fe_anndata.tl.classify_genes` returns it.

    Attributes
    ----------
    table
        DataFrame, one row per property: ``property``; ``collection``, the name of its file;
        ``n_given``, the genes the set names; ``n_genes``, its members in the universe;
        ``base_rate``, their share of the universe; ``auroc`` and its standard error ``auroc_se``;
        ``auprc``, the average precision, which is the base rate by chance; ``auroc_permuted``, the
        AUROC after the labels of all genes were shuffled; ``p_value``, one-sided, of the test of
        Mann and Whitney; and ``q_value``, of Benjamini and Hochberg.
    probabilities
        DataFrame of float32, genes x properties, in the order of ``adata.var_names``; NaN for
        genes that have no vector. No model has seen the labels of a gene whose probability it
        gives.
    genes
        DataFrame with ``in_universe``, bool, and ``fold``, int, of each gene; the fold is -1
        outside the universe.
    skipped
        DataFrame of the sets that were left out: ``property``, ``collection``, ``n_given``,
        ``n_genes`` and ``reason``.
    """

    __module__ = "fe_anndata.tl"  # where it is public

    table: pd.DataFrame
    probabilities: pd.DataFrame
    genes: pd.DataFrame
    skipped: pd.DataFrame

    def __repr__(self) -> str:
        n_genes, n_properties = self.probabilities.shape
        return (
            f"GeneClasses: {n_properties} properties of {n_genes} genes, {len(self.skipped)} sets "
            f"left out\n{self.table}"
        )

    def to_adata(self) -> AnnData:
        """Return an AnnData of genes x properties, which :func:`fe_anndata.io.write_h5ad` writes.

        Returns
        -------
        AnnData
            ``X`` holds the probabilities, float32; ``obs`` is `genes`; ``var`` is `table` by
            property; and ``uns["skipped"]`` is `skipped`. All are copies.
        """
        return AnnData(
            self.probabilities.to_numpy(copy=True),
            obs=self.genes.copy(),
            var=self.table.set_index("property"),
            uns={"skipped": self.skipped.copy()},
        )


@global_state_kept()
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
    model that has not seen its label. All properties use the same folds, and the linear
    classifiers are solved together, thousands in seconds.

    Parameters
    ----------
    adata
        Only ``varm["fe"]`` is read; genes whose vector is NaN are never used.
    gene_sets
        A .gmt or .gmt.gz file or several of them, a dict of lists of genes, names of boolean
        columns of ``adata.var``, or a boolean DataFrame of genes x properties. A list may hold
        files and columns.
    universe
        Genes to learn from and to be tested on, members of a set or not: a boolean column of
        ``adata.var``, such as one that marks protein-coding genes, or a list of genes. By
        default, all genes that are in a set; for columns and DataFrames, all genes that have a
        value.
    key
        The `key_added` of the training.
    classifier
        ``"linear"`` (ridge regression on the labels), ``"knn"`` (the 50 nearest genes by cosine,
        weighted by similarity) or ``"boosting"`` (gradient-boosted trees of scikit-learn, one fit
        per property and fold, which takes seconds for each).
    folds
        Number of folds, at least 2.
    min_genes, max_genes
        Sets with fewer or more members in the universe are left out, with a warning.
    gene_symbols
        Column of ``adata.var`` with the names that the sets use; by default ``adata.var_names``.
        If several genes have the same name, all of them are members.
    rng
        Seed, or a numpy Generator.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.

    Returns
    -------
    GeneClasses
        ``table`` (one row per property, with AUROC, average precision, control and p-value),
        ``probabilities`` (genes x properties), ``genes`` (the fold of each gene) and ``skipped``
        (sets that were left out, and why). Nothing is written to `adata`.
        ``fe.io.write_h5ad(result.to_adata(), path)`` writes all of it;
        ``result.table.to_parquet(path)`` needs pyarrow, which is not installed with this package.

    Raises
    ------
    KeyError
        If `key` or a column is unknown, or no gene of a collection is known, with near matches.
    ValueError, TypeError
        If `gene_sets` is none of the forms above, a line of a file is not a gene set, a column
        has missing values, or no set is large enough.

    Notes
    -----
    The linear classifier is least squares on labels 0 and 1 with standardised features, which is
    a regularised linear discriminant. The classes are not weighted by their size, because that
    would need a Gram matrix per property. For each property and fold, the penalty is the one of
    7 values that has the least exact leave-one-out error among the training genes.

    Scores have no intercept. They are scaled on the training genes and pooled over the folds.
    Platt's logistic curve, fitted to the pooled scores of the universe, turns them into
    probabilities; nothing else uses the labels of held-out genes.

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
    shown = settings.shows(progress)
    require_choice(classifier, CLASSIFIERS, "classifier")
    require_at_least_two(folds, "folds")
    seed = seed_of(rng)
    sets = known_sets(
        adata,
        gene_sets,
        key=key,
        universe=universe,
        gene_symbols=gene_symbols,
        min_genes=min_genes,
        max_genes=max_genes,
        min_nonmembers=2,
    )
    with progress_bar(len(sets.names), shown=shown, unit="property") as bar:
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


def _result(names: pd.Index, sets: KnownSets, found: Classified) -> GeneClasses:
    """Return the result for all genes, also those that are not trained."""
    table = sets.names.assign(**found.measures).astype({"n_genes": int})
    probabilities = np.full((len(table), len(names)), np.nan, dtype=np.float32)
    probabilities[:, sets.trained] = found.probabilities
    in_universe, folds = np.zeros(len(names), dtype=bool), np.full(len(names), -1)
    in_universe[sets.trained], folds[sets.trained] = sets.universe, found.folds
    return GeneClasses(
        table,
        pd.DataFrame(probabilities.T, index=names, columns=table["property"].tolist()),
        pd.DataFrame({"in_universe": in_universe, "fold": folds}, index=names),
        sets.skipped,
    )
