"""Samples with a label: their expression without anything else, their labels and groups apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.log import logger
from ..matrix.audit import audit
from ..matrix.normalize import normalized
from ..matrix.rows import InMemory
from ..matrix.trainable import require_observed
from ..matrix.values import Values, stored
from .columns import column_of
from .gene_mask import gene_mask
from .inputs import expression, require_anndata
from .samples import is_categorical
from .units import sure_step


@dataclass(frozen=True)
class Labelled:
    """What an embedding may see, and what only a classifier may.

    Attributes
    ----------
    X
        Expression, float32 array or CSR.
    samples, genes
        Names.
    labels
        Names of classes, or numbers (float).
    groups
        Names of groups, or None.
    layers
        Other matrices of the same samples and genes, by name, which some models are trained on.
    """

    X: Values
    samples: pd.Index
    genes: pd.Index
    labels: np.ndarray
    groups: np.ndarray | None
    layers: Mapping[str, Values] = field(default_factory=dict)

    def part(self, rows: np.ndarray, genes: np.ndarray) -> AnnData:
        """Return some samples and genes with their names, and no annotation."""
        X, *others = (
            of[rows] if genes.all() else of[rows][:, genes]
            for of in (self.X, *self.layers.values())
        )
        return AnnData(
            X,
            obs=pd.DataFrame(index=self.samples[rows]),
            var=pd.DataFrame(index=self.genes[genes]),
            layers=dict(zip(self.layers, others, strict=True)),
        )


def labelled(
    adata: AnnData,
    label: str | None,
    groups: str | None,
    layer: str | None,
    mask_var: str | Sequence[str] | np.ndarray | None,
    layers: Iterable[str] = (),
    *,
    logarithms: bool = True,
) -> Labelled:
    """Return the samples that have a label; without `label` all of them, each labelled "".

    `layers` are kept beside the matrix. Unless some methods want something else, `logarithms` are
    taken of counts and TPM.

    Raises
    ------
    TypeError, KeyError, ValueError
        If something is missing, or not what it should be.
    """
    require_anndata(adata)
    column = (
        pd.Series("", adata.obs_names)
        if label is None
        else column_of(adata.obs, label, "adata.obs")
    )
    grouped = None if groups is None else column_of(adata.obs, groups, "adata.obs")
    known = column.notna().to_numpy()
    if not known.any():
        raise ValueError(f"adata.obs[{label!r}] holds no label.")
    if not known.all():
        logger.info("left out %d samples without %r", (~known).sum(), label)
    labels = column[known].to_numpy(dtype=str if is_categorical(column) else np.float64)
    genes = gene_mask(adata, mask_var)
    values = expression(adata, layer)
    step = sure_step(InMemory(values), "the matrix") if logarithms else None
    values = values if step is None else normalized(values, step, None)
    X, *others = (
        of if known.all() and genes.all() else of[known][:, genes]
        for of in (values, *(expression(adata, name) for name in layers))
    )
    rows = InMemory(X)
    require_observed(audit(rows), rows, adata.var_names[genes], adata.obs_names[known])
    return Labelled(
        X,
        adata.obs_names[known],
        adata.var_names[genes],
        labels,
        None if grouped is None else _groups(grouped[known]),
        dict(zip(layers, others, strict=True)),
    )


def _groups(column: pd.Series) -> np.ndarray:
    if column.isna().any():
        raise ValueError(
            f"adata.obs[{column.name!r}] is missing for {column.isna().sum()} samples: give each "
            "a group, if need be one of its own, or leave them out."
        )
    names: np.ndarray = column.to_numpy(dtype=str)
    return names


def gene_means(adata: AnnData) -> np.ndarray:
    """Return the means of the observed values, float32 (n_vars,); 0 where there is none."""
    found = audit(InMemory(adata.X))
    means: np.ndarray = (found.sums / np.maximum(found.observed, 1)).astype(np.float32)
    return means


def filled(adata: AnnData, means: np.ndarray) -> np.ndarray:
    """Return the matrix, dense, with `means` of genes for missing values."""
    X: np.ndarray = adata.X if isinstance(adata.X, np.ndarray) else adata.X.toarray()
    return np.where(np.isnan(X), means, X)


def variable_genes(adata: AnnData, n: int) -> np.ndarray:
    """Return which `n` genes vary most by Scanpy's default flavour, bool (n_vars,)."""
    import scanpy as sc

    if np.isnan(stored(adata.X)).any():
        raise ValueError(
            "n_top_genes needs a matrix without missing values; choose genes by mask_var."
        )
    table = sc.pp.highly_variable_genes(adata, n_top_genes=n, inplace=False)
    chosen: np.ndarray = table["highly_variable"].to_numpy(dtype=bool)
    return chosen
