"""How alike two genes are."""

from __future__ import annotations

from anndata import AnnData

from .._access.genes import gene_space
from .._core.keys import DEFAULT_KEY
from ..genespace import Similarity


def gene_similarity(
    adata: AnnData, a: str, b: str, *, key: str = DEFAULT_KEY, metric: str = "cosine"
) -> Similarity:
    """Return the similarity of two genes and how they rank among each other's neighbours.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read.
    a, b
        Two gene names.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``, ``"euclidean"`` or ``"dot"``.

    Returns
    -------
    Similarity
        ``similarity``, ``rank_of_b`` (1 if b is the gene most similar to a; a itself is no
        rival), ``rank_of_a`` and ``n_genes``, the number of genes ranked.

    Raises
    ------
    KeyError
        For an unknown gene, with near matches, or if nothing was trained under `key`.
    ValueError
        If both are the same gene.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.tl.gene_similarity(adata, "CD79A", "MS4A1").n_genes
    764
    """
    return gene_space(adata, key).similarity(a, b, metric)
