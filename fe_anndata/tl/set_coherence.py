"""How similar the genes of a set are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .._access.gene_sets import GeneSets
from .._access.known_sets import known_sets
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
    """Return how similar the genes of each set are, compared with random sets of its size.

    Parameters
    ----------
    adata
        Only ``varm["fe"]`` is read; genes whose vector is NaN are never used.
    gene_sets
        A .gmt or .gmt.gz file or several of them, a dict of lists of genes, names of boolean
        columns of ``adata.var``, or a boolean DataFrame of genes x properties.
    universe
        Genes from which random sets are drawn and among which members are looked up: a boolean
        column of ``adata.var`` or a list of genes. By default, all genes that are in a set; for
        columns and DataFrames, all genes that have a value.
    n_random
        Number of random sets of each size, at least 2.
    key
        The `key_added` of the training.
    min_genes, max_genes
        Sets with fewer or more members in the universe are left out, with a warning.
    gene_symbols
        Column of ``adata.var`` with the names that the sets use; by default ``adata.var_names``.
        If several genes have the same name, all of them are members.
    rng
        Seed, or a numpy Generator.

    Returns
    -------
    DataFrame
        One row per set: ``property``; ``collection``, the name of its file; ``n_given``, the genes
        it names; ``n_genes``, its members in the universe; ``coherence``, the mean cosine over
        all pairs of its genes; ``coherence_random``, the mean of that over random sets; ``z``,
        the difference of the two in standard deviations of the random sets, NaN for a set of the
        whole universe; and ``p_value``, (1 + random sets at least as coherent) / (1 +
        `n_random`). Nothing is written to `adata`.

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
    sets = known_sets(
        adata,
        gene_sets,
        key=key,
        universe=universe,
        gene_symbols=gene_symbols,
        min_genes=min_genes,
        max_genes=max_genes,
        min_nonmembers=0,
    )
    positions = np.flatnonzero(sets.universe)
    members = sparse.csc_array(sets.table[positions])
    columns = against_random(
        unit_vectors(sets.vectors[positions]), members, n_random, seed, ranks(sets.order[positions])
    )
    return sets.names.assign(n_genes=np.diff(members.indptr), **columns)
