"""The gene space of an AnnData."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.keys import Keys
from ..genespace import GeneSpace
from ..genespace.names import NameTable
from .columns import column_of
from .inputs import Stored, matrix, raw_matrix, require_anndata, rows_of
from .results import require_known_rows, train_first


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
        If there are no such vectors, or the column of names is missing.
    TypeError
        If `adata` is not an AnnData, or the vectors are not a dense array of numbers.
    ValueError
        If gene names are not unique.
    """
    require_anndata(adata)
    keys = Keys(key)
    if keys.varm not in adata.varm:
        hint = train_first(key, adata.varm)
        raise KeyError(f"no gene embedding in adata.varm {keys.varm!r}: {hint}")
    if not adata.var_names.is_unique:
        raise ValueError("gene names are not unique; call adata.var_names_make_unique() first.")
    require_known_rows(adata, key, "genes")
    vectors = np.asarray(adata.varm[keys.varm])
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiub":
        raise TypeError(
            f"adata.varm[{key!r}] must be a dense array of numbers, n_vars x gene_dim; it is "
            f"{type(adata.varm[keys.varm]).__name__} of {vectors.dtype}."
        )
    names = adata.var_names if gene_symbols is None else _symbols(adata.var, gene_symbols)
    ids = None if gene_symbols is None else adata.var_names
    trained = ~np.isnan(vectors).any(axis=1)
    raw = pd.Index([]) if adata.raw is None else adata.raw.var_names
    if trained.all():  # nothing is copied
        return GeneSpace(names, vectors, ids, raw)
    without = names[~trained] if ids is None else names[~trained].append(ids[~trained])
    kept_ids = None if ids is None else ids[trained]
    return GeneSpace(names[trained], vectors[trained], kept_ids, without.append(raw))


class Place(NamedTuple):
    """The column of a gene in ``adata.X`` and its layers, or in ``adata.raw.X``."""

    position: int
    name: str  # in var_names
    in_raw: bool


def find_gene(adata: AnnData, name: str, gene_symbols: str | None) -> Place | None:
    """Return where the expression of a gene is, or None; ``adata.raw`` comes second.

    Raises
    ------
    KeyError
        If there is no column `gene_symbols` in ``adata.var``.
    ValueError
        If several genes have the name.
    """
    for of in (adata, adata.raw):
        if of is None:
            continue
        found = _table(of.var, gene_symbols, required=of is adata).find(name)
        if len(found) > 1:
            ids = list(dict.fromkeys(of.var_names[found]))
            cure = f"give one of {ids}." if len(ids) > 1 else "adata.var_names_make_unique()"
            raise ValueError(f"{len(found)} genes are named {name!r}: {cure}")
        if found:
            return Place(found[0], str(of.var_names[found[0]]), of is not adata)
    return None


def known_genes(adata: AnnData, gene_symbols: str | None) -> list[str]:
    """Return all names of genes that :func:`find_gene` finds."""
    names: list[str] = [] if gene_symbols is None else list(_symbols(adata.var, gene_symbols))
    return [*names, *adata.var_names, *([] if adata.raw is None else adata.raw.var_names)]


def without_samples(var: pd.DataFrame, vectors: np.ndarray, key: str) -> AnnData:
    """Return an AnnData of 0 samples x genes with `vectors`, float32, in ``varm[key]``."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    return AnnData(np.empty((0, len(var)), np.float32), var=var, varm={Keys(key).varm: vectors})


def values_of_genes(
    adata: AnnData, genes: Sequence[str], layer: str | None, normalize: str | None = None
) -> np.ndarray:
    """Return the values of `genes`, float64 (n_obs, len(genes)), NaN where they are missing."""
    return values_at(adata, adata.var_names.get_indexer(list(genes)), layer, normalize)


def values_at(
    adata: AnnData,
    columns: np.ndarray,
    layer: str | None,
    normalize: str | None = None,
    *,
    in_raw: bool = False,
) -> np.ndarray:
    """Return the values in some columns, float64 (n_obs, len(columns)), NaN where missing.

    They are columns of ``adata.X`` or a layer, after a step if one is named, or of ``adata.raw.X``.
    """
    of_all = raw_matrix(adata) if in_raw else matrix(adata, layer, normalize)
    # Most kinds are cut before they are converted; a sparse matrix in a file is read only once.
    if hasattr(of_all.X, "group") or of_all.step is not None:
        rows = rows_of(of_all, columns)
    else:
        rows = rows_of(Stored(of_all.X[:, columns], of_all.name))
    found = np.empty((adata.n_obs, len(columns)))
    for part, block in rows.blocks():
        found[part] = block if isinstance(block, np.ndarray) else block.toarray()
    return found


def as_list(genes: str | Sequence[str]) -> list[str]:
    """Return one gene or several as a list without repeats."""
    if isinstance(genes, str):
        return [genes]
    if not isinstance(genes, Iterable):
        raise TypeError(f"genes must be a gene name or a list of them, not {genes!r}.")
    return list(dict.fromkeys(genes))


def _table(var: pd.DataFrame, gene_symbols: str | None, required: bool) -> NameTable:
    if gene_symbols is None or not (required or gene_symbols in var.columns):
        return NameTable(var.index)
    return NameTable(_symbols(var, gene_symbols), var.index)


def _symbols(var: pd.DataFrame, column: str) -> pd.Index:
    symbols = column_of(var, column, "adata.var").astype(object)
    present = symbols.notna() & symbols.astype(str).str.strip().ne("")
    return pd.Index(symbols.astype(str).where(present, var.index.to_numpy()))
