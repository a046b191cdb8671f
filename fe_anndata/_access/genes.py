"""The gene space of an AnnData."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.errors import require_key
from .._core.keys import Keys
from ..genespace import GeneSpace
from .inputs import matrix, require_anndata, rows_of
from .results import require_known_rows


def gene_space(adata: AnnData, key: str, gene_symbols: str | None = None) -> GeneSpace:
    """Return the vectors of the trained genes of ``adata.varm[key]``.

    Parameters
    ----------
    adata
        ``varm[key]`` is read; a gene with NaN in its row was not trained and is left out.
    key
        Name of the vectors.
    gene_symbols
        A column of ``adata.var``: genes are known by the names in it, and also by
        ``adata.var_names``, which are used alone where the column is empty or missing a value.

    Raises
    ------
    KeyError
        If there are no such vectors, or the column is missing.
    TypeError
        If `adata` is not an AnnData, or the vectors are not a dense array of numbers.
    ValueError
        If gene names are not unique.
    """
    require_anndata(adata)
    keys = Keys(key)
    require_key(keys.varm, adata.varm, "gene embedding in adata.varm")
    if not adata.var_names.is_unique:
        raise ValueError("gene names are not unique; call adata.var_names_make_unique() first.")
    require_known_rows(adata, key, "genes")
    vectors = np.asarray(adata.varm[keys.varm])
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiub":
        raise TypeError(
            f"adata.varm[{key!r}] must be a dense array of numbers, n_vars x gene_dim; it is "
            f"{type(adata.varm[keys.varm]).__name__} of {vectors.dtype}."
        )
    names = adata.var_names if gene_symbols is None else _symbols(adata, gene_symbols)
    ids = None if gene_symbols is None else adata.var_names
    trained = ~np.isnan(vectors).any(axis=1)
    if trained.all():  # nothing is copied
        return GeneSpace(names, vectors, ids)
    without = names[~trained] if ids is None else names[~trained].append(ids[~trained])
    kept_ids = None if ids is None else ids[trained]
    return GeneSpace(names[trained], vectors[trained], kept_ids, without)


def without_samples(var: pd.DataFrame, vectors: np.ndarray, key: str) -> AnnData:
    """Return an AnnData of 0 samples x genes with `vectors`, float32, in ``varm[key]``."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    return AnnData(np.empty((0, len(var)), np.float32), var=var, varm={Keys(key).varm: vectors})


def values_of_genes(adata: AnnData, genes: Sequence[str], layer: str | None) -> np.ndarray:
    """Return the values of `genes`, float64 (n_obs, len(genes)), NaN where they are missing."""
    found = np.empty((adata.n_obs, len(genes)))
    for rows, block in rows_of(matrix(adata[:, list(genes)], layer)).blocks():
        found[rows] = block if isinstance(block, np.ndarray) else block.toarray()
    return found


def as_list(genes: str | Sequence[str]) -> list[str]:
    """Return one gene or several as a list without repeats."""
    if isinstance(genes, str):
        return [genes]
    if not isinstance(genes, Iterable):
        raise TypeError(f"genes must be a gene name or a list of them, not {genes!r}.")
    return list(dict.fromkeys(genes))


def _symbols(adata: AnnData, column: str) -> pd.Index:
    require_key(column, adata.var.columns, "column of adata.var")
    symbols = adata.var[column].astype(object)
    present = symbols.notna() & symbols.astype(str).str.strip().ne("")
    return pd.Index(symbols.astype(str).where(present, adata.var_names.to_numpy()))
