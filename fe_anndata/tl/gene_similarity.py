"""How similar two genes are."""

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
    """Return the similarity of two genes, and the rank of each among the neighbours of the other.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read.
    a, b
        Two gene names.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``, ``"euclidean"``, ``"dot"`` or ``"whitened"``; see
        :func:`fe_anndata.tl.similar_genes`.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``.

    Returns
    -------
    Similarity
        A named tuple: ``similarity``, a float, for ``"euclidean"`` minus the distance;
        ``rank_of_b``, the rank of b among all other genes by similarity to a (1 if b is the most
        similar, and genes that tie all have the best of their ranks); ``rank_of_a``, the same the
        other way round; ``n_genes``, the number of genes ranked; ``percentile_of_b``, the per
        cent of the genes other than a and b that are less similar to a than b is (a gene that
        ties with b counts half); and ``percentile_of_a``. Nothing is written.

    Raises
    ------
    KeyError
        For an unknown gene, with near matches, or if nothing was trained under `key`.
    ValueError
        If both are the same gene, a name is empty or ambiguous, `metric` is unknown, for the
        cosine a vector is zero, or the vectors cannot be whitened.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.tl.gene_similarity(adata, "CD79A", "MS4A1").n_genes
    764
    """
    return gene_space(adata, key, gene_symbols).similarity(a, b, metric)
