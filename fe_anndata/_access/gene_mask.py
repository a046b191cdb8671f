"""Which genes are asked for, in any form that says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.errors import near, require_key
from .._core.gene_names import match, tell
from .booleans import booleans


def gene_mask(adata: AnnData, mask_var: str | Sequence[str] | np.ndarray | None) -> np.ndarray:
    """Return which genes to train on, bool (n_vars,).

    Parameters
    ----------
    adata
        Whose genes they are.
    mask_var
        A column of ``adata.var``; or a value for each gene. Values are booleans of any type, or 0
        and 1. Or names of genes.

    Raises
    ------
    KeyError, ValueError
        If there is no such column or gene, values are missing or something else, or nothing is
        selected.
    """
    if mask_var is None:
        return np.ones(adata.n_vars, dtype=bool)
    if isinstance(mask_var, str):
        require_key(mask_var, adata.var.columns, "column of adata.var")
        column = adata.var[mask_var]
        if isinstance(column, pd.DataFrame):
            raise ValueError(
                f"adata.var has {column.shape[1]} columns named {mask_var!r}; give each its name."
            )
        mask = booleans(column, f"adata.var[{mask_var!r}]", adata.n_vars)
    else:
        mask_var = _in_order(mask_var, adata.var_names)
        names = _names(mask_var)
        mask = (
            booleans(mask_var, "mask_var", adata.n_vars)
            if names is None
            else _named(names, adata.var_names)
        )
    if not mask.any():
        raise ValueError("mask_var selects no gene.")
    return mask


def _in_order(given: Any, genes: pd.Index) -> Any:
    """Return what was given in the order of the genes, if it says of which gene each value is."""
    if isinstance(given, set | frozenset):
        return sorted(given)
    if isinstance(given, np.ma.MaskedArray):  # masked means missing
        values = np.ma.getdata(given).astype(object)
        values[np.ma.getmaskarray(given)] = None
        return values
    if not isinstance(given, pd.Series) or isinstance(given.index, pd.RangeIndex):
        return given
    if given.index.equals(genes) or pd.api.types.infer_dtype(given) == "string":
        return given
    if not given.index.is_unique or not genes.isin(given.index).all():
        raise ValueError(
            "the index of mask_var does not hold all genes of adata: give it the index "
            "adata.var_names, or give values without an index."
        )
    return given.reindex(genes)


def _names(given: Any) -> list[str] | None:
    """Return names of genes, or None if it is something else."""
    values = list(np.asarray(given, dtype=object).ravel())
    return values if values and all(isinstance(value, str) for value in values) else None


def _named(names: list[str], genes: pd.Index) -> np.ndarray:
    asked = pd.Index(dict.fromkeys(names), dtype=object)
    found = match(asked, genes, one_to_one=False)
    missing = asked[found.positions < 0]
    if len(missing) == len(asked) and len(names) == len(genes):
        raise ValueError(
            f"mask_var holds text, such as {names[0]!r}, which are no names of genes; make it "
            f"booleans: mask_var = mask_var == {names[0]!r}."
        )
    if len(missing):
        raise KeyError(
            f"{len(missing)} names in mask_var are no genes of adata, such as {missing[0]!r}: "
            f"{near(missing[0], genes)}"
        )
    tell(found, asked, genes)
    mask = np.zeros(len(genes), dtype=bool)
    mask[found.positions] = True
    return mask
