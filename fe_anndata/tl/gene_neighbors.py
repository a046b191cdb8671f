"""A graph of genes for Scanpy."""

from __future__ import annotations

from anndata import AnnData

from .._access.gene_graph import add_graph, genes_of
from .._access.genes import gene_space
from .._core.errors import require_choice, require_whole
from .._core.keys import DEFAULT_KEY


def gene_neighbors(
    adata: AnnData, n_neighbors: int = 15, *, key: str = DEFAULT_KEY, metric: str = "cosine"
) -> AnnData:
    """Return the trained genes as an AnnData with their graph of nearest neighbours.

    Scanpy's tools work on it in place, such as ``sc.tl.leiden(genes, flavor="igraph",
    n_iterations=2, directed=False)`` and ``sc.tl.umap(genes)``. The neighbours are exact, at any
    number of genes.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read, float (n_vars, gene_dim), and nothing else is needed.
    n_neighbors
        Number of neighbours, the gene itself included, as in :func:`scanpy.pp.neighbors`.
    key
        The `key_added` of the training.
    metric
        ``"cosine"`` (the distance is 1 less the cosine) or ``"euclidean"``.

    Returns
    -------
    AnnData
        Of the genes, as :func:`fe_anndata.get.genes` returns it: ``X`` is the gene embedding,
        float32 (trained genes, gene_dim). ``obsp["distances"]`` (CSR, n_neighbors - 1 a row),
        ``obsp["connectivities"]`` (CSR) and ``uns["neighbors"]`` hold the graph. Nothing is
        written to `adata`.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If `n_neighbors` is below 2 or above the number of genes, or a vector is zero (cosine).

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> genes = fe.tl.gene_neighbors(adata)
    >>> sorted(genes.obsp)
    ['connectivities', 'distances']
    """
    space = gene_space(adata, key)
    require_choice(metric, ("cosine", "euclidean"), "metric")
    require_whole(n_neighbors, "n_neighbors")
    if not 2 <= n_neighbors <= len(space.names):
        raise ValueError(
            f"n_neighbors must be from 2 to the number of genes, {len(space.names)}; it counts "
            f"the gene itself, and is {n_neighbors}."
        )
    genes = genes_of(adata, space, key)
    add_graph(genes, space, n_neighbors, metric)
    return genes
