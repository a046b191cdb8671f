"""Orthologs as a table of names, and two species brought into one space."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.errors import require_key
from .._core.keys import Keys
from ..genespace import GeneSpace, Map


@dataclass(frozen=True)
class AlignedSpecies:
    """Two species in one space, and how well it finds orthologs.

    Attributes
    ----------
    summary
        A row per training, kind of pairs and direction, with the share of pairs whose ortholog is
        the first (``top_1``) or among the first ten (``top_10``), and ``median_rank``.
    pairs
        ``human``, ``mouse``, ``fold``, ``held_out``, ``similarity`` (cosine), ``rank`` (of the
        mouse gene for the human one) and ``rank_back``; with an identity also that, ``rna``,
        ``dna`` and ``class``.
    human, mouse
        0 samples x trained genes, ``varm["fe"]`` in the common space, float32 of unit length.
    both
        The genes of both, those of the mouse named with a prefix; ``var["species"]``,
        ``var["gene"]``.
    human_map, mouse_map
        From the vectors of each species to the common space; callable.
    """

    summary: pd.DataFrame
    pairs: pd.DataFrame
    human: AnnData
    mouse: AnnData
    both: AnnData
    human_map: Map
    mouse_map: Map

    def __repr__(self) -> str:
        n, m, r = self.human.n_vars, self.mouse.n_vars, self.human_map.matrix.shape[1]
        return f"{n} human and {m} mouse genes in {r} dimensions\n{self.summary.to_string()}"


def ortholog_table(
    orthologs: pd.DataFrame | str | Path, columns: Sequence[str] | None, identity: str | None
) -> pd.DataFrame:
    """Return columns ``human``, ``mouse`` and, if asked for, ``identity``; one row a pair.

    Raises
    ------
    TypeError, KeyError, ValueError
        If it is no table, a column is missing, or a gene is in several pairs.
    """
    if isinstance(orthologs, (str, Path)):
        if not Path(orthologs).is_file():
            raise ValueError(f"there is no file {orthologs}.")
        try:
            orthologs = pd.read_csv(orthologs, sep="\t")
        except (ValueError, EOFError, OSError, zlib.error) as error:
            raise ValueError(
                f"{orthologs} cannot be read as a tab-separated table with a header: {error}"
            ) from error
    if not isinstance(orthologs, pd.DataFrame):
        raise TypeError(
            f"orthologs must be a DataFrame or the path of a .tsv file, not "
            f"{type(orthologs).__name__}."
        )
    if columns is None:
        columns = [name for name in orthologs if name != identity]
    if isinstance(columns, str) or len(columns) != 2:
        raise ValueError(
            f"orthologs has the columns {', '.join(map(repr, orthologs))}; say which two hold the "
            "names, columns=(human, mouse)."
        )
    for name in [*columns, *([] if identity is None else [identity])]:
        require_key(name, orthologs.columns, "column of orthologs")
    table = orthologs[list(columns)].set_axis(["human", "mouse"], axis=1)
    if identity is not None:
        try:
            table["identity"] = pd.to_numeric(orthologs[identity], errors="raise")
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"the column {identity!r} of orthologs is no number: {error}"
            ) from error
    table = table.dropna(subset=["human", "mouse"]).astype({"human": str, "mouse": str})
    table = table.drop_duplicates(["human", "mouse"])
    for side in ("human", "mouse"):
        repeated = table[side][table[side].duplicated()]
        if len(repeated):
            raise ValueError(
                f"{len(repeated)} {side} genes are in several pairs, first {repeated.iloc[0]!r}; "
                "keep one-to-one pairs, such as with "
                f"orthologs.drop_duplicates({columns[side == 'mouse']!r}, keep=False)."
            )
    return table.reset_index(drop=True)


def known_pairs(table: pd.DataFrame, human: GeneSpace, mouse: GeneSpace) -> pd.DataFrame:
    """Return the pairs of which both genes are trained.

    Raises
    ------
    ValueError
        If there is none.
    """
    kept = table[table["human"].isin(human.names) & table["mouse"].isin(mouse.names)]
    if kept.empty:
        first = ", ".join(f"{h!r} - {m!r}" for h, m in table[["human", "mouse"]].head(3).to_numpy())
        raise ValueError(
            f"no pair of orthologs is in both spaces: pairs are {first or 'none'}; human genes "
            f"{_some(human)}; mouse genes {_some(mouse)}. Bring all to one kind of name, and the "
            "human column first."
        )
    return kept.reset_index(drop=True)


def of_genes(adata: AnnData, space: GeneSpace, vectors: np.ndarray, key: str) -> AnnData:
    """Return an AnnData of 0 samples x the genes of `space`, with other vectors."""
    var = adata.var.loc[space.names].copy()
    return AnnData(np.empty((0, len(var)), np.float32), var=var, varm={Keys(key).varm: vectors})


def of_both(human: AnnData, mouse: AnnData, prefix: str, key: str) -> AnnData:
    """Return an AnnData of 0 samples x the genes of both, the mouse's with a prefix.

    Raises
    ------
    ValueError
        If a name is then there twice.
    """
    names = [*human.var_names, *(f"{prefix}{name}" for name in mouse.var_names)]
    species = ["human"] * human.n_vars + ["mouse"] * mouse.n_vars
    genes = [*human.var_names, *mouse.var_names]
    var = pd.DataFrame({"species": species, "gene": genes}, index=pd.Index(names, dtype=str))
    twice = var.index[var.index.duplicated()]
    if len(twice):
        raise ValueError(
            f"{len(twice)} genes of human and mouse have the same name with the prefix "
            f"{prefix!r}, first {twice[0]!r}; give another prefix=."
        )
    vectors = np.concatenate([side.varm[Keys(key).varm] for side in (human, mouse)])
    return AnnData(np.empty((0, len(var)), np.float32), var=var, varm={Keys(key).varm: vectors})


def _some(space: GeneSpace) -> str:
    return ", ".join(map(repr, space.names[:3])) or "none"
