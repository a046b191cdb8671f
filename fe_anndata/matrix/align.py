"""Genes of a new matrix in the order of those a model was trained on."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .values import Values, as_values

ENSEMBL = re.compile(r"^ENS[A-Z]*G\d{6,}(\.\d+)?$")
SHOWN = 3


@dataclass(frozen=True)
class Alignment:
    """Which trained genes are there, and where.

    Attributes
    ----------
    known
        Places among the trained genes, in their order, of those that are there.
    columns
        Where they stand in the new matrix.
    """

    known: np.ndarray
    columns: np.ndarray

    def rows(self, X: Values, rows: slice) -> np.ndarray:
        """Return some rows of the new matrix as a dense float32 block, genes in order."""
        block = as_values(X[rows])
        dense = block if isinstance(block, np.ndarray) else block.toarray()
        whole = len(self.columns) == dense.shape[1]
        if whole and np.array_equal(self.columns, np.arange(len(self.columns))):
            return dense
        aligned: np.ndarray = dense[:, self.columns]
        return aligned


def align(trained: pd.Index, new: pd.Index) -> Alignment:
    """Return where the trained genes are among new ones, by exact name.

    Raises
    ------
    ValueError
        If a needed name occurs twice, or no gene is in common; then the message shows names of
        both sides, and says if they are of different kinds.
    """
    wanted = new.isin(trained)
    if not new[wanted].is_unique:
        twice = new[wanted & new.duplicated()].unique()
        raise ValueError(
            f"{len(twice)} gene names occur more than once ({_some(twice)}); call "
            "adata.var_names_make_unique() first."
        )
    if not wanted.any():
        kinds = _kind(trained), _kind(new)
        cure = (
            f" The reference has {kinds[0]}, the new samples have {kinds[1]}: set "
            "adata.var_names to the same kind."
            if kinds[0] != kinds[1]
            else " Names must agree to the letter."
        )
        raise ValueError(
            f"no gene in common: the reference has {_some(trained)}, the new samples have "
            f"{_some(new)}.{cure}"
        )
    places = new[wanted].get_indexer(trained)
    known = np.flatnonzero(places >= 0)
    return Alignment(known, np.flatnonzero(wanted)[places[known]])


def _kind(names: pd.Index) -> str:
    some = [bool(ENSEMBL.match(str(name))) for name in names[:50]]
    return "Ensembl ids" if some and sum(some) > len(some) / 2 else "symbols"


def _some(names: pd.Index) -> str:
    return ", ".join(map(str, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
