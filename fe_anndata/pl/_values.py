"""The values that colour a picture: a column of obs or a gene, as categories or numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from .._access.columns import column_of
from .._access.genes import Place, find_gene, known_genes, values_at
from .._access.layers import layers_of
from .._access.samples import as_categories, as_listed, is_categorical
from .._core.errors import near, require_key
from ..matrix.normalize import STEPS
from ._colors import Palette, colors_of

MANY_NAMES = 150  # no legend of more can be read


@dataclass(frozen=True)
class Source:
    """Where the values of genes are found: see :func:`fe_anndata.pl.embedding`."""

    layer: str | None
    gene_symbols: str | None
    normalize: str | None = None  # the step of the training, after which they are drawn


@dataclass(frozen=True)
class Classes:
    """A categorical colouring."""

    name: str
    codes: NDArray[np.intp]  # (n_obs,), -1 where missing
    labels: list[str]
    colors: list[str]
    own: int | None = None  # this many labels are those of adata, the rest are of the query alone
    listed: list[str] | None = None  # the labels in the order of a legend, unless that is `labels`

    @property
    def present(self) -> NDArray[np.intp]:
        """The codes of the labels that have samples, in the order of a legend."""
        return self.among(self.codes)

    def among(self, codes: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return which of all codes are among some, in the order of a legend."""
        there = set(codes.tolist())
        order = [self.labels.index(label) for label in self.listed or self.labels]
        return np.array([code for code in order if code in there], dtype=np.intp)


@dataclass(frozen=True)
class Numbers:
    """A continuous colouring."""

    name: str
    values: NDArray[np.float64]  # (n_obs,), not finite where missing
    origin: str = ""  # for the colour bar, if the values are not those one would expect


def read(adata: AnnData, name: str, source: Source, palette: Palette | None) -> Classes | Numbers:
    """Return column `name` of obs, or else the expression of gene `name`.

    Raises
    ------
    KeyError
        If there is neither, or the layer or the column of names is missing.
    ValueError
        If several columns or genes have this name, or there is no matrix to read the gene from.
    TypeError
        If the column holds complex numbers.
    """
    if name in adata.obs.columns:
        column = column_of(adata.obs, name, "adata.obs")
        if column.dtype.kind == "c":
            raise TypeError(f"adata.obs[{name!r}] holds complex numbers; draw one part of them.")
        if not is_categorical(column):
            return Numbers(name, column.to_numpy(dtype=np.float64, na_value=np.nan))
        categories = as_categories(column)
        labels = list(categories.categories)
        codes = np.asarray(categories.codes, dtype=np.intp)
        colors = colors_of(adata, name, labels, palette)
        return Classes(name, codes, labels, colors, listed=as_listed(categories))
    place = find_gene(adata, name, source.gene_symbols)
    if place is None:
        known = [*adata.obs.columns, *known_genes(adata, source.gene_symbols)]
        raise KeyError(f"no column of adata.obs or gene {name!r}: {near(name, known)}")
    step = None if place.in_raw else source.normalize
    origin = ", adata.raw" if place.in_raw else "" if step is None else f", {STEPS[step].said}"
    return Numbers(name, _expression(adata, place, source.layer, step), origin)


def require_few_names(look: Classes | Numbers | None, cure: str) -> None:
    """Raise ValueError if there are more classes than a legend can name; `cure` says what helps."""
    if isinstance(look, Classes) and len(look.present) > MANY_NAMES:
        raise ValueError(
            f"{look.name!r} has {len(look.present)} categories, too many to name; {cure}. If they "
            "are numbers: adata.obs[...] = pd.to_numeric(adata.obs[...])."
        )


def read_both(
    adata: AnnData,
    query: AnnData,
    name: str,
    source: Source,
    palette: Palette | None,
    placed_by: str | None = None,
) -> Classes | Numbers:
    """Return the values of the samples of `adata`, followed by those of `query`.

    Those of a gene in `query` go through the step of the name `placed_by`.

    A category has the same colour in both. If one of them has neither the column nor the gene, the
    values of its samples are missing.

    Raises
    ------
    KeyError, ValueError, TypeError
        As for :func:`read`; or if neither has it, or one has categories and the other numbers.
    """
    both, of_query = (adata, query), replace(source, normalize=placed_by)
    asked = [(name, source), _asked_of(query, adata, name, of_query)]
    has = [_has(samples, *of) for samples, of in zip(both, asked, strict=True)]
    if not any(has):
        read(adata, name, source, palette)  # raises the error
    looks = [
        read(samples, *of, palette if samples is adata else None) if known else None
        for samples, of, known in zip(both, asked, has, strict=True)
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
        origins = dict.fromkeys(look.origin for look in looks if isinstance(look, Numbers))
        return Numbers(name, np.concatenate(values), " ".join(origins))
    old, new = (
        look if isinstance(look, Classes) else Classes(name, np.full(samples.n_obs, -1), [], [])
        for look, samples in zip(looks, both, strict=True)
    )
    labels = list(dict.fromkeys([*old.labels, *new.labels]))
    recoded = np.array([labels.index(label) for label in new.labels] + [-1])
    codes = np.concatenate([old.codes, recoded[new.codes]])
    colors = colors_of(adata, name, labels, palette)
    listed = list(dict.fromkeys([*(old.listed or old.labels), *(new.listed or new.labels)]))
    return Classes(name, codes, labels, colors, own=len(old.labels), listed=listed)


def _asked_of(query: AnnData, adata: AnnData, name: str, source: Source) -> tuple[str, Source]:
    """Return under which name `query` knows what `adata` calls `name`.

    New samples may lack the column of symbols; then they know the gene by its name in `adata`.
    """
    symbols = source.gene_symbols
    if symbols is None or symbols in query.var.columns or name in query.obs.columns:
        return name, source
    place = find_gene(adata, name, symbols)
    return name if place is None else place.name, replace(source, gene_symbols=None)


def _has(adata: AnnData, name: str, source: Source) -> bool:
    return name in adata.obs.columns or find_gene(adata, name, source.gene_symbols) is not None


def _expression(
    adata: AnnData, place: Place, layer: str | None, step: str | None
) -> NDArray[np.float64]:
    if layer is not None:
        require_key(layer, layers_of(adata), "layer")
        if place.in_raw:
            raise KeyError(
                f"the gene {place.name!r} is in adata.raw alone, which has no layers: leave out "
                "layer=..."
            )
    position = np.array([place.position])
    return values_at(adata, position, layer, step, in_raw=place.in_raw)[:, 0]
