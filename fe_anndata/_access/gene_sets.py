"""Gene sets in all the forms that users have them, as one sparse table of the genes of a space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .._core.errors import near, require_key
from ..genespace.gmt import collection_of, is_gmt, load_gmt

GeneSets: TypeAlias = str | Path | Mapping[str, Sequence[str]] | Sequence[str | Path] | pd.DataFrame


class Members(NamedTuple):
    """Who belongs to what.

    Attributes
    ----------
    table
        Bool (n_genes, n_sets).
    names
        ``property``, ``collection`` and ``n_given`` (genes named, known or not), a row per set.
    asked
        Bool (n_genes,): genes about which the source says something, the default universe.
    """

    table: sparse.csc_array
    names: pd.DataFrame
    asked: np.ndarray


def labels_of(adata: AnnData, gene_symbols: str | None) -> pd.Index:
    """Return the names by which gene sets know the genes: var_names, or a column of var."""
    if gene_symbols is None:
        return adata.var_names
    require_key(gene_symbols, adata.var.columns, "column of adata.var for gene_symbols,")
    return pd.Index(adata.var[gene_symbols].astype(object))


def members(adata: AnnData, gene_sets: Any, labels: pd.Index) -> Members:
    """Return which genes of `adata` belong to which set.

    Parameters
    ----------
    adata
        Genes are its variables.
    gene_sets
        See :func:`fe_anndata.tl.classify_genes`.
    labels
        Of :func:`labels_of`. If several genes bear a name, all of them are members.

    Raises
    ------
    KeyError
        If no set has a known gene, or there is no such column.
    ValueError, TypeError
        If it is none of these forms, there is no set, or two bear the same name.
    """
    if isinstance(gene_sets, pd.DataFrame):
        found = [_of_frame(gene_sets, labels)]
    elif isinstance(gene_sets, Mapping):
        found = [_of_sets(_checked(gene_sets), labels, "sets")]
    elif isinstance(gene_sets, (str, Path)):
        found = [_of_name(adata, gene_sets, labels)]
    elif isinstance(gene_sets, Sequence):
        found = [_of_name(adata, name, labels) for name in gene_sets]
    else:
        raise TypeError(
            "gene_sets must be .gmt files, a dict of lists of genes, boolean columns of adata.var "
            f"or a boolean DataFrame of genes x properties, not {type(gene_sets).__name__}."
        )
    if not sum(part.table.shape[1] for part in found):
        raise ValueError("gene_sets is empty; give at least one set.")
    return Members(
        sparse.csc_array(sparse.hstack([part.table for part in found])),
        _unique(pd.concat([part.names for part in found], ignore_index=True)),
        np.any([part.asked for part in found], axis=0),
    )


def universe_of(
    adata: AnnData, universe: str | Sequence[str] | None, labels: pd.Index, asked: np.ndarray
) -> np.ndarray:
    """Return the genes to learn from, bool (n_vars,): a boolean column, a list, or `asked`.

    Raises
    ------
    KeyError
        If there is no such column, or none of the genes is known.
    ValueError
        If the column is not boolean or has missing values, or the list is empty.
    """
    if universe is None:
        return asked
    if isinstance(universe, str):
        require_key(universe, adata.var.columns, "column of adata.var for universe,")
        return booleans(adata.var[universe], f"adata.var[{universe!r}]")
    chosen = list(universe) if isinstance(universe, Iterable) else [universe]
    if not chosen:
        raise ValueError("universe is empty; give gene names, or None for the genes of the sets.")
    if not all(isinstance(gene, str) for gene in chosen):
        raise TypeError("universe must be a boolean column of adata.var or a list of gene names.")
    found: np.ndarray = labels.isin(chosen)
    if not found.any():
        raise KeyError(f"no gene of the universe is known. {_hints(chosen, labels)}")
    return found


def booleans(values: pd.Series, what: str) -> np.ndarray:
    """Return a boolean column as bool array.

    Raises
    ------
    ValueError
        If a value is missing or neither True nor False.
    """
    missing = int(values.isna().sum())
    if missing:
        raise ValueError(
            f"{what} has {missing} missing values: say what they are, for example with "
            ".fillna(False), or take a column without."
        )
    if pd.api.types.infer_dtype(values, skipna=False) not in ("boolean",):
        raise ValueError(
            f"{what} is not boolean ({values.dtype}); compare it with something, as in "
            "adata.var['biotype'] == 'lncRNA'."
        )
    return np.asarray(values.to_numpy(dtype=bool))


def _of_name(adata: AnnData, name: object, labels: pd.Index) -> Members:
    """Return the sets of a file, or the one of a boolean column of var."""
    if is_gmt(name) or isinstance(name, Path):
        assert isinstance(name, (str, Path))
        return _of_sets(load_gmt(name), labels, collection_of(name))
    if not isinstance(name, str):
        raise TypeError(
            "a list of gene_sets must hold .gmt files or names of boolean columns of adata.var, "
            f"not {type(name).__name__}."
        )
    require_key(name, adata.var.columns, ".gmt or .gmt.gz file, or column of adata.var,")
    column = booleans(adata.var[name], f"adata.var[{name!r}]")
    names = _names([name], "var", [int(column.sum())])
    return Members(sparse.csc_array(column[:, None]), names, np.ones(adata.n_vars, dtype=bool))


def _of_frame(frame: pd.DataFrame, labels: pd.Index) -> Members:
    for what, index in (("genes", frame.index), ("properties", frame.columns)):
        if not index.is_unique:
            twice = index[index.duplicated()][0]
            raise ValueError(f"the {what} of the DataFrame gene_sets are not unique ({twice!r}).")
    columns = [booleans(frame[name], f"gene_sets[{name!r}]") for name in frame]
    place = frame.index.get_indexer(labels)
    asked = place >= 0
    if not asked.any():
        raise KeyError(f"no gene of gene_sets is known. {_hints(list(frame.index), labels)}")
    table = np.zeros((len(labels), len(columns)), dtype=bool)
    for i, column in enumerate(columns):
        table[asked, i] = column[place[asked]]
    given = [int(column.sum()) for column in columns]
    names = _names([str(name) for name in frame], "table", given)
    return Members(sparse.csc_array(table), names, asked)


def _of_sets(sets: Mapping[str, Sequence[str]], labels: pd.Index, collection: str) -> Members:
    # A name that several genes bear stands for all of them.
    codes, known = pd.factorize(labels)  # a missing name has code -1
    named = np.argsort(codes, kind="stable")[np.count_nonzero(codes < 0) :]
    ends = np.cumsum(np.bincount(codes[codes >= 0], minlength=len(known)))
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    rows = []
    for genes in sets.values():
        which = known.get_indexer(pd.Index(list(dict.fromkeys(genes)), dtype=object))
        rows.append([named[starts[w] : ends[w]] for w in which if w >= 0])
    indices = [np.concatenate(r) if r else np.empty(0, dtype=np.int64) for r in rows]
    pointers = np.cumsum([0, *map(len, indices)])
    joined = np.concatenate([*indices, np.empty(0, dtype=np.int64)])
    if sets and not len(joined):
        some = [gene for genes in list(sets.values())[:3] for gene in genes][:3]
        raise KeyError(
            f"no gene of the {len(sets)} sets ({collection}) is known; if adata.var_names are "
            f"identifiers, name the column of symbols: gene_symbols=... {_hints(some, labels)}"
        )
    table = sparse.csc_array(
        (np.ones(len(joined), dtype=bool), joined, pointers), shape=(len(labels), len(sets))
    )
    table.sort_indices()
    asked = np.zeros(len(labels), dtype=bool)
    asked[joined] = True
    names = _names(list(sets), collection, [len(set(genes)) for genes in sets.values()])
    return Members(table, names, asked)


def _checked(sets: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    found = {}
    for name, genes in sets.items():
        if not isinstance(name, str):
            raise TypeError(f"names of gene sets must be strings, not {type(name).__name__}.")
        if isinstance(genes, str) or not all(isinstance(gene, str) for gene in genes):
            raise TypeError(f"the gene set {name!r} must be a list of gene names.")
        found[name] = list(genes)
    return found


def _names(names: list[str], collection: str, given: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"property": names, "collection": collection, "n_given": given})


def _unique(names: pd.DataFrame) -> pd.DataFrame:
    """Put the collection before names that two collections share."""
    if names.duplicated(["property", "collection"]).any():
        twice = names[names.duplicated(["property", "collection"])].iloc[0]
        raise ValueError(
            f"two sets are named {twice['property']!r} in {twice['collection']!r}: rename one, or "
            "give each file once."
        )
    shared = names["property"].duplicated(keep=False)
    both = names["collection"] + ":" + names["property"]
    return names.assign(property=names["property"].where(~shared, both))


def _hints(genes: Sequence[Any], labels: pd.Index) -> str:
    known = [label for label in labels if isinstance(label, str)]
    return "; ".join(f"{gene!r}: {near(str(gene), known)}" for gene in genes[:3])
