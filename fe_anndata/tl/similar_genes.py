"""Genes with similar vectors."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from anndata import AnnData

from .._access.genes import as_list, gene_space
from .._core.keys import DEFAULT_KEY


def similar_genes(
    adata: AnnData,
    genes: str | Sequence[str],
    n: int = 10,
    *,
    key: str = DEFAULT_KEY,
    metric: str = "cosine",
    pool: bool = True,
    weights: Sequence[float] | None = None,
    gene_symbols: str | None = None,
) -> pd.DataFrame:
    """Return the genes most similar to a gene, to the centroid of several, or to each of them.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read, float (n_vars, gene_dim), and nothing else is needed.
    genes
        One gene name, or several. An Ensembl id is found with and without its version.
    n
        Number of answers; all there are if these are fewer.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``, ``"euclidean"`` or ``"dot"``.
    pool
        Whether several genes are one query, the mean of their vectors (each first brought to
        unit length for the cosine), or each is a query of its own.
    weights
        Of `genes` in the mean, not negative; the default is equal ones.
    gene_symbols
        A column of ``adata.var`` with names by which genes go, beside ``adata.var_names``.

    Returns
    -------
    DataFrame
        ``gene``, ``similarity`` (float64; for ``"euclidean"`` minus the distance) and ``rank``
        from 1, best first, ties in the order of the genes. With ``pool=False`` a column ``query``
        comes before them, with `gene_symbols` a column ``id``, the name in ``adata.var_names``,
        after them. The query, genes that were not trained on and, for the cosine, vectors of
        zeros are never answers. Nothing is written.

    Raises
    ------
    KeyError
        For unknown genes, with near matches, or if nothing was trained under `key`.
    ValueError
        For an empty or ambiguous name, a vector of zeros (cosine), or weights that do not fit.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.tl.similar_genes(adata, "CD79A", n=3)["rank"].tolist()
    [1, 2, 3]
    >>> fe.tl.similar_genes(adata, ["CD79A", "LYZ"], n=2, pool=False)["query"].tolist()
    ['CD79A', 'CD79A', 'LYZ', 'LYZ']
    """
    space = gene_space(adata, key, gene_symbols)
    if weights is not None:
        if not pool:
            raise ValueError("weights are those of a mean; leave them out with pool=False.")
        return space.similar([genes] if isinstance(genes, str) else genes, n, metric, weights)
    queries = as_list(genes)
    if pool or not queries:
        return space.similar(queries, n, metric)
    space.positions(queries)  # unknown ones are listed together
    tables = {query: space.similar([query], n, metric) for query in queries}
    return pd.concat(tables, names=["query", None]).reset_index("query").reset_index(drop=True)
