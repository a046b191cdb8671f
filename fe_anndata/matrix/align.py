"""Genes of a new matrix in the order of those a model was trained on."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._core.gene_names import match, several_versions, tell, without_versions

ENSEMBL = re.compile(r"(ENS[A-Z]*[GTP])R?\d{6,}")
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
    """Return where the trained genes are among new ones, by name; see :func:`match`.

    A warning says how many were matched by an id without its version.

    Raises
    ------
    ValueError
        If a needed name occurs twice, or no gene is in common; then the message shows names of
        both sides, and says if they are of different kinds.
    """
    if not trained.is_unique:
        twice = trained[trained.duplicated()].unique()
        raise ValueError(
            f"{len(twice)} gene names of the reference occur more than once ({_first(twice)}), so "
            "that genes cannot be told apart: give it the names that it was trained with."
        )
    _require_once(trained, new)
    found = match(trained, new)
    known = np.flatnonzero(found.positions >= 0)
    if not len(known):
        if found.ambiguous.any():
            cure = several_versions(found, trained)
        elif (kinds := (kind_of(trained), kind_of(new)))[0] != kinds[1]:
            cure = (
                f"The reference has {kinds[0]}, the new samples have {kinds[1]}: set "
                "adata.var_names to the same kind."
            )
        else:
            cure = "Names must agree to the letter, but for the version of an Ensembl or RefSeq id."
        raise ValueError(
            f"no gene in common: the reference has {_first(trained)}, the new samples have "
            f"{_first(new)}. {cure}"
        )
    tell(found, trained, new, warn=True)
    return Alignment(known, found.positions[known])


def _require_once(trained: pd.Index, new: pd.Index) -> None:
    """Raise ValueError if a name that is needed occurs twice among the new ones."""
    if new.is_unique:
        return
    repeated = new[new.duplicated()].unique()
    ids = set(without_versions(trained.tolist()))
    needed = [i in ids for i in without_versions(repeated.tolist())]
    twice = repeated[repeated.isin(trained) | np.array(needed, dtype=bool)]
    if len(twice):
        raise ValueError(
            f"{len(twice)} gene names occur more than once ({_first(twice)}); call "
            "adata.var_names_make_unique() first."
        )


def kind_of(names: pd.Index) -> str:
    """Return what most names are: symbols, or the ids of a species, by the letters they share."""
    found = (ENSEMBL.match(str(name)) for name in names)
    starts = Counter(start[1] for start in found if start)
    if starts.total() <= len(names) / 2:
        return "symbols"
    return f"Ensembl ids ({max(starts, key=lambda letters: (starts[letters], letters))}...)"


def _first(names: pd.Index) -> str:
    return ", ".join(map(str, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
