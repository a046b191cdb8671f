"""Names of samples and genes: what can be looked up later, and put into a file."""

from __future__ import annotations

import re

import pandas as pd

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What ends or breaks a name in files: control characters, and halves of characters."""


def require_names(names: pd.Index, what: str, place: str) -> None:
    """Raise ValueError unless all names are text that can be looked up and written.

    Parameters
    ----------
    names
        Of all genes, or of all samples.
    what
        ``"gene"`` or ``"sample"``.
    place
        Where they are, such as ``"adata.var_names"``.
    """
    if isinstance(names, pd.MultiIndex):
        raise ValueError(
            f"{place} has {names.nlevels} levels; give each {what} one name, for example "
            f"{place} = {place}.map('_'.join)."
        )
    missing = names.isna()
    if missing.any():
        axes = "[:, known]" if what == "gene" else "[known]"
        raise ValueError(
            f"{missing.sum()} {what}s have no name: the first is number {int(missing.argmax())} "
            f"(counted from 0), whose name is {names[missing][0]}. Name them, or leave them out: "
            f"known = {place}.notna(); adata = adata{axes}.copy()."
        )
    values = names.astype(object)
    if pd.api.types.infer_dtype(values, skipna=False) not in ("string", "empty"):
        wrong = next(name for name in values if not isinstance(name, str))
        raise ValueError(
            f"{what} names must be text to be looked up, but {wrong!r} is {type(wrong).__name__}: "
            f"{place} = {place}.astype(str)."
        )
    empty = [number for number, name in enumerate(values) if not name.strip()]
    if empty:
        raise ValueError(
            f"{len(empty)} {what}s have an empty name: the first is number {empty[0]} (counted "
            f"from 0). Give each a name in {place}."
        )
    if CONTROL.search("".join(values)):
        wrong = next(name for name in values if CONTROL.search(name))
        raise ValueError(
            f"the {what} name {wrong!r} holds a control character, which ends or breaks a name in "
            f"files. Take such characters out of {place} first."
        )


def require_unique(genes: pd.Index) -> None:
    """Raise ValueError if a gene name occurs twice."""
    if not genes.is_unique:
        twice = genes[genes.duplicated()].unique()
        raise ValueError(
            f"{len(twice)} gene names occur more than once ({', '.join(map(str, twice[:3]))}); "
            "call adata.var_names_make_unique() first."
        )
