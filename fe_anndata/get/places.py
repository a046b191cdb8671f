"""Places of an embedding at which profiles are generated: a grid, or a path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.stops import Stop, stops_of
from .._core.errors import require_at_least_two
from .._core.keys import DEFAULT_KEY
from ..matrix.places import along, grid_axes, nodes
from .embeddings import sample_embedding

MOST_DIMENSIONS = 3


def grid(adata: AnnData, points: int = 50, *, key: str = DEFAULT_KEY) -> pd.DataFrame:
    """Return the nodes of a grid over the samples, for :func:`fe_anndata.tl.generate`.

    Parameters
    ----------
    adata
        Trained; ``obsm["X_fe"]``, of at most three dimensions, is read.
    points
        Nodes along each axis, from a little below the least to a little above the greatest
        coordinate of the samples.
    key
        The `key_added` of the training.

    Returns
    -------
    DataFrame
        Coordinates, float32 (points**sample_dim, sample_dim), columns ``FE1``, ``FE2``...; the last
        one runs first.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If the embedding has more than three dimensions, no sample has coordinates, or `points` is
        less than 2.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> profiles = fe.tl.generate(adata, fe.get.grid(adata, 10))
    >>> profiles.shape
    (100, 765)
    """
    require_at_least_two(points, "points")
    table = sample_embedding(adata, key=key)
    if table.shape[1] > MOST_DIMENSIONS:
        raise ValueError(
            f"a grid in {table.shape[1]} dimensions has {points}^{table.shape[1]} nodes; at most "
            f"{MOST_DIMENSIONS} dimensions make one. Take a path instead, fe.get.path(adata, "
            "stops), or train with sample_dim=2."
        )
    values = table.to_numpy(dtype=np.float64)
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise ValueError("no sample has coordinates, so there is nothing to lay a grid over.")
    return _named(nodes(grid_axes(values, points)), table.columns)


def path(
    adata: AnnData, stops: Sequence[Stop], points: int = 50, *, key: str = DEFAULT_KEY
) -> pd.DataFrame:
    """Return places on the way from stop to stop, for :func:`fe_anndata.tl.generate`.

    Parameters
    ----------
    adata
        Trained; ``obsm["X_fe"]``, of any dimension, is read.
    stops
        Two or more, each the name of a sample; a group as (column of ``adata.obs``, value), which
        is the mean of its samples; or coordinates, (sample_dim,).
    points
        How many places, evenly spaced along the straight lines between the stops.
    key
        The `key_added` of the training.

    Returns
    -------
    DataFrame
        Coordinates, float32 (points, sample_dim), columns ``FE1``, ``FE2``...; the first row is the
        first stop, and the last row the last one.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or there is no such sample, column or group.
    ValueError
        If there are fewer than two stops or points, coordinates have another width than the
        embedding, or all stops lie at one place.
    TypeError
        If a column of groups holds numbers.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> stops = [("bulk_labels", "CD34+"), ("bulk_labels", "CD14+ Monocyte")]
    >>> fe.tl.generate(adata, fe.get.path(adata, stops, 20)).shape
    (20, 765)
    """
    require_at_least_two(points, "points")
    table = sample_embedding(adata, key=key)
    _, places = stops_of(adata, stops, table.to_numpy())
    return _named(along(places, points)[0], table.columns)


def _named(places: np.ndarray, columns: pd.Index) -> pd.DataFrame:
    names = pd.Index(map(str, range(len(places))))
    return pd.DataFrame(places.astype(np.float32), index=names, columns=columns)
