"""Data that come with Scanpy."""

from __future__ import annotations

import scanpy as sc
from anndata import AnnData


def pbmc68k_reduced() -> AnnData:
    """Return 700 blood cells x 765 genes, log-normalised, that come with Scanpy.

    The cells are those of :func:`scanpy.datasets.pbmc68k_reduced`, a part of Zheng et al. (2017).
    Scanpy's ``X`` is scaled to z-scores; here ``X`` holds the log-normalised values it keeps in
    ``raw``, as a CSR matrix, and there is no ``raw``.

    Returns
    -------
    AnnData
        With ``obs["bulk_labels"]``, ten cell types, and Scanpy's PCA, UMAP and clusters.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.datasets.pbmc68k_reduced().shape
    (700, 765)
    """
    scaled = sc.datasets.pbmc68k_reduced()
    return AnnData(
        X=scaled.raw[:, scaled.var_names].X.copy(),
        obs=scaled.obs,
        var=scaled.var,
        uns=scaled.uns,
        obsm=scaled.obsm,
        varm=scaled.varm,
        obsp=scaled.obsp,
    )
