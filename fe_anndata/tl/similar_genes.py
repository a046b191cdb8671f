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
        The most answers; there are fewer if there are not enough genes.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``
            The choice in general: of samples of patients, look-ups by it find the most genes that
            interact or share a process.
        ``"whitened"``
            The cosine after the vectors of all trained genes were centred and brought to variance
            1 along each of their principal directions, so that small ones count as much as large
            ones. It is for vectors of few samples that are all of different kinds, such as
            averages of tissues, where it finds more physical interactions; of samples of tumours
            it finds fewer. The coordinate that is the mean of a gene is one like the others;
            directions that do not vary, or by no more than float32 rounds, are left out; zero
            vectors are vectors like others. It takes two more genes than dimensions, at least.
        ``"dot"``
            The inner product. It tells single pairs apart as well as the cosine does; in look-ups
            long vectors stand in every list.
        ``"euclidean"``
            Minus the distance; behind the others at interactions and processes.

        ``python -m benchmarks.gene_metrics`` measures all on STRING, HuRI, BioPlex and GO; its
        numbers are in docs/benchmarks.md.
    pool
        Whether several genes are one query, the mean of their vectors, or each is a query of its
        own. For the cosine, also of whitened vectors, each is brought to unit length before the
        mean is taken.
    weights
        Weights of `genes` in the mean, not negative; by default equal.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``.

    Returns
    -------
    DataFrame
        ``gene``, ``similarity`` (float64; for ``"euclidean"`` minus the distance) and ``rank``
        (int, from 1), best first, ties in the order of the genes. With ``pool=False`` the first
        column is ``query``; with `gene_symbols` the last column is ``id``, the name in
        ``adata.var_names``. The query itself, genes that were not trained on and, for the cosine,
        genes with zero vectors are never answers. Nothing is written.

    Raises
    ------
    KeyError
        For unknown genes, with near matches, or if nothing was trained under `key`.
    ValueError
        If a name is empty or ambiguous, `n`, `metric` or `weights` is out of range, for the
        cosine a vector is zero, or the vectors cannot be whitened: they are all the same, or too
        few.

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
            raise ValueError("weights belong to a mean; leave them out with pool=False.")
        return space.similar([genes] if isinstance(genes, str) else genes, n, metric, weights)
    queries = as_list(genes)
    if pool or not queries:
        return space.similar(queries, n, metric)
    space.positions(queries)  # unknown ones are listed together
    tables = {query: space.similar([query], n, metric) for query in queries}
    return pd.concat(tables, names=["query", None]).reset_index("query").reset_index(drop=True)
