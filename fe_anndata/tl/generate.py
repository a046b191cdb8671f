"""Profiles at chosen places of the embedding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.decoding import decode
from .._access.files import opened
from .._access.reference import readable_model
from .._core.keys import DEFAULT_KEY, Keys
from .._core.log import logger


def generate(
    reference: AnnData | str | Path,
    coordinates: np.ndarray,
    *,
    key: str = DEFAULT_KEY,
    obs_names: Sequence[str] | None = None,
) -> AnnData:
    """Return the profiles that the model predicts at coordinates of the embedding.

    The coordinates may be anything: a grid, the path between two samples, the centre of a group.
    Far from all samples of the training the profiles mean little.

    Parameters
    ----------
    reference
        An AnnData that was trained, or its path.
    coordinates
        Of the profiles, (n, sample_dim).
    key
        The `key_added` of the training.
    obs_names
        Names of the profiles; the default is their number.

    Returns
    -------
    AnnData
        n profiles of the genes that were trained, float32, in the units of the training matrix;
        ``obsm["X_fe"]`` holds the coordinates.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If the coordinates have another width than the embedding or are not finite, the names do
        not fit them, or the reference was changed since it was trained.
    TypeError
        If the reference is neither an AnnData nor a path.

    Examples
    --------
    >>> import numpy as np
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> path = np.linspace(adata.obsm["X_fe"][0], adata.obsm["X_fe"][1], 5)
    >>> fe.tl.generate(adata, path).shape
    (5, 765)
    """
    with opened(reference, "reference") as source:
        model, trained = readable_model(source, key)
        genes = source.var_names[trained]
    places = _places(coordinates, model.architecture["sample_dim"])
    names = list(map(str, range(len(places)) if obs_names is None else obs_names))
    if len(names) != len(places):
        raise ValueError(f"{len(names)} obs_names for {len(places)} coordinates; give one each.")
    profiles = decode(model, places, np.arange(len(genes)))
    logger.info("generated %d profiles of %d genes", *profiles.shape)
    return AnnData(
        profiles,
        obs=pd.DataFrame(index=names),
        var=pd.DataFrame(index=genes),
        obsm={Keys(key).obsm: places},
    )


def _places(coordinates: np.ndarray, sample_dim: int) -> np.ndarray:
    """Return the coordinates as float32 array, checked."""
    try:
        places = np.array(coordinates, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"coordinates must be an array of numbers, (n, {sample_dim}), one row per profile."
        ) from error
    if places.ndim != 2 or places.shape[1] != sample_dim:
        raise ValueError(
            f"coordinates must have shape (n, {sample_dim}), one row per profile and one column "
            f"per dimension of the embedding, not {places.shape}."
        )
    lost = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if len(lost):
        raise ValueError(
            f"{len(lost)} of {len(places)} coordinates are NaN or infinite, such as row "
            f"{lost[0]}; leave them out."
        )
    return places
