"""How alike the genes of a set are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .._access.gene_classes import task
from .._access.gene_sets import GeneSets
from .._core.errors import require_at_least_two
from .._core.keys import DEFAULT_KEY
from .._core.random import Rng, ranks, seed_of
from ..genespace.coherence import against_random, unit_vectors


def set_coherence(
    adata: AnnData,
    gene_sets: GeneSets,
    *,
    universe: str | Sequence[str] | None = None,
    n_random: int = 1000,
    key: str = DEFAULT_KEY,
    min_genes: int = 10,
    max_genes: int | None = None,
    gene_symbols: str | None = None,
    rng: Rng = 0,
) -> pd.DataFrame:
    """Return how alike the genes of each set are, against random sets of the same size.

    Parameters
    ----------
    adata
        Only ``varm["fe"]`` is read; genes whose vector is NaN are never used.
    gene_sets
        A .gmt or .gmt.gz file or several of them, a dict of lists of genes, names of boolean
        columns of ``adata.var``, or a boolean DataFrame of genes x properties.
    universe
        Genes that random sets are drawn from, and members looked for: a boolean column of
        ``adata.var`` or a list. By default genes that are in any of the sets, or about which the
        columns or the DataFrame say something.
    n_random
        Number of random sets of each size.
    key
        The `key_added` of the training.
    min_genes, max_genes
        Sets with fewer or more members in the universe are left out, with a warning.
    gene_symbols
        Column of ``adata.var`` with the names that the sets use; by default ``adata.var_names``.
        If several genes bear a name, all of them are members.
    rng
        Seed, or a numpy Generator.

    Returns
    -------
    DataFrame
        One row per set: ``property``, ``collection``, ``n_given``, ``n_genes``, ``coherence``
        (mean cosine over pairs of its genes), ``coherence_random`` (mean over random sets), ``z``
        (their difference in standard deviations of random sets; NaN for a set of the whole
        universe) and ``p_value``, (1 + random sets at least as coherent) / (1 + `n_random`).
        Nothing is written to `adata`.

    Raises
    ------
    KeyError
        If `key` or a column is unknown, or no gene of a collection is known, with near matches.
    ValueError, TypeError
        If `gene_sets` is none of the forms above, or no set is large enough.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(100, 200, 3)
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> adata.var["varies"] = adata.X.std(axis=0) > 1
    >>> table = fe.tl.set_coherence(adata, ["varies"])
    >>> table[["property", "n_genes"]].values.tolist()
    [['varies', 143]]
    """
    require_at_least_two(n_random, "n_random")
    seed = seed_of(rng)
    sets = task(
        adata,
        gene_sets,
        key=key,
        universe=universe,
        gene_symbols=gene_symbols,
        min_genes=min_genes,
        max_genes=max_genes,
        min_others=0,
    )
    inside = np.flatnonzero(sets.universe)
    members = sparse.csc_array(sets.table[inside])
    columns = against_random(
        unit_vectors(sets.vectors[inside]), members, n_random, seed, ranks(sets.order[inside])
    )
    n_genes = np.diff(members.indptr)
    return sets.names.assign(n_genes=n_genes, **columns)
