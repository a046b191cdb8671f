"""Profiles at chosen coordinates of the embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.decoding import require_decoder
from .._access.factors import combinations
from .._access.reference import reference_of
from .._core.keys import DEFAULT_KEY, Keys
from .._core.log import logger
from ..matrix.nearness import in_spacings
from ..models.trained import Trained


def generate(
    reference: AnnData | str | Path,
    coordinates: np.ndarray | pd.DataFrame | None = None,
    *,
    factors: Mapping[str, str | Sequence[str]] | None = None,
    key: str = DEFAULT_KEY,
    obs_names: Sequence[str] | None = None,
) -> AnnData:
    """Return the profiles that the model predicts at coordinates of the embedding.

    Any coordinates will do: those of a grid, :func:`fe_anndata.get.grid`, or of a path between
    samples or groups, :func:`fe_anndata.get.path`. Far from all training samples the profiles mean
    little.

    Parameters
    ----------
    reference
        An AnnData that was trained, or its path.
    coordinates
        Coordinates of the profiles, (n, sample_dim), an array or a DataFrame.
    factors
        Instead of coordinates, of a model that was trained with ``factors``: for each of its
        factors the level of every profile, such as ``{"donor": ["a", "b"], "condition": ["x",
        "x"]}``. No sample has to have such a combination.
    key
        The `key_added` of the training.
    obs_names
        Names of the profiles; by default they are numbered.

    Returns
    -------
    AnnData
        n profiles of the genes that were trained, float32, in the units of the training matrix;
        ``obsm["X_fe"]`` holds the coordinates, and ``obs["fe_distance"]`` how far each is from the
        nearest training sample, in units of the median distance between a training sample and its
        nearest neighbour, float32. With `factors`, ``obs`` also says of which levels each is.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or a factor or a level was not trained on.
    ValueError
        If there are neither coordinates nor factors, or both; the coordinates have another width
        than the embedding or are not finite; the number of profiles is not that of the names; or
        the reference was changed after it was trained.
    TypeError
        If the reference is neither an AnnData nor a path.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> between = fe.get.path(adata, adata.obs_names[:2], 5)
    >>> fe.tl.generate(adata, between).shape
    (5, 765)
    """
    trained, keys = reference_of(reference, key), Keys(key)
    require_decoder(trained.model)
    levels = _levels(coordinates, factors, trained.model)
    if levels:
        coordinates = trained.model.at_levels(levels)
    u = _checked(coordinates, trained.model.samples().shape[1])
    names = list(map(str, range(len(u)) if obs_names is None else obs_names))
    if len(names) != len(u):
        raise ValueError(f"{len(names)} obs_names for {len(u)} profiles; give one each.")
    profiles = trained.model.decode(u, np.arange(len(trained.genes)))
    distance = in_spacings(u, trained.model.samples()).astype(np.float32)
    logger.info("generated %d profiles of %d genes", *profiles.shape)
    return AnnData(
        profiles,
        obs=pd.DataFrame({**levels, keys.of_sample("distance"): distance}, index=names),
        var=pd.DataFrame(index=trained.genes),
        obsm={keys.obsm: u},
    )


def _levels(
    coordinates: object, factors: Mapping[str, str | Sequence[str]] | None, model: Trained
) -> dict[str, list[str]]:
    """Return the levels of each profile by factor, none if there are coordinates."""
    if (coordinates is None) == (factors is None):
        raise ValueError(
            "give coordinates of the profiles, or for a model with factors the level of each: "
            "fe.tl.generate(reference, factors={'donor': ['a', 'b']})."
        )
    if factors is None:
        return {}
    if not model.of_levels:
        raise ValueError(
            "the model was trained without factors: train one with factors=['donor', ...], or give "
            "coordinates."
        )
    if not isinstance(factors, Mapping):
        raise TypeError("factors must be a dict of levels, such as {'donor': ['a', 'b']}.")
    return combinations(factors, model.of_levels)


def _checked(coordinates: np.ndarray | pd.DataFrame | None, sample_dim: int) -> np.ndarray:
    """Return the coordinates as an array of float32, after checking them."""
    try:
        u = np.array(coordinates, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"coordinates must be an array of numbers, (n, {sample_dim}), one row per profile."
        ) from error
    if u.ndim != 2 or u.shape[1] != sample_dim:
        raise ValueError(
            f"coordinates must have shape (n, {sample_dim}), one row per profile and one column "
            f"per dimension of the embedding, not {u.shape}."
        )
    wrong = np.flatnonzero(~np.isfinite(u).all(axis=1))
    if len(wrong):
        raise ValueError(
            f"{len(wrong)} of {len(u)} coordinates are NaN or infinite, such as row "
            f"{wrong[0]}; leave them out."
        )
    return u
