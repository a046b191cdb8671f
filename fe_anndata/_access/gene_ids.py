"""Genes of two AnnData brought together by names, or by an id column of ``var`` on either side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from .._core.gene_names import without_versions
from .._core.warn import warn_user
from ..matrix.align import Alignment, align

ENOUGH = 0.95
"""Share of the trained genes found by name, from which no id column is tried."""
MORE = 0.1
"""Of the trained genes, by which an id column must find more than the names do."""
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
    """Return the columns, None for the names, that have most ids in common."""
    names = _ids(trained.index), _ids(new.index)
    by_names = len(names[0] & names[1])
    if by_names >= ENOUGH * len(trained):
        return None, None
    best: tuple[str | None, str | None] = None, None
    most = by_names + MORE * len(trained)
    sides = [[(None, of), *_columns(var)] for var, of in ((trained, names[0]), (new, names[1]))]
    for a, of_a in sides[0]:
        for b, of_b in sides[1]:
            if (a, b) != (None, None) and len(of_a & of_b) > most:
                best, most = (a, b), float(len(of_a & of_b))
    return best


def _columns(var: pd.DataFrame) -> Iterator[tuple[str | None, set[str]]]:
    """Yield the columns that may hold ids, with these."""
    for name in list(var.columns)[:MOST_COLUMNS]:
        column = var[name]
        if isinstance(column, pd.DataFrame) or not isinstance(name, str):
            continue  # two of one name
        if pd.api.types.is_integer_dtype(column.dtype) and not column.is_unique:
            continue
        text = isinstance(column.dtype, pd.CategoricalDtype) or column.dtype.kind in "OUT"
        if text or pd.api.types.is_string_dtype(column.dtype) or column.dtype.kind in "iu":
            ids = _ids(column)
            if len(ids) > len(var) / 2:
                yield name, ids


def _ids(names: pd.Index | pd.Series) -> set[str]:
    """Return the names that are there once, without versions."""
    found = Counter(without_versions([n for n in _texts(names) if n]))
    return {name for name, number in found.items() if number == 1}


def _texts(names: pd.Index | pd.Series) -> list[str]:
    """Return names as text, empty where one is missing."""
    missing = np.asarray(names.isna())
    return ["" if m else str(n) for n, m in zip(names.tolist(), missing, strict=True)]


def _once(var: pd.DataFrame, column: str | None, side: str) -> pd.Index:
    """Return ids, each there once; in the place of another stands what is nobody's name."""
    ids = without_versions(_texts(var.index if column is None else var[column]))
    number = Counter(ids)
    return pd.Index(
        [name if name and number[name] == 1 else f"\n{side} {k}" for k, name in enumerate(ids)],
        dtype=object,
    )


def require_overlap(shared: int, of: int, min_overlap: float | None) -> None:
    """Raise ValueError if too few genes are in common; warn if they are fewer than half.

    Parameters
    ----------
    shared, of
        How many trained genes are there, of how many.
    min_overlap
        The least number, or share if it is less than 1. By default a tenth, and fifty unless they
        are half of the genes.
    """
    if min_overlap is not None and (
        isinstance(min_overlap, bool) or not isinstance(min_overlap, int | float | np.number)
    ):
        raise TypeError(f"min_overlap must be a number or a share of genes, not {min_overlap!r}.")
    if min_overlap is not None and not min_overlap >= 0:
        raise ValueError(f"min_overlap must not be negative, got {min_overlap}.")
    if min_overlap is None:
        enough = shared >= SHARE * of and (shared >= FEWEST or shared >= of / 2)
    else:
        enough = shared >= (min_overlap * of if min_overlap < 1 else min_overlap)
    if not enough:
        raise ValueError(
            f"only {shared} of the {of} genes trained on are there ({shared / of:.1%}), too few to "
            "tell where a sample lies. Are they named otherwise? A column of ids in var of both "
            f"sides is used if there is one. min_overlap={shared} places the samples all the same."
        )
    if shared < of / 2:
        warn_user(
            f"only {shared} of the {of} genes trained on are there ({shared / of:.0%}); the "
            "others count as missing, which makes places less certain; obsm has their standard "
            "errors, if the family knows them."
        )


SHARE, FEWEST = 0.1, 50
"""Of the trained genes that must be there."""
