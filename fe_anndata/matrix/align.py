"""Genes of a new matrix in the order of those a model was trained on."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

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

    def columns_of(self, block: np.ndarray) -> np.ndarray:
        """Return a dense block of the new matrix with the trained genes alone, in their order."""
        whole = len(self.columns) == block.shape[1]
        if whole and np.array_equal(self.columns, np.arange(len(self.columns))):
            return block
        aligned: np.ndarray = block[:, self.columns]
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
            f"{len(twice)} gene names occur more than once ({_first(twice)}); call "
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
            f"no gene in common: the reference has {_first(trained)}, the new samples have "
            f"{_first(new)}.{cure}"
        )
    places = new[wanted].get_indexer(trained)
    known = np.flatnonzero(places >= 0)
    return Alignment(known, np.flatnonzero(wanted)[places[known]])


def _kind(names: pd.Index) -> str:
    matches = [bool(ENSEMBL.match(str(name))) for name in names[:50]]
    return "Ensembl ids" if matches and sum(matches) > len(matches) / 2 else "symbols"


def _first(names: pd.Index) -> str:
    return ", ".join(map(str, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
