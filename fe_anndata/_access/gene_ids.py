"""Genes of two AnnData brought together by names, or by an id column of ``var`` on either side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from .._core.gene_names import without_versions
from .._core.warn import warn_user
from ..matrix.align import Alignment, align, kind_of

ENOUGH = 0.95
"""Share of the trained genes found by name, from which no id column is tried."""
MORE = 0.1
"""Of the trained genes, by which an id column must find more than the names do."""
OTHERS = 0.1
"""Of the genes that names join, which ids may join otherwise."""
MOST_COLUMNS = 30


def align_genes(trained: pd.DataFrame, new: pd.DataFrame) -> Alignment:
    """Return where trained genes are among new ones, by the names or ids that find most of them.

    A warning says by which, and how many, if it is not by the names.

    Parameters
    ----------
    trained, new
        What is said of the genes: ``var`` of the AnnData.

    Raises
    ------
    ValueError
        As :func:`fe_anndata.matrix.align.align`.
    """
    a, b = _best(trained, new)
    if a is b is None:
        return align(trained.index, new.index)
    found = align(_once(trained, a, "reference"), _once(new, b, "new"))
    sides = [
        f"{what}.var[{column!r}]" if column is not None else f"{what}.var_names"
        for what, column in (("reference", a), ("adata", b))
    ]
    warn_user(
        f"genes are joined by {sides[0]} and {sides[1]}: {len(found.known):,} of {len(trained):,}."
    )
    return found


def _best(trained: pd.DataFrame, new: pd.DataFrame) -> tuple[str | None, str | None]:
    """Return the columns, None for the names, that have most ids in common.

    Columns that join other genes than their names do are left out.
    """
    by_name = _shared(_ids(trained.index), _ids(new.index))
    if len(by_name) >= ENOUGH * len(trained):
        return None, None
    best: tuple[str | None, str | None] = None, None
    most = len(by_name) + MORE * len(trained)
    sides = [[(None, _ids(var.index)), *_columns(var)] for var in (trained, new)]
    for a, of_a in sides[0]:
        for b, of_b in sides[1]:
            found = _shared(of_a, of_b)
            other = sum(found.get(gene, place) != place for gene, place in by_name.items())
            if len(found) > most and other <= OTHERS * len(by_name):
                best, most = (a, b), float(len(found))
    return best


def _shared(a: dict[str, int], b: dict[str, int]) -> dict[int, int]:
    """Return which place of a list is which of another, by ids."""
    return {place: b[name] for name, place in a.items() if name in b}


def _columns(var: pd.DataFrame) -> Iterator[tuple[str | None, dict[str, int]]]:
    """Yield the columns that may hold ids, with these and their places.

    Whole numbers may be ids of Entrez, unless they only count the genes.
    """
    for name in list(var.columns)[:MOST_COLUMNS]:
        column = var[name]
        if isinstance(column, pd.DataFrame) or not isinstance(name, str):
            continue  # two of one name
        if pd.api.types.is_bool_dtype(column.dtype):
            continue
        if pd.api.types.is_numeric_dtype(column.dtype):
            known = column.dropna()
            if not len(known) or (known % 1 != 0).any() or np.ptp(known) < 2 * len(var):
                continue
        ids = _ids(column)
        if len(ids) > len(var) / 2:
            yield name, ids


def _ids(names: pd.Index | pd.Series) -> dict[str, int]:
    """Return the places of names that are there once, without versions."""
    texts = without_versions(_texts(names))
    number = Counter(texts)
    return {name: place for place, name in enumerate(texts) if name and number[name] == 1}


def _texts(names: pd.Index | pd.Series) -> list[str]:
    """Return names as text, empty where one is missing, and decimals without their zeros."""
    missing = np.asarray(names.isna())
    return [
        "" if m else f"{n:.0f}" if isinstance(n, float | np.floating) else str(n)
        for n, m in zip(names.tolist(), missing, strict=True)
    ]


def _once(var: pd.DataFrame, column: str | None, side: str) -> pd.Index:
    """Return ids, each there once; in the place of another stands what is nobody's name."""
    ids = without_versions(_texts(var.index if column is None else var[column]))
    number = Counter(ids)
    return pd.Index(
        [name if name and number[name] == 1 else f"\n{side} {k}" for k, name in enumerate(ids)],
        dtype=object,
    )


def require_overlap(
    shared: int, trained: pd.Index, new: pd.Index, min_overlap: float | None
) -> None:
    """Raise ValueError if too few genes are in common; warn if they are fewer than half.

    Parameters
    ----------
    shared
        How many trained genes are there.
    trained, new
        Names of the genes.
    min_overlap
        The least number, or share if it is less than 1. By default a tenth, and fifty unless they
        are half of the genes.
    """
    if min_overlap is not None and (
        isinstance(min_overlap, bool) or not isinstance(min_overlap, int | float | np.number)
    ):
        raise TypeError(f"min_overlap must be a number or a share of genes, not {min_overlap!r}.")
    if min_overlap is not None and not min_overlap >= 0:  # nor NaN
        raise ValueError(f"min_overlap must be 0 or more, got {min_overlap}.")
    of = len(trained)
    if min_overlap is None:
        enough = shared >= SHARE * of and (shared >= FEWEST or shared >= of / 2)
    else:
        enough = shared >= (min_overlap * of if min_overlap < 1 else min_overlap)
    if not enough:
        raise ValueError(
            f"only {shared} of the {of} genes trained on are there ({shared / of:.1%}), too few to "
            f"tell where a sample lies. {_why(trained, new)} min_overlap says how many will do."
        )
    if shared < of / 2:
        warn_user(
            f"only {shared} of the {of} genes trained on are there ({shared / of:.0%}); the "
            "others count as missing, which makes places less certain; obsm has their standard "
            "errors, if the family knows them."
        )


SHARE, FEWEST = 0.1, 50
"""Of the trained genes that must be there."""


def _why(trained: pd.Index, new: pd.Index) -> str:
    """Return what may be the matter with names of which few are in common, and the cure."""
    kinds = kind_of(trained), kind_of(new)
    if kinds[0] != kinds[1]:
        return (
            f"The reference has {kinds[0]}, the new samples have {kinds[1]}: a column of var with "
            "the other ones, on either side, joins them."
        )
    folded = len({str(n).upper() for n in trained} & {str(n).upper() for n in new})
    if folded > len(trained) / 2:
        return (
            f"But for capital letters {folded} are: symbols of another species? Rename them, or "
            "take fe.tl.align_gene_spaces for two species."
        )
    return "Are they named otherwise? A column of ids in var, on either side, joins them."
