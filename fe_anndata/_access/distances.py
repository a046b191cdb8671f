"""Distances between some samples, of their profiles and in embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from anndata import AnnData

from .._core.errors import require_whole
from .._core.random import generator
from .._core.warn import warn_user
from ..evaluation.distances import euclidean
from .gene_mask import gene_mask
from .inputs import matrix, require_anndata, rows_of
from .samples import embedding_of
from .units import sure_step


@dataclass(frozen=True)
class Distances:
    """Of the same samples in several spaces.

    Attributes
    ----------
    full
        Euclidean distances of the profiles, float64 (n, n).
    embedded
        The same in each embedding, by its name.
    places
        Coordinates of the samples in each embedding, float64 (n, d).
    """

    full: np.ndarray
    embedded: Mapping[str, np.ndarray]
    places: Mapping[str, np.ndarray]


def sampled_distances(
    adata: AnnData,
    basis: str | Sequence[str],
    layer: str | None,
    mask_var: str | Sequence[str] | np.ndarray | None,
    max_samples: int,
    seed: int,
) -> Distances:
    """Return the distances between at most so many random samples.

    Samples that have no place in one of the embeddings are left out of all, with a warning. Genes
    that are missing in one of two samples are left out of their distance.

    Raises
    ------
    KeyError, ValueError, TypeError
        If something is missing, or not what it should be.
    """
    require_anndata(adata)
    require_whole(max_samples, "max_samples")
    if max_samples < 3:
        raise ValueError(f"max_samples must be at least 3, not {max_samples}.")
    names = [basis] if isinstance(basis, str) else list(dict.fromkeys(basis))
    if not names:
        raise ValueError("basis is empty; name at least one embedding, such as basis='fe'.")
    places = {name: embedding_of(adata, name) for name in names}
    genes = gene_mask(adata, mask_var)
    placed = np.logical_and.reduce([np.isfinite(of).all(axis=1) for of in places.values()])
    if placed.sum() < 3:
        raise ValueError(f"{placed.sum()} samples have coordinates; distances need at least three.")
    if not placed.all():
        warn_user(f"{(~placed).sum()} of {adata.n_obs} samples have no place and are left out.")
    draw = generator(seed, "distances").permutation(np.flatnonzero(placed))
    chosen = np.sort(draw[:max_samples])
    stored = matrix(adata, layer)
    stored = replace(stored, step=sure_step(rows_of(stored), stored.name))
    rows = rows_of(stored, None if genes.all() else np.flatnonzero(genes))
    full = euclidean(rows.take(chosen), stored.name)
    if np.isnan(full).any():
        a, b = adata.obs_names[chosen[np.argwhere(np.isnan(full))[0]]]
        raise ValueError(
            f"{stored.name}: the samples {a!r} and {b!r} have no gene that was observed in both, "
            "so they have no distance. Leave out samples with few observed values."
        )
    return Distances(
        full,
        {name: euclidean(of[chosen], name) for name, of in places.items()},
        {name: of[chosen] for name, of in places.items()},
    )
