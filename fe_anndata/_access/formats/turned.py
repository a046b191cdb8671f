"""A table as AnnData: which side is the genes, and what becomes of genes that come twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from ..._core.errors import require_choice
from ..._core.log import logger
from ..._core.warn import warn_user
from ...matrix.findings import extremes_of
from ...matrix.units import MOST_OF_LOGS
from ..layers import layers_of
from .orientation import Orientation, genes_are_rows
from .table import Table

Duplicates = Literal["refuse", "sum"]
DUPLICATES = ("refuse", "sum")


def as_anndata(
    table: Table, path: Path, orientation: Orientation, duplicates: Duplicates
) -> AnnData:
    """Return samples x genes of a table, and say if it was turned.

    Raises
    ------
    ValueError
        If the names do not tell which side is the genes, and `orientation` does not say it; or
        samples, or genes that are not to be summed, have the same name.
    """
    turned = _is_turned(table, path, orientation)
    genes, samples = (table.rows, table.columns) if turned else (table.columns, table.rows)
    obs, var = pd.DataFrame(index=samples), pd.DataFrame(index=genes)
    if turned:
        var = table.beside
    else:
        obs = table.beside
    require_samples(samples, path)
    n_genes, n_samples = len(genes), len(samples)
    X = table.matrix(turned=turned)
    n_missing = sum(int(np.isnan(row).sum()) for row in X)
    made = AnnData(X, obs=obs, var=var)
    said = "; its rows are genes, so it was turned" if turned else ""
    logger.info("read %s: %d samples x %d genes%s", path, n_samples, n_genes, said)
    if n_missing:
        share = n_missing / (n_genes * n_samples)
        warn_user(f"{path} has {n_missing} missing values ({share:.2g} of all), kept as NaN.")
    return with_unique_genes(_without_summary(made, path), duplicates, path)


_SUMMARY = re.compile(
    r"N_(?:unmapped|multimapping|noFeature|ambiguous)"
    r"|__(?:no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)"
)
"""What STAR and HTSeq count beside the genes."""


def _without_summary(adata: AnnData, path: Path) -> AnnData:
    """Return an AnnData without the rows that programs count beside the genes, and say so."""
    summary = adata.var_names.map(lambda name: _SUMMARY.fullmatch(name) is not None).to_numpy(bool)
    if not summary.any():
        return adata
    warn_user(f"{path}: left out {', '.join(adata.var_names[summary])}, which are no genes.")
    return adata[:, ~summary].copy()


def _is_turned(table: Table, path: Path, orientation: Orientation) -> bool:
    if orientation != "auto":
        return orientation == "transposed"
    found = genes_are_rows(table.rows, table.columns)
    if found is None:
        sides = table.rows, table.columns
        (n, m), some = map(len, sides), [_some(side) for side in sides]
        raise ValueError(
            f"the names in {path} do not tell whether its rows are genes: {n} rows ({some[0]}) and "
            f"{m} columns ({some[1]}). Say it: orientation='transposed' if rows are genes, "
            "orientation='as-is' if rows are samples."
        )
    return found


def _some(names: pd.Index) -> str:
    return ", ".join(map(str, names[:3])) + (", ..." if len(names) > 3 else "")


def require_samples(samples: pd.Index, path: Path) -> None:
    if not samples.is_unique:
        twice = samples[samples.duplicated()].unique()
        raise ValueError(
            f"{path}: {len(twice)} names of samples occur more than once ({_some(twice)}); give "
            "each sample its own."
        )


def with_unique_genes(adata: AnnData, duplicates: Duplicates, path: Path) -> AnnData:
    """Return an AnnData whose genes have different names.

    Raises
    ------
    ValueError
        If two have the same one, and are not to be summed.
    """
    require_choice(duplicates, DUPLICATES, "duplicates")
    genes = adata.var_names
    if genes.is_unique:
        return adata
    twice = genes[genes.duplicated()].unique()
    if duplicates == "refuse":
        raise ValueError(
            f"{path}: {len(twice)} genes occur more than once ({_some(twice)}). "
            "duplicates='sum' adds up values of the same name, which is right for counts and TPM, "
            "not for their logarithms; or name genes by ids, which are unique."
        )
    extremes = extremes_of(adata.X)
    if extremes.least < 0 or (not extremes.whole_numbers and extremes.greatest < MOST_OF_LOGS):
        warn_user(f"{path}: values look like logarithms, whose sums are none of expression.")
    logger.info("%s: summed the values of %d names that %d genes share", path, len(twice),
                int(genes.isin(twice).sum()))  # fmt: skip
    return _summed(adata)


def _summed(adata: AnnData) -> AnnData:
    codes, names = pd.factorize(adata.var_names)
    n_vars = len(codes)
    ones = np.ones(n_vars, dtype=np.float32)
    sums = sparse.csr_matrix((ones, (np.arange(n_vars), codes)), shape=(n_vars, len(names)))

    def of(X: Any) -> Any:
        return sparse.csr_matrix(X @ sums) if sparse.issparse(X) else np.asarray(X @ sums)

    first = np.unique(codes, return_index=True)[1]
    made = AnnData(of(adata.X), obs=adata.obs, var=adata.var.iloc[first], obsm=dict(adata.obsm))
    for name, layer in layers_of(adata).items():
        made.layers[name] = of(layer)
    return made
