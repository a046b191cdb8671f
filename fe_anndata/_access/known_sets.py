"""Gene sets together with the gene vectors they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .._core.errors import require_at_least_two
from .._core.log import logger
from .._core.random import ranks
from .._core.warn import warn_user
from .gene_sets import GeneSets, labels_of, members, universe_of
from .genes import gene_space


class KnownSets(NamedTuple):
    """Gene sets as tables of the trained genes.

    Attributes
    ----------
    vectors
        Float32 (n_trained, gene_dim).
    trained
        Which genes of the AnnData are trained, bool (n_vars,).
    order
        The rank of each trained gene by name, int64 (n_trained,).
    universe
        Which trained genes are in the universe, bool (n_trained,).
    table
        Which trained gene is in which set, bool (n_trained, n_sets). Members outside the universe
        are left out, and so are sets that are too small or too large.
    names
        ``property``, ``collection`` and ``n_given``, one row per set.
    skipped
        The sets that were left out: the columns of `names`, ``n_genes`` and ``reason``.
    """

    vectors: np.ndarray
    trained: np.ndarray
    order: np.ndarray
    universe: np.ndarray
    table: sparse.csc_array
    names: pd.DataFrame
    skipped: pd.DataFrame


def known_sets(
    adata: AnnData,
    gene_sets: GeneSets,
    *,
    key: str,
    universe: str | Sequence[str] | None,
    gene_symbols: str | None,
    min_genes: int,
    max_genes: int | None,
    min_nonmembers: int,
) -> KnownSets:
    """Return vectors and sets of the trained genes; sets of the wrong size are left out.

    The parameters are those of :func:`fe_anndata.tl.classify_genes`. A set with fewer than
    `min_nonmembers` genes of the universe outside it is left out too.

    Raises
    ------
    KeyError, ValueError, TypeError
        If an argument is not one of the forms that are understood, or no set is left.
    """
    _require_sizes(min_genes, max_genes)
    space = gene_space(adata, key)
    trained: np.ndarray = adata.var_names.isin(space.names)
    labels = labels_of(adata, gene_symbols)
    given = members(adata, gene_sets, labels)
    in_universe = universe_of(adata, universe, labels, given.covered)[trained]
    n_universe = int(in_universe.sum())
    if not n_universe:
        raise ValueError(f"no gene of the universe has a vector in adata.varm[{key!r}].")
    table = sparse.csc_array(sparse.diags_array(in_universe, dtype=bool) @ given.table[trained])
    table.eliminate_zeros()
    n_genes = np.diff(table.indptr)
    reason = np.full(len(n_genes), "", dtype=object)
    reason[n_universe - n_genes < min_nonmembers] = (
        f"fewer than {min_nonmembers} genes outside the set"
    )
    if max_genes is not None:
        reason[n_genes > max_genes] = f"more than {max_genes} genes"
    reason[n_genes < min_genes] = f"fewer than {min_genes} known genes"
    kept = reason == ""
    skipped = given.names.assign(n_genes=n_genes, reason=reason.astype(str))[~kept]
    _report(skipped, len(n_genes))
    logger.info(
        f"{kept.sum()} properties of {n_universe} genes; "
        f"{len(in_universe) - n_universe} more have a vector, {int((~trained).sum())} have none"
    )
    return KnownSets(
        vectors=space.vectors,
        trained=trained,
        order=ranks(space.names.to_numpy(dtype=str)),
        universe=in_universe,
        table=sparse.csc_array(table[:, np.flatnonzero(kept)]),
        names=given.names[kept].reset_index(drop=True),
        skipped=skipped.reset_index(drop=True),
    )


def _report(skipped: pd.DataFrame, n_sets: int) -> None:
    """Warn how many sets are left out, and why; raise ValueError if none is left."""
    if skipped.empty:
        return
    counts = skipped["reason"].value_counts()
    reasons = ", ".join(f"{count} with {reason}" for reason, count in counts.items())
    first = skipped.iloc[0]
    example = f"such as {first['property']!r} ({first['n_genes']} of {first['n_given']} genes)"
    if len(skipped) == n_sets:
        raise ValueError(
            f"all {n_sets} gene sets are left out: {reasons}, {example}. Only genes of the "
            "universe that have a vector count; change min_genes, max_genes or universe, or check "
            "the names."
        )
    warn_user(f"{len(skipped)} of {n_sets} gene sets are left out: {reasons}, {example}.")


def _require_sizes(min_genes: int, max_genes: int | None) -> None:
    for name, value in (("min_genes", min_genes), ("max_genes", max_genes)):
        if value is not None:
            require_at_least_two(value, name)
    if max_genes is not None and max_genes < min_genes:
        raise ValueError(f"max_genes ({max_genes}) is less than min_genes ({min_genes}).")
