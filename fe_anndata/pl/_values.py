"""The values that colour a picture: a column of obs or a gene, as categories or numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from .._access.genes import values_at
from .._access.samples import as_categories, is_categorical
from .._core.errors import require_key
from ._colors import Palette, colors_of, extended


@dataclass(frozen=True)
class Classes:
    """A categorical colouring."""

    name: str
    codes: NDArray[np.intp]  # (n_obs,), -1 where missing
    labels: list[str]
    colors: list[str]
    own: int | None = None  # this many labels are those of adata, the rest are of the query alone


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
        If there is neither, or the layer is missing.
    ValueError
        If several genes have this name, or there is no matrix to read the gene from.
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


def read_both(
    adata: AnnData, query: AnnData, name: str, layer: str | None, palette: Palette | None
) -> Classes | Numbers:
    """Return the values of the samples of `adata`, followed by those of `query`.

    A category has the same colour in both. If one of them has neither the column nor the gene, the
    values of its samples are missing.

    Raises
    ------
    KeyError, ValueError
        As for :func:`read`; or if neither has it, or one has categories and the other numbers.
    """
    both = (adata, query)
    has = [name in samples.obs.columns or name in samples.var_names for samples in both]
    if not any(has):
        read(adata, name, layer, palette)  # raises the error
    looks = [
        read(samples, name, layer, palette if samples is adata else None) if has_name else None
        for samples, has_name in zip(both, has, strict=True)
    ]
    kinds = {type(look) for look in looks if look is not None}
    if len(kinds) > 1:
        raise ValueError(
            f"{name!r} holds categories in one of adata and query, and numbers in the other; "
            f"convert one of them, for example query.obs[{name!r}].astype('category')."
        )
    if kinds == {Numbers}:
        values = [
            look.values if isinstance(look, Numbers) else np.full(samples.n_obs, np.nan)
            for look, samples in zip(looks, both, strict=True)
        ]
        return Numbers(name, np.concatenate(values))
    old, new = (
        look if isinstance(look, Classes) else Classes(name, np.full(samples.n_obs, -1), [], [])
        for look, samples in zip(looks, both, strict=True)
    )
    labels = list(dict.fromkeys([*old.labels, *new.labels]))
    recoded = np.array([labels.index(label) for label in new.labels] + [-1])
    codes = np.concatenate([old.codes, recoded[new.codes]])
    colors = extended(adata, name, old.colors, labels, palette)
    return Classes(name, codes, labels, colors, own=len(old.labels))


def _expression(adata: AnnData, gene: str, layer: str | None) -> NDArray[np.float64]:
    if layer is not None:
        require_key(layer, adata.layers, "layer")
    found = np.flatnonzero(adata.var_names == gene)
    if len(found) > 1:
        raise ValueError(f"{len(found)} genes are named {gene!r}: adata.var_names_make_unique()")
    return values_at(adata, found, layer)[:, 0]
