"""How alike two genes are."""

from __future__ import annotations

from anndata import AnnData

from .._access.genes import gene_space
from .._core.keys import DEFAULT_KEY
from ..genespace import Similarity


def gene_similarity(
    adata: AnnData,
    a: str,
    b: str,
    *,
    key: str = DEFAULT_KEY,
    metric: str = "cosine",
    gene_symbols: str | None = None,
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
    gene_symbols
        A column of ``adata.var`` with names by which genes go, beside ``adata.var_names``.

    Returns
    -------
    Similarity
        ``similarity``; ``rank_of_b`` (1 if b is the gene most similar to a; a itself is no
        rival, and ties share the better rank) and ``rank_of_a``; ``n_genes``, the number of genes
        ranked; ``percentile_of_b``, how many per cent of the genes other than a and b are less
        similar to a than b is, ties with b counted half, and ``percentile_of_a``. Nothing is
        written.

    Raises
    ------
    KeyError
        For an unknown gene, with near matches, or if nothing was trained under `key`.
    ValueError
        If both are the same gene, a name is empty or ambiguous, or a vector is zero (cosine).

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.tl.gene_similarity(adata, "CD79A", "MS4A1").n_genes
    764
    """
    return gene_space(adata, key, gene_symbols).similarity(a, b, metric)
