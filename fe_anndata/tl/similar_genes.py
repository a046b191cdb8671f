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
) -> pd.DataFrame:
    """Return the genes most similar to a gene, or to the centroid of several.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read.
    genes
        One gene name, or several.
    n
        Number of answers.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``, ``"euclidean"`` or ``"dot"``.

    Returns
    -------
    DataFrame
        ``gene``, ``similarity`` (for ``"euclidean"`` minus the distance) and ``rank`` from 1,
        best first. The query and genes that were not trained on are never answers.

    Raises
    ------
    KeyError
        For an unknown gene, with near matches, or if nothing was trained under `key`.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.tl.similar_genes(adata, "CD79A", n=3)["rank"].tolist()
    [1, 2, 3]
    """
    return gene_space(adata, key).similar(as_list(genes), n, metric)
