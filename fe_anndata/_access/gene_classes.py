"""Gene sets ready to be learned, and what was learned of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class GeneClasses:
    """Properties of genes, read off their vectors by :func:`fe_anndata.tl.classify_genes`.

    Attributes
    ----------
    table
        One row per property.
    probabilities
        Float32, genes x properties; NaN for genes that have no vector.
    genes
        Per gene ``in_universe`` and ``fold``, -1 outside the universe.
    skipped
        Sets that were not tried: ``property``, ``collection``, ``n_given``, ``n_genes`` in the
        universe, and ``reason``.
    """

    table: pd.DataFrame
    probabilities: pd.DataFrame
    genes: pd.DataFrame
    skipped: pd.DataFrame

    def to_adata(self) -> AnnData:
        """Return an AnnData of genes x properties, for ``fe.io.write_h5ad``.

        ``X`` are the probabilities, ``obs`` the genes, ``var`` the table by property, and
        ``uns["skipped"]`` the sets that were not tried.
        """
        return AnnData(
            self.probabilities.to_numpy(copy=True),
            obs=self.genes.copy(),
            var=self.table.set_index("property"),
            uns={"skipped": self.skipped.copy()},
        )


class Task(NamedTuple):
    """What there is to learn, over the trained genes.

    Attributes
    ----------
    vectors
        Float32 (n_trained, d).
    trained
        Bool (n_vars,).
    order
        The rank of each trained gene by name.
    universe
        Bool (n_trained,).
    table
        Bool (n_trained, n_sets), of the sets that are large enough; no member is outside the
        universe.
    names
        ``property``, ``collection``, ``n_given``, a row per set.
    skipped
        See :class:`GeneClasses`.
    """

    vectors: np.ndarray
    trained: np.ndarray
    order: np.ndarray
    universe: np.ndarray
    table: sparse.csc_array
    names: pd.DataFrame
    skipped: pd.DataFrame


def task(
    adata: AnnData,
    gene_sets: GeneSets,
    *,
    key: str,
    universe: str | Sequence[str] | None,
    gene_symbols: str | None,
    min_genes: int,
    max_genes: int | None,
    min_others: int,
) -> Task:
    """Return vectors and sets, aligned; sets that are too small or too large are left out.

    Raises
    ------
    KeyError, ValueError, TypeError
        For input of which nothing can be made.
    """
    _require_sizes(min_genes, max_genes)
    space = gene_space(adata, key)
    trained: np.ndarray = adata.var_names.isin(space.names)
    labels = labels_of(adata, gene_symbols)
    given = members(adata, gene_sets, labels)
    inside = universe_of(adata, universe, labels, given.asked)[trained]
    if not inside.any():
        raise ValueError(f"no gene of the universe has a vector in adata.varm[{key!r}].")
    table = sparse.csc_array(sparse.diags_array(inside, dtype=bool) @ given.table[trained])
    table.eliminate_zeros()
    n = np.diff(table.indptr)
    reason = np.full(len(n), "", dtype=object)
    reason[int(inside.sum()) - n < min_others] = f"fewer than {min_others} other genes"
    if max_genes is not None:
        reason[n > max_genes] = f"more than {max_genes} genes"
    reason[n < min_genes] = f"fewer than {min_genes} known genes"
    skipped = given.names.assign(n_genes=n, reason=reason.astype(str))[reason != ""]
    _report(skipped, len(n))
    logger.info(
        f"{len(n) - len(skipped)} properties of {int(inside.sum())} genes; "
        f"{int((~inside).sum())} more have a vector, {int((~trained).sum())} have none"
    )
    keep = reason == ""
    order = ranks(space.names.to_numpy(dtype=str))
    names = given.names[keep].reset_index(drop=True)
    rest = skipped.reset_index(drop=True)
    kept = sparse.csc_array(table[:, np.flatnonzero(keep)])
    return Task(space.vectors, trained, order, inside, kept, names, rest)


def _report(skipped: pd.DataFrame, n: int) -> None:
    """Say how many sets are left out, and why; raise ValueError if none is left."""
    if skipped.empty:
        return
    counts = skipped["reason"].value_counts()
    why = ", ".join(f"{count} with {reason}" for reason, count in counts.items())
    first = skipped.iloc[0]
    example = f"such as {first['property']!r} ({first['n_genes']} of {first['n_given']} genes)"
    if len(skipped) == n:
        raise ValueError(
            f"all {n} gene sets are left out: {why}, {example}. Only genes of the universe that "
            "have a vector count; see min_genes, max_genes and universe, or check the names."
        )
    warn_user(f"{len(skipped)} of {n} gene sets are left out: {why}, {example}.")


def _require_sizes(min_genes: int, max_genes: int | None) -> None:
    for name, value in (("min_genes", min_genes), ("max_genes", max_genes)):
        if value is not None:
            require_at_least_two(value, name)
    if max_genes is not None and max_genes < min_genes:
        raise ValueError(f"max_genes ({max_genes}) is less than min_genes ({min_genes}).")
