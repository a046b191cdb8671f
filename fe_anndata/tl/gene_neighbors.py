"""A graph of genes for Scanpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from .._access.genes import gene_space
from .._core.errors import require_choice, require_whole
from .._core.keys import DEFAULT_KEY, axis_name
from .._core.progress import SOON, progress_bar
from .._core.random import global_state_kept
from .._core.settings import settings
from ..genespace import GeneSpace


@global_state_kept()
def gene_neighbors(
    adata: AnnData, n_neighbors: int = 15, *, key: str = DEFAULT_KEY, metric: str = "cosine"
) -> AnnData:
    """Return the trained genes as an AnnData with their graph of nearest neighbours.

    Scanpy's tools work on it in place, such as ``sc.tl.leiden(genes, flavor="igraph",
    n_iterations=2, directed=False)`` and ``sc.tl.umap(genes)``. The neighbours are exact for any
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
        ``"cosine"`` (the distance is 1 minus the cosine), ``"euclidean"`` or ``"whitened"`` (1
        minus the cosine of whitened vectors; see :func:`fe_anndata.tl.similar_genes`).

    Returns
    -------
    AnnData
        The genes as observations, as :func:`fe_anndata.get.genes` returns them: ``X`` is the gene
        embedding, float32 (trained genes, gene_dim). The graph is in ``obsp["distances"]`` (CSR,
        ``n_neighbors - 1`` entries per row), ``obsp["connectivities"]`` (CSR) and
        ``uns["neighbors"]``. Nothing is written to `adata`.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If `n_neighbors` is below 2 or above the number of genes, `metric` is unknown, for the
        cosine a vector is zero, or the vectors cannot be whitened.

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
    require_choice(metric, ("cosine", "euclidean", "whitened"), "metric")
    require_whole(n_neighbors, "n_neighbors")
    if not 2 <= n_neighbors <= len(space.names):
        raise ValueError(
            f"n_neighbors must be from 2 to the number of genes, {len(space.names)}; it counts "
            f"the gene itself, and is {n_neighbors}."
        )
    return gene_graph(adata, space, key, n_neighbors, metric)


def gene_graph(
    adata: AnnData, space: GeneSpace, key: str, n_neighbors: int, metric: str
) -> AnnData:
    """Return the genes of `space` as observations, with the graph of ``sc.pp.neighbors``."""
    import scanpy as sc

    seen, plain = space.seen_by(metric)
    dimensions = [axis_name(key, i) for i in range(space.vectors.shape[1])]
    genes = AnnData(
        X=space.vectors.copy(),
        obs=adata.var.loc[space.names].copy(),
        var=pd.DataFrame(index=dimensions),
    )
    search = ExactNeighbours(seen, n_neighbors, plain)
    sc.pp.neighbors(genes, n_neighbors, use_rep="X", metric=plain, transformer=search)
    return genes


class ExactNeighbours(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The exact search of a gene space, in the form in which Scanpy takes a search of neighbours.

    Parameters
    ----------
    space
        The genes, in the order of the rows that Scanpy passes.
    n_neighbors
        Number of neighbours, the gene itself included; Scanpy reads it.
    metric
        ``"cosine"`` or ``"euclidean"``.
    """

    def __init__(self, space: GeneSpace, n_neighbors: int, metric: str) -> None:
        self.space, self.n_neighbors, self.metric = space, n_neighbors, metric

    def fit(self, x: np.ndarray, y: None = None) -> ExactNeighbours:
        """Do nothing: the space is given."""
        return self

    def transform(self, x: np.ndarray) -> sparse.csr_matrix:
        """Return distances to neighbours, CSR (n_genes, n_genes), zeros stored."""
        n_stored = self.n_neighbors - 1  # without the gene itself
        n_genes = len(self.space.names)
        with progress_bar(
            n_genes, shown=settings.progress, unit="gene", desc="neighbours", delay=SOON
        ) as bar:
            found = self.space.neighbours(n_stored, self.metric, advance=bar.update)
        positions, similarities = found
        largest = 1.0 if self.metric == "cosine" else 0.0
        distances = np.maximum(largest - similarities.astype(np.float64), 0.0)
        starts = np.arange(0, positions.size + 1, n_stored)
        return sparse.csr_matrix(
            (distances.ravel(), positions.ravel(), starts), shape=(n_genes, n_genes)
        )
