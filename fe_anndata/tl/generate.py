"""Profiles at chosen coordinates of the embedding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.decoding import require_decoder
from .._access.reference import reference_of
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

    Any coordinates will do: a grid, the path between two samples, the centre of a group. Far from
    all training samples the profiles mean little.

    Parameters
    ----------
    reference
        An AnnData that was trained, or its path.
    coordinates
        Coordinates of the profiles, (n, sample_dim).
    key
        The `key_added` of the training.
    obs_names
        Names of the profiles; by default they are numbered.

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
        If the coordinates have another width than the embedding or are not finite, their number
        is not that of the names, or the reference was changed after it was trained.
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
    known = reference_of(reference, key)
    require_decoder(known.model)
    u = _checked(coordinates, known.model.samples().shape[1])
    names = list(map(str, range(len(u)) if obs_names is None else obs_names))
    if len(names) != len(u):
        raise ValueError(f"{len(names)} obs_names for {len(u)} coordinates; give one each.")
    profiles = known.model.decode(u, np.arange(len(known.genes)))
    logger.info("generated %d profiles of %d genes", *profiles.shape)
    return AnnData(
        profiles,
        obs=pd.DataFrame(index=names),
        var=pd.DataFrame(index=known.genes),
        obsm={Keys(key).obsm: u},
    )


def _checked(coordinates: np.ndarray, sample_dim: int) -> np.ndarray:
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
