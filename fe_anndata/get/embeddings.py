"""Embeddings as tables, and genes as an AnnData of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.inputs import as_table, require_anndata
from .._access.results import require_known_rows
from .._core.errors import require_key
from .._core.keys import DEFAULT_KEY, Keys, axis_name


def sample_embedding(adata: AnnData, *, key: str = DEFAULT_KEY) -> pd.DataFrame:
    """Return the sample embedding as a table.

    Parameters
    ----------
    adata
        Trained; ``obsm["X_fe"]`` is read.
    key
        The `key_added` of the training.

    Returns
    -------
    DataFrame
        Float32 (n_obs, sample_dim), rows named as in ``adata.obs``, columns ``FE1``, ``FE2``...

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If the vectors are not those that the result was trained to.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.get.sample_embedding(adata).columns.tolist()
    ['FE1', 'FE2']
    """
    require_anndata(adata)
    keys = Keys(key)
    require_key(keys.obsm, adata.obsm, "sample embedding in adata.obsm")
    require_known_rows(adata, key, "samples")
    return _table(adata.obsm[keys.obsm], adata.obs_names, key)


def gene_embedding(adata: AnnData, *, key: str = DEFAULT_KEY) -> pd.DataFrame:
    """Return the gene embedding as a table.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read.
    key
        The `key_added` of the training.

    Returns
    -------
    DataFrame
        Float32 (n_vars, gene_dim), rows named as in ``adata.var``, NaN for genes that were not
        trained on.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If the vectors are not those that the result was trained to.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.get.gene_embedding(adata).loc["CD79A"].shape
    (64,)
    """
    require_anndata(adata)
    keys = Keys(key)
    require_key(keys.varm, adata.varm, "gene embedding in adata.varm")
    require_known_rows(adata, key, "genes")
    return _table(adata.varm[keys.varm], adata.var_names, key)


def genes(adata: AnnData, *, key: str = DEFAULT_KEY) -> AnnData:
    """Return an AnnData whose observations are the trained genes.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read.
    key
        The `key_added` of the training.

    Returns
    -------
    AnnData
        ``X`` is the gene embedding, float32 (trained genes, gene_dim); ``obs`` is ``adata.var``.
        It is ready for ``sc.pp.neighbors(genes, use_rep="X")``.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If the vectors are not those that the result was trained to.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.get.genes(adata).shape
    (765, 64)
    """
    table = gene_embedding(adata, key=key)
    trained = np.isfinite(table.to_numpy()).all(axis=1)
    return AnnData(
        X=table.to_numpy()[trained],
        obs=adata.var[trained].copy(),
        var=pd.DataFrame(index=table.columns),
    )


def _table(table: Any, names: pd.Index, key: str) -> pd.DataFrame:
    values = np.array(as_table(table))
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ValueError(f"the vectors of {key!r} are no table of numbers: train again.")
    columns = [axis_name(key, i) for i in range(values.shape[1])]
    return pd.DataFrame(values, index=names, columns=columns)
