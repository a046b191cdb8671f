"""Which samples or groups make two genes similar."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.columns import column_of
from .._access.genes import gene_space, values_of_genes
from .._access.results import normalize_of
from .._core.keys import DEFAULT_KEY
from ..genespace import contributions


def explain_similarity(
    adata: AnnData,
    a: str,
    b: str,
    *,
    groupby: str | None = None,
    layer: str | None = None,
    key: str = DEFAULT_KEY,
    gene_symbols: str | None = None,
) -> pd.DataFrame:
    r"""Return how much each sample, or group of samples, makes two genes similar.

    Genes have similar vectors because they are expressed in the same samples. With z the
    expression of a gene, centred and scaled to variance 1 over the n samples, Pearson's
    correlation of two genes is

    .. math:: r = \sum_s \frac{z_{sa} z_{sb}}{n},

    a sum over samples. The term of a sample is its contribution, and the contribution of a group
    is the sum over its samples. The share is the contribution divided by r: all shares add up to
    1, and a share is negative where the two genes go apart (or, if r is negative, together).

    Parameters
    ----------
    adata
        Trained; its matrix and ``varm["fe"]`` are read.
    a, b
        Two gene names.
    groupby
        A column of ``adata.obs`` whose groups take the place of single samples. Samples without a
        group are together the group ``NaN``.
    layer
        The layer whose values are used; by default X. With the layer that
        :func:`fe_anndata.tl.reconstruct` writes, they are the expression as the model predicts it.
    key
        The `key_added` of the training.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``.

    Returns
    -------
    DataFrame
        One row per sample or group, named in the index, the largest share first and ties in
        their order. The float64 columns are ``a`` and ``b`` (z, or its mean over the group),
        ``contribution`` and ``share`` (NaN if r is 0). Groups also have ``n_samples`` and
        ``within``, the part of the contribution that comes from differences inside the group, not
        from its mean. ``attrs`` holds ``correlation``, which is r, and ``similarity``, the cosine
        of the vectors. Samples in which either value is missing are left out. Nothing is written.

    Raises
    ------
    KeyError
        For an unknown gene, column or layer, or if nothing was trained under `key`.
    ValueError
        If both are the same gene, a gene does not vary, or there is no matrix.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> table = fe.tl.explain_similarity(adata, "CD79A", "CD79B", groupby="bulk_labels")
    >>> table.index[0], round(float(table["share"].sum()), 6)
    ('CD19+ B', 1.0)
    """
    space = gene_space(adata, key, gene_symbols)
    similarity = space.similarity(a, b).similarity
    column = None if groupby is None else column_of(adata.obs, groupby, "adata.obs")
    names = (space.names if space.ids is None else space.ids)[space.positions([a, b])]
    values = values_of_genes(adata, names, layer, normalize_of(adata, key, layer))
    seen = np.isfinite(values).all(axis=1)
    if not seen.any():
        raise ValueError(
            f"no sample of adata ({len(seen)} in all) has values of both genes; their expression, "
            "not only their vectors, is needed to explain their similarity."
        )
    z = contributions.standardised(values[seen])
    constant = [gene for gene, column in zip((a, b), z.T, strict=True) if not column.any()]
    if constant:
        raise ValueError(
            f"{' and '.join(map(repr, constant))} has the same value in all {seen.sum()} samples "
            "with both genes; there is nothing to correlate."
        )
    if column is None:
        table = contributions.of_samples(z[:, 0], z[:, 1]).set_index(adata.obs_names[seen])
    else:
        codes, groups = pd.factorize(column[seen], sort=True, use_na_sentinel=False)
        table = contributions.of_groups(z[:, 0], z[:, 1], codes, len(groups))
        table.index = pd.Index(groups, name=groupby)
    table.attrs = {"correlation": float(table["contribution"].sum()), "similarity": similarity}
    return table.sort_values("share", ascending=False, kind="stable")
