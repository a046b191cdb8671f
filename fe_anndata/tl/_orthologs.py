"""Pairs of orthologs as a table of names, and the genes of two species as AnnData."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.genes import without_samples
from .._core.errors import require_key
from .._core.gene_names import match, tell
from .._core.keys import Keys
from .._core.paths import expanded
from ..genespace import GeneSpace
from ..genespace.names import examples
from ..genespace.text import lines


def ortholog_table(
    orthologs: pd.DataFrame | str | Path, columns: Sequence[str] | None, identity: str | None
) -> pd.DataFrame:
    """Return columns ``human``, ``mouse`` and, if asked for, ``identity``; one row per pair.

    Raises
    ------
    TypeError, KeyError, ValueError
        If `orthologs` is not a table, a column is missing, or a gene is in several pairs.
    """
    orthologs = _as_frame(orthologs)
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
                f"the column {identity!r} of orthologs must hold numbers: {error}"
            ) from error
    table = table.dropna(subset=["human", "mouse"]).astype({"human": str, "mouse": str})
    table = table.drop_duplicates(["human", "mouse"])
    for species in ("human", "mouse"):
        repeated = table[species][table[species].duplicated()]
        if len(repeated):
            raise ValueError(
                f"{len(repeated)} {species} genes are in several pairs, first "
                f"{repeated.iloc[0]!r}; keep one-to-one pairs, such as with "
                f"orthologs.drop_duplicates({columns[species == 'mouse']!r}, keep=False)."
            )
    return table.reset_index(drop=True)


def _as_frame(orthologs: pd.DataFrame | str | Path) -> pd.DataFrame:
    if isinstance(orthologs, (str, Path)):
        return _read(expanded(orthologs))
    if not isinstance(orthologs, pd.DataFrame):
        raise TypeError(
            f"orthologs must be a DataFrame or the path of a .tsv or .csv file, not "
            f"{type(orthologs).__name__}."
        )
    return orthologs


def _read(path: Path) -> pd.DataFrame:
    """Return a table with tabs or commas, all of it text."""
    found = [line for _, line in lines(path)]
    gap = "\t" if found and "\t" in found[0] else ","
    try:
        return pd.read_csv(io.StringIO("\n".join(found)), sep=gap, dtype=str)
    except ValueError as error:
        raise ValueError(
            f"{path} cannot be read as a table with a header, separated by tabs or commas: {error}"
        ) from error


def known_pairs(table: pd.DataFrame, human: GeneSpace, mouse: GeneSpace) -> pd.DataFrame:
    """Return the pairs of which both genes are trained, under the names of the spaces.

    Raises
    ------
    ValueError
        If there is no such pair.
    """
    kept = np.ones(len(table), dtype=bool)
    places = {}
    for species, space in (("human", human), ("mouse", mouse)):
        names = pd.Index(table[species])
        found = match(names, space.names)
        tell(found, names, space.names)
        kept &= found.positions >= 0
        places[species] = space.names.to_numpy()[found.positions]
    if not kept.any():
        first = ", ".join(f"{h!r} - {m!r}" for h, m in table[["human", "mouse"]].head(3).to_numpy())
        raise ValueError(
            f"no pair of orthologs is in both spaces: the pairs are {first or 'none'}, the human "
            f"genes {examples(human.names)}, the mouse genes {examples(mouse.names)}. Bring all "
            "to one kind of name, and name the human column first."
        )
    return table.assign(**places)[kept].reset_index(drop=True)


def in_one_table(human: AnnData, mouse: AnnData, prefix: str, key: str) -> AnnData:
    """Return an AnnData of 0 samples x the genes of both species, those of the mouse prefixed.

    Raises
    ------
    ValueError
        If two genes then have the same name.
    """
    names = [*human.var_names, *(f"{prefix}{name}" for name in mouse.var_names)]
    species = ["human"] * human.n_vars + ["mouse"] * mouse.n_vars
    genes = [*human.var_names, *mouse.var_names]
    var = pd.DataFrame({"species": species, "gene": genes}, index=pd.Index(names, dtype=str))
    repeated = var.index[var.index.duplicated()]
    if len(repeated):
        raise ValueError(
            f"{len(repeated)} genes of human and mouse have the same name with the prefix "
            f"{prefix!r}, first {repeated[0]!r}; give another prefix."
        )
    vectors = np.concatenate([adata.varm[Keys(key).varm] for adata in (human, mouse)])
    return without_samples(var, vectors, key)
