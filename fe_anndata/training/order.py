"""The order in which entries and tiles are visited; nothing of the size of the matrix is stored.

An order depends on the seed and the number of the epoch alone, so any step can be repeated.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .._core.random import generator


class Permutation:
    """A pseudo-random permutation of 0 ... n-1 that is computed where it is looked at.

    A Feistel network on the next even power of two; numbers that fall outside are walked on
    until they fall inside (Black and Rogaway, CT-RSA 2002).

    Parameters
    ----------
    n
        How many numbers.
    seed, words
        As in :func:`~fe_anndata._core.random.generator`.
    """

    _ROUNDS = 6

    def __init__(self, n: int, seed: int, *words: str | int) -> None:
        self.n = n
        self._half = np.uint64(max(1, ((n - 1).bit_length() + 1) // 2))
        self._mask = np.uint64((1 << int(self._half)) - 1)
        rng = generator(seed, "permutation", *words)
        self._keys = rng.integers(2**63, size=self._ROUNDS, dtype=np.uint64)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Return the numbers at `places`, int64."""
        numbers = self._encrypt(places.astype(np.uint64))
        outside = np.flatnonzero(numbers >= self.n)
        while len(outside):
            numbers[outside] = self._encrypt(numbers[outside])
            outside = outside[numbers[outside] >= self.n]
        return numbers.astype(np.int64)

    def _encrypt(self, x: np.ndarray) -> np.ndarray:
        left, right = x >> self._half, x & self._mask
        for key in self._keys:
            left, right = right, left ^ (_mix(right + key) & self._mask)
        return (left << self._half) | right


def _mix(x: np.ndarray) -> np.ndarray:
    """Return the 64-bit finaliser of MurmurHash3 of `x`; it wraps around."""
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    mixed: np.ndarray = x ^ (x >> np.uint64(33))
    return mixed


def n_minibatches(n: int, size: int) -> int:
    """Return how many minibatches of `size` hold `n` things; the last may be smaller."""
    return -(-n // size)


def entries_of_step(
    step: int, size: int, shape: tuple[int, int], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the random entries of a step; an epoch visits every entry once."""
    n_entries = shape[0] * shape[1]
    epoch, place = divmod(step, n_minibatches(n_entries, size))
    places = np.arange(place * size, min((place + 1) * size, n_entries))
    rows, cols = np.divmod(Permutation(n_entries, seed, "cells", epoch)(places), shape[1])
    return rows, cols


def tile_of_step(
    step: int, size: tuple[int, int], shape: tuple[int, int], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the tile of a step; an epoch visits every tile once.

    Both axes are shuffled anew in each epoch, and cut evenly: no tile is a mere edge.
    """
    down, across = n_minibatches(shape[0], size[0]), n_minibatches(shape[1], size[1])
    epoch, place = divmod(step, down * across)
    rows, cols, order = _tiles(epoch, shape, (down, across), seed)
    i, j = divmod(int(order[place]), across)
    return rows[i], cols[j]


def samples_of_step(step: int, size: int, training: np.ndarray, seed: int, word: str) -> np.ndarray:
    """Return the samples of a step, of those trained on; an epoch visits every one once."""
    epoch, place = divmod(step, n_minibatches(len(training), size))
    places = np.arange(place * size, min((place + 1) * size, len(training)))
    samples: np.ndarray = training[Permutation(len(training), seed, word, epoch)(places)]
    return samples


@lru_cache(maxsize=1)
def _tiles(
    epoch: int, shape: tuple[int, int], tiles: tuple[int, int], seed: int
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Return the parts of both axes, and the order of their tiles, for an epoch."""
    rng = generator(seed, "tiles", epoch)
    rows, cols = (
        np.array_split(rng.permutation(n), parts) for n, parts in zip(shape, tiles, strict=True)
    )
    return rows, cols, rng.permutation(tiles[0] * tiles[1])
