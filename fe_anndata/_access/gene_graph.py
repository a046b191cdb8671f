"""Genes as observations, with the graph that Scanpy makes of exact neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from .._core.keys import axis_name
from ..genespace import GeneSpace


class ExactNeighbours(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What Scanpy takes for a search of neighbours: the exact one of a gene space.

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
        others = self.n_neighbors - 1
        indices, similarities = self.space.neighbours(others, self.metric)
        nearest = 1.0 if self.metric == "cosine" else 0.0
        distances = np.maximum(nearest - similarities.astype(np.float64), 0.0)
        ends = np.arange(0, indices.size + 1, others)
        size = len(self.space.names)
        return sparse.csr_matrix((distances.ravel(), indices.ravel(), ends), shape=(size, size))


def genes_of(adata: AnnData, space: GeneSpace, key: str) -> AnnData:
    """Return the genes of a space of `adata` as observations, with what ``adata.var`` says."""
    columns = [axis_name(key, i) for i in range(space.vectors.shape[1])]
    return AnnData(
        X=space.vectors.copy(),
        obs=adata.var.loc[space.names].copy(),
        var=pd.DataFrame(index=columns),
    )


def add_graph(genes: AnnData, space: GeneSpace, n_neighbors: int, metric: str) -> None:
    """Write neighbours as ``sc.pp.neighbors`` does."""
    import scanpy as sc

    search = ExactNeighbours(space, n_neighbors, metric)
    sc.pp.neighbors(genes, n_neighbors, use_rep="X", metric=metric, transformer=search)
