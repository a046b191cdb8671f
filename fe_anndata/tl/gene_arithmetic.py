"""Genes nearest to a sum of genes."""

from __future__ import annotations

import pandas as pd
from anndata import AnnData

from .._access.genes import gene_space
from .._core.keys import DEFAULT_KEY


def gene_arithmetic(
    adata: AnnData,
    expression: str,
    n: int = 10,
    *,
    key: str = DEFAULT_KEY,
    metric: str = "cosine",
    gene_symbols: str | None = None,
) -> pd.DataFrame:
    """Return the genes nearest to a signed sum of genes.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read, float (n_vars, gene_dim), and nothing else is needed.
    expression
        A sum such as ``"APOE - APP + BRCA1"`` or ``"0.5*TP53 + MDM2"``, or an analogy
        ``"a:b::c:?"`` (a is to b as c is to what?), which is ``b - a + c``. Names may contain
        signs, as in ``"HLA-A - MT-CO1 + NKX2-5"``, because the known names tell which signs join
        genes. Where they allow several readings, put spaces around the signs, and double quotes
        around a name.
    n
        The most answers; there are fewer if there are not enough genes.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``, ``"euclidean"``, ``"dot"`` or ``"whitened"``; see
        :func:`fe_anndata.tl.similar_genes`. For the cosine, also of whitened vectors, these are
        brought to unit length before they are summed.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``.

    Returns
    -------
    DataFrame
        ``gene``, ``similarity`` to the sum (float64; for ``"euclidean"`` minus the distance) and
        ``rank`` (int, from 1), best first, ties in the order of the genes; with `gene_symbols`
        also ``id``, the name in ``adata.var_names``. The genes of the expression are never
        answers. Nothing is written.

    Raises
    ------
    KeyError
        For unknown genes, with near matches, or if nothing was trained under `key`.
    ValueError
        If the expression cannot be read (the message says where), a name is ambiguous, `n` or
        `metric` is out of range, for the cosine the sum is zero, or the vectors cannot be whitened.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.tl.gene_arithmetic(adata, "HLA-DRA - CD79A + LYZ", n=3)["rank"].tolist()
    [1, 2, 3]
    >>> fe.tl.gene_arithmetic(adata, "CD79A:HLA-DRA::LYZ:?", n=2).shape
    (2, 3)
    """
    return gene_space(adata, key, gene_symbols).arithmetic(expression, n, metric)
