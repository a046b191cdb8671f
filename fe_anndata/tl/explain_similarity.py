"""Which samples or groups make two genes alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.genes import gene_space, values_of_genes
from .._core.errors import require_key
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
    r"""Return which samples, or groups of them, carry the likeness of two genes.

    Genes have similar vectors because they are expressed alike. With z the expression of a gene,
    centred and scaled to variance 1 over the n samples, Pearson's correlation of two genes is

    .. math:: r = \sum_s \frac{z_{sa} z_{sb}}{n},

    a sum over samples. The term of a sample is its contribution, that of a group the sum of those
    of its samples, and the share is the contribution divided by r: shares add up to 1, and one is
    negative where the two genes go apart (or, if r is negative, together).

    Parameters
    ----------
    adata
        Its matrix and ``varm["fe"]`` are read.
    a, b
        Two gene names.
    groupby
        A column of ``adata.obs``: explain by its groups, not by samples. Samples without a group
        make one together, ``NaN``.
    layer
        Explain by these values, not X. With the layer that :func:`reconstruct` writes, it is the
        expression as the model sees it that is explained.
    key
        The `key_added` of the training.
    gene_symbols
        A column of ``adata.var`` with names by which genes go, beside ``adata.var_names``.

    Returns
    -------
    DataFrame
        A row per sample or group, which is its index, largest share first (ties in their order);
        float64 columns ``a`` and ``b`` (z, or its mean over the group), ``contribution`` and
        ``share`` (NaN if r is 0), and for groups ``n_samples`` and ``within``, the part of the
        contribution due to differences inside the group and not to the group's level. ``attrs``
        holds ``correlation``, r, and ``similarity``, the cosine of the vectors. Samples in which
        either value is missing are left out. Nothing is written.

    Raises
    ------
    KeyError
        For an unknown gene, column or layer, or if nothing was trained under `key`.
    ValueError
        If both are the same gene, one does not vary, or there is no matrix.

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
    if groupby is not None:
        require_key(groupby, adata.obs.columns, "column of adata.obs")
    names = (space.names if space.ids is None else space.ids)[space.positions([a, b])]
    values = values_of_genes(adata, names, layer)
    seen = np.isfinite(values).all(axis=1)
    if not seen.any():
        raise ValueError(
            f"no sample of the {len(seen)} in adata has values of both genes: their expression, "
            "and not only their vectors, is needed to explain why they are alike."
        )
    z = contributions.standardised(values[seen])
    flat = [gene for gene, of in zip((a, b), z.T, strict=True) if not of.any()]
    if flat:
        raise ValueError(
            f"{' and '.join(map(repr, flat))} has the same value in all {seen.sum()} samples with "
            "both genes; there is nothing to correlate."
        )
    if groupby is None:
        table = contributions.of_samples(z[:, 0], z[:, 1]).set_index(adata.obs_names[seen])
    else:
        codes, groups = pd.factorize(adata.obs[groupby][seen], sort=True, use_na_sentinel=False)
        table = contributions.of_groups(z[:, 0], z[:, 1], codes, len(groups))
        table.index = pd.Index(groups, name=groupby)
    table.attrs = {"correlation": float(table["contribution"].sum()), "similarity": similarity}
    return table.sort_values("share", ascending=False, kind="stable")
