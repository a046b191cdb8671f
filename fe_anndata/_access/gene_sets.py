"""Gene sets, in every form in which users give them, as one sparse table of the genes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .._core.errors import require_key
from .._core.gene_names import match, tell
from ..genespace.gmt import collection_of, is_gmt, load_gmt
from ..genespace.names import NameTable
from .booleans import booleans
from .columns import column_of
from .gene_mask import gene_mask

GeneSets: TypeAlias = str | Path | Mapping[str, Sequence[str]] | Sequence[str | Path] | pd.DataFrame


class Members(NamedTuple):
    """Which genes belong to which sets.

    Attributes
    ----------
    table
        Bool (n_genes, n_sets).
    names
        ``property``, ``collection`` and ``n_given`` (genes named, known or not), one row per set.
    covered
        Genes about which the source says something, bool (n_genes,): the default universe.
    """

    table: sparse.csc_array
    names: pd.DataFrame
    covered: np.ndarray


def labels_of(adata: AnnData, gene_symbols: str | None) -> pd.Index:
    """Return the names by which gene sets know the genes: var_names, or a column of var."""
    if gene_symbols is None:
        return adata.var_names
    return pd.Index(column_of(adata.var, gene_symbols, "adata.var").astype(object))


def members(adata: AnnData, gene_sets: Any, labels: pd.Index) -> Members:
    """Return which genes of `adata` belong to which set.

    Parameters
    ----------
    adata
        Genes are its variables.
    gene_sets
        See :func:`fe_anndata.tl.classify_genes`.
    labels
        What :func:`labels_of` returns. If several genes have the same name, all are members.

    Raises
    ------
    KeyError
        If no set has a known gene, or a column is missing.
    ValueError, TypeError
        If `gene_sets` is in none of these forms, there is no set, or two have the same name.
    """
    if isinstance(gene_sets, pd.DataFrame):
        parts = [_of_frame(gene_sets, labels)]
    elif isinstance(gene_sets, Mapping):
        parts = [_of_sets(_checked(gene_sets), labels, "sets")]
    elif isinstance(gene_sets, (str, Path)):
        parts = [_of_name(adata, gene_sets, labels)]
    elif isinstance(gene_sets, Sequence):
        parts = [_of_name(adata, name, labels) for name in gene_sets]
    else:
        raise TypeError(
            "gene_sets must be .gmt files, a dict of lists of genes, boolean columns of adata.var "
            f"or a boolean DataFrame of genes x properties, not {type(gene_sets).__name__}."
        )
    if not sum(part.table.shape[1] for part in parts):
        raise ValueError("gene_sets is empty; give at least one set.")
    return Members(
        sparse.csc_array(sparse.hstack([part.table for part in parts])),
        _unique(pd.concat([part.names for part in parts], ignore_index=True)),
        np.any([part.covered for part in parts], axis=0),
    )


def universe_of(
    adata: AnnData, universe: str | Sequence[str] | None, labels: pd.Index, covered: np.ndarray
) -> np.ndarray:
    """Return the genes to learn from, bool (n_vars,): a boolean column, a list, or `covered`.

    Raises
    ------
    KeyError
        If the column is missing, or none of the genes is known.
    ValueError
        If the column is not boolean or has missing values, or the list is empty.
    """
    if universe is None:
        return covered
    if isinstance(universe, str):
        require_key(universe, adata.var.columns, "column of adata.var for universe,")
        return booleans(adata.var[universe], f"adata.var[{universe!r}]", adata.n_vars)
    if getattr(universe, "dtype", None) in (bool, "boolean"):
        return gene_mask(adata, universe)
    chosen = list(universe) if isinstance(universe, Iterable) else [universe]
    if not chosen:
        raise ValueError("universe is empty; give gene names, or None for the genes of the sets.")
    if not all(isinstance(gene, str) for gene in chosen):
        raise TypeError("universe must be a boolean column of adata.var or a list of gene names.")
    codes, known = pd.factorize(labels)
    found = _positions(chosen, known)
    in_universe: np.ndarray = np.isin(codes, found[found >= 0])
    if not in_universe.any():
        raise KeyError(f"no gene of the universe is known. {_hints(chosen, labels)}")
    return in_universe


def _of_name(adata: AnnData, name: object, labels: pd.Index) -> Members:
    """Return the sets of a file, or the single set of a boolean column of var."""
    if is_gmt(name) or isinstance(name, Path):
        assert isinstance(name, (str, Path))
        return _of_sets(load_gmt(name), labels, collection_of(name))
    if not isinstance(name, str):
        raise TypeError(
            "a list of gene_sets must hold .gmt files or names of boolean columns of adata.var, "
            f"not {type(name).__name__}."
        )
    require_key(name, adata.var.columns, ".gmt or .gmt.gz file, or column of adata.var,")
    column = booleans(adata.var[name], f"adata.var[{name!r}]", adata.n_vars)
    names = _names([name], "var", [int(column.sum())])
    return Members(sparse.csc_array(column[:, None]), names, np.ones(adata.n_vars, dtype=bool))


def _of_frame(frame: pd.DataFrame, labels: pd.Index) -> Members:
    for what, index in (("genes", frame.index), ("properties", frame.columns)):
        if not index.is_unique:
            repeated = index[index.duplicated()][0]
            raise ValueError(
                f"the {what} of the DataFrame gene_sets must be unique; {repeated!r} repeats."
            )
    columns = [booleans(frame[name], f"gene_sets[{name!r}]", len(frame)) for name in frame]
    codes, known = pd.factorize(labels)  # a missing name has code -1
    found = match(frame.index, known)
    tell(found, frame.index, known)
    of_code = np.full(len(known) + 1, -1)
    of_code[found.positions[found.positions >= 0]] = np.flatnonzero(found.positions >= 0)
    rows = of_code[codes]
    covered = rows >= 0
    if not covered.any():
        raise KeyError(f"no gene of gene_sets is known. {_hints(list(frame.index), labels)}")
    table = np.zeros((len(labels), len(columns)), dtype=bool)
    for i, column in enumerate(columns):
        table[covered, i] = column[rows[covered]]
    given = [int(column.sum()) for column in columns]
    names = _names([str(name) for name in frame], "table", given)
    return Members(sparse.csc_array(table), names, covered)


def _of_sets(sets: Mapping[str, Sequence[str]], labels: pd.Index, collection: str) -> Members:
    # If several genes have the same name, it stands for all of them.
    codes, known = pd.factorize(labels)  # a missing name has code -1
    positions = np.argsort(codes, kind="stable")[np.count_nonzero(codes < 0) :]
    ends = np.cumsum(np.bincount(codes[codes >= 0], minlength=len(known)))
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    nothing = np.empty(0, dtype=np.int64)
    named = list(dict.fromkeys(gene for genes in sets.values() for gene in genes))
    code_of = dict(zip(named, _positions(named, known).tolist(), strict=True))
    per_set = []
    for genes in sets.values():
        found = dict.fromkeys(code_of[gene] for gene in genes)
        runs = [positions[starts[code] : ends[code]] for code in found if code >= 0]
        per_set.append(np.concatenate([nothing, *runs]))
    joined = np.concatenate([nothing, *per_set])
    if sets and not len(joined):
        examples = [gene for genes in list(sets.values())[:3] for gene in genes][:3]
        raise KeyError(
            f"no gene of the {len(sets)} sets ({collection}) is known; if adata.var_names are "
            f"identifiers, name the column of symbols: gene_symbols=... {_hints(examples, labels)}"
        )
    pointers = np.cumsum([0, *map(len, per_set)])
    table = sparse.csc_array(
        (np.ones(len(joined), dtype=bool), joined, pointers), shape=(len(labels), len(sets))
    )
    table.sort_indices()
    covered = np.zeros(len(labels), dtype=bool)
    covered[joined] = True
    names = _names(list(sets), collection, [len(set(genes)) for genes in sets.values()])
    return Members(table, names, covered)


def _positions(genes: Sequence[str], known: pd.Index) -> np.ndarray:
    """Return the positions of genes among names that are all different, -1 for unknown ones."""
    asked = pd.Index(genes, dtype=object)
    found = match(asked, known, one_to_one=False)
    tell(found, asked, known)
    return found.positions


def _checked(sets: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    checked = {}
    for name, genes in sets.items():
        if not isinstance(name, str):
            raise TypeError(f"names of gene sets must be strings, not {type(name).__name__}.")
        is_list = isinstance(genes, Iterable) and not isinstance(genes, str)
        if not is_list or not all(isinstance(gene, str) for gene in genes):
            raise TypeError(f"the gene set {name!r} must be a list of gene names.")
        checked[name] = list(genes)
    return checked


def _names(names: list[str], collection: str, given: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"property": names, "collection": collection, "n_given": given})


def _unique(names: pd.DataFrame) -> pd.DataFrame:
    """Put the collection before a name that is in several collections."""
    if names.duplicated(["property", "collection"]).any():
        repeated = names[names.duplicated(["property", "collection"])].iloc[0]
        raise ValueError(
            f"two sets are named {repeated['property']!r} in {repeated['collection']!r}: rename "
            "one, or give each file once."
        )
    ambiguous = names["property"].duplicated(keep=False)
    full = names["collection"] + ":" + names["property"]
    return names.assign(property=names["property"].where(~ambiguous, full))


def _hints(genes: Sequence[Any], labels: pd.Index) -> str:
    known = NameTable(pd.Index([label for label in labels if isinstance(label, str)], dtype=object))
    return "; ".join(f"{gene!r}: {known.hint(str(gene))}" for gene in genes[:3])
