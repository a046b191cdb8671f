"""How near places are to samples: far from all of them, what a model predicts means little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

Floats = NDArray[np.float64]

WITHIN = 95.0
"""Per cent of the samples that have a neighbour within what is called near."""
FAR = 3.0
"""From so many times that distance on, a place is far from all samples."""
LOOKED_AT = 2000
"""Samples whose neighbour is sought."""


def distances(places: Floats, table: Floats) -> Floats:
    """Return the distance of each place to the nearest sample, (n, d) and (m, d) -> (n,)."""
    if not len(places):
        return np.empty(0)
    found: Floats = NearestNeighbors(n_neighbors=1).fit(table).kneighbors(places)[0][:, 0]
    return found


def between_samples(table: Floats) -> Floats:
    """Return the distance of samples to their nearest neighbours, of 2000 of them at most."""
    if len(table) < 2:
        return np.zeros(1)
    some = table[:: -(-len(table) // LOOKED_AT)]
    found: Floats = NearestNeighbors(n_neighbors=2).fit(table).kneighbors(some)[0][:, 1]
    return found


def in_spacings(places: Floats, table: Floats) -> Floats:
    """Return the distance to the nearest sample, in units of the median one between samples."""
    spacing = max(float(np.median(between_samples(table))), 1e-12)
    return distances(places, table) / spacing


def nearness(places: Floats, table: Floats, reach: float = 1.0) -> Floats:
    """Return how near each place is to a sample: 1 where it is near, 0 where it is far, (n,).

    Near is within the distance at which 95 % of the samples have their nearest neighbour, times
    `reach`; far is three times that distance, and between them it falls in a line.

    Parameters
    ----------
    places, table
        Coordinates of the places and of the samples.
    reach
        Infinity calls every place near.
    """
    if np.isinf(reach):
        return np.ones(len(places))
    # Where samples lie upon each other, a hundredth of their range.
    least = 0.01 * float(np.linalg.norm(np.ptp(table, axis=0))) or 1.0
    near = reach * max(float(np.percentile(between_samples(table), WITHIN)), least)
    found: Floats = np.clip((FAR - distances(places, table) / near) / (FAR - 1), 0, 1)
    return found
