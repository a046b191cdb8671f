"""What a model predicts at places of its embedding, and the values of samples in the same units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from .._core.errors import near
from .._core.keys import Keys
from ..matrix.totals import to_totals
from .decoding import Decoding, decoding_of
from .genes import find_gene, known_genes, values_at
from .stops import is_group, members


def flat_decoding_of(adata: AnnData, key: str) -> Decoding:
    """Return how to decode places of an embedding of two dimensions.

    Raises
    ------
    KeyError, ValueError, TypeError
        As :func:`fe_anndata._access.decoding.decoding_of`; or if there are other dimensions.
    """
    decoding = decoding_of(adata, key)
    d = decoding.u.shape[1]
    if d != 2:
        name = Keys(key).obsm
        raise ValueError(
            f"a map needs an embedding of 2 dimensions, and obsm[{name!r}] has {d}. Train one: "
            "fe.tl.train(adata, sample_dim=2, key_added='map'), and give key='map'. Or look along "
            f"a path: fe.pl.path(adata, stops). The samples alone are projected by "
            f"sc.pp.neighbors(adata, use_rep={name!r}), sc.tl.umap(adata) and "
            "fe.pl.embedding(adata, basis='umap')."
        )
    return decoding


def trained_among(
    adata: AnnData, decoding: Decoding, names: Iterable[str], gene_symbols: str | None
) -> NDArray[np.intp]:
    """Return where some genes stand among those that were trained on.

    Raises
    ------
    KeyError
        If there is no such gene, or it was not trained on.
    ValueError
        If several have the name.
    """
    found = []
    for name in names:
        place = find_gene(adata, name, gene_symbols)
        if place is None:
            raise KeyError(f"no gene {name!r}: {near(name, known_genes(adata, gene_symbols))}")
        at = np.flatnonzero(decoding.columns == place.position)
        if place.in_raw or not len(at):
            known = adata.var_names[decoding.columns]
            raise KeyError(
                f"the gene {name!r} was not trained on, so nothing is predicted of it; of those "
                f"that were, {near(name, known)}"
            )
        found.append(int(at[0]))
    return np.array(found, dtype=np.intp)


def predicted(decoding: Decoding, places: np.ndarray, genes: np.ndarray) -> np.ndarray:
    """Return what is predicted at places for some of the trained genes, float32 (n, len(genes))."""
    there = at_places(decoding, places, genes)
    return np.concatenate([there.rows(part) for part in there.parts()])


def at_places(decoding: Decoding, places: np.ndarray, genes: np.ndarray) -> Decoding:
    """Return how to decode other places, and of the trained genes only some."""
    own, every = decoding.genes[genes], np.arange(len(genes))
    u = np.asarray(places, dtype=np.float32)
    return replace(decoding, u=u, genes=own, columns=every, n_vars=len(genes))


def observed(adata: AnnData, decoding: Decoding, genes: np.ndarray) -> NDArray[np.float64]:
    """Return the values of the samples for some of the trained genes, (n_obs, len(genes)).

    They are those that were trained on; counts are brought to the total of the predictions.
    """
    if not decoding.model.per_total:
        return values_at(adata, decoding.columns[genes], decoding.layer, decoding.normalize)
    found = np.empty((adata.n_obs, len(genes)))
    for rows in decoding.parts():
        values = values_at(adata[rows], decoding.columns, decoding.layer, decoding.normalize)
        found[rows] = to_totals(values, decoding.rows(rows)[:, decoding.columns])[:, genes]
    return found


def profile_of(
    adata: AnnData, decoding: Decoding, profile: object
) -> tuple[str, NDArray[np.intp], NDArray[np.float64]]:
    """Return the name of a profile, its samples, and its values for the trained genes.

    Parameters
    ----------
    adata, decoding
        Trained.
    profile
        The name of a sample; a group, whose mean it is, as (column, value); a Series by gene, or
        an array of ``n_vars`` values. Missing values are NaN.

    Raises
    ------
    KeyError, ValueError, TypeError
        If it names nothing, has another length, or has values for fewer than two trained genes.
    """
    rows = np.empty(0, dtype=np.intp)
    if isinstance(profile, str) or is_group(profile):
        name, rows = members(adata, profile)  # type: ignore[arg-type]  # is_group has looked
        every = np.arange(len(decoding.columns))
        values = _mean(observed(adata[rows], replace(decoding, u=decoding.u[rows]), every))
        name = f"{name} (n = {len(rows):,})" if len(rows) > 1 else name
    elif isinstance(profile, pd.Series):
        if not profile.index.is_unique:
            raise ValueError("profile has several values for a gene; keep one of each.")
        name = "the profile" if profile.name is None else str(profile.name)
        values = _numbers(profile.reindex(adata.var_names[decoding.columns]))
    else:
        name, values = "the profile", _numbers(profile)
        if values.shape != (adata.n_vars,):
            raise ValueError(
                f"profile has shape {values.shape}, but adata has {adata.n_vars} genes; give a "
                "value for each, or a Series whose index names genes."
            )
        values = values[decoding.columns]
    if np.isfinite(values).sum() < 2:
        known: Sequence[str] = adata.var_names[decoding.columns]
        raise ValueError(
            "profile has values for fewer than two of the genes that were trained on, such as "
            f"{', '.join(map(repr, known[:3]))}."
        )
    return name, rows, values


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each column over what is not missing, NaN where all is."""
    there = np.isfinite(values)
    found = np.full(values.shape[1], np.nan)
    sums = np.where(there, values, 0).sum(axis=0)
    np.divide(sums, there.sum(axis=0), out=found, where=there.any(axis=0))
    return found


def _numbers(values: object) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            "profile must be the name of a sample, a group as (column, value), a Series by gene or "
            "an array of numbers."
        ) from error
