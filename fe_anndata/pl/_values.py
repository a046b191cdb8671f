"""What a picture is coloured by: a column of obs or a gene, as categories or as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from .._access.samples import as_categories, is_categorical
from .._core.errors import require_key
from ._colors import Palette, colors_of


@dataclass(frozen=True)
class Classes:
    """A categorical colouring."""

    name: str
    codes: NDArray[np.intp]  # (n_obs,), -1 where missing
    labels: list[str]
    colors: list[str]


@dataclass(frozen=True)
class Numbers:
    """A continuous colouring."""

    name: str
    values: NDArray[np.float64]  # (n_obs,), not finite where missing


def read(
    adata: AnnData, name: str, layer: str | None, palette: Palette | None
) -> Classes | Numbers:
    """Return column `name` of obs, or else the expression of gene `name`.

    Raises
    ------
    KeyError
        If there is neither, or no such layer.
    ValueError
        If several genes have the name, or there is no matrix to read it from.
    """
    if name in adata.obs.columns:
        column = adata.obs[name]
        if not is_categorical(column):
            return Numbers(name, column.to_numpy(dtype=np.float64, na_value=np.nan))
        categories = as_categories(column)
        labels = list(categories.categories)
        codes = np.asarray(categories.codes, dtype=np.intp)
        return Classes(name, codes, labels, colors_of(adata, name, labels, palette))
    require_key(name, [*adata.obs.columns, *adata.var_names], "column of adata.obs or gene")
    return Numbers(name, _expression(adata, name, layer))


def _expression(adata: AnnData, gene: str, layer: str | None) -> NDArray[np.float64]:
    if layer is not None:
        require_key(layer, adata.layers, "layer")
    found = np.flatnonzero(adata.var_names == gene)
    if len(found) > 1:
        raise ValueError(f"{len(found)} genes are named {gene!r}: adata.var_names_make_unique()")
    matrix = adata.X if layer is None else adata.layers[layer]
    if matrix is None:
        raise ValueError(f"adata.X is empty: name the layer to read {gene!r} from, layer=...")
    column = matrix[:, found[0] : found[0] + 1]
    for densify in ("compute", "toarray"):  # dask, sparse
        if hasattr(column, densify):
            column = getattr(column, densify)()
    return np.asarray(column, dtype=np.float64).ravel()
