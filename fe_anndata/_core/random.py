"""Local randomness: no global state is read or changed.

Every draw is named by a seed and a few words (what it is for, which epoch), not by its position
in a sequence of draws. So a resumed run draws what the unbroken one would have drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from zlib import crc32

import numpy as np

Rng = int | np.random.Generator


def seed_of(rng: Rng) -> int:
    """Return the integer seed of `rng`; a Generator draws one, which changes its state.

    Raises
    ------
    TypeError
        If `rng` is neither an int nor a numpy Generator.
    ValueError
        If it is a negative int.
    """
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**31))
    if isinstance(rng, bool) or not isinstance(rng, (int, np.integer)):
        raise TypeError(f"rng must be an int or a numpy Generator, not {type(rng).__name__}.")
    if rng < 0:
        raise ValueError(f"rng must not be negative, got {rng}.")
    return int(rng)


@contextmanager
def global_state_kept() -> Iterator[None]:
    """Leave Python's global random state as it was; also a decorator.

    Others draw from it: rich does when scikit-learn first imports it.
    """
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


def generator(seed: int, *words: str | int) -> np.random.Generator:
    """Return the generator for one purpose, e.g. ``generator(0, "tiles", epoch)``."""
    entropy = [crc32(w.encode()) if isinstance(w, str) else w for w in words]
    return np.random.default_rng([seed, *entropy])


def ranks(names: np.ndarray) -> np.ndarray:
    """Return the position of each name in sorted order, int64 of the length of `names`.

    Random numbers are dealt out in the order of the names, so that a permutation of samples or
    genes permutes the result.
    """
    order = np.argsort(names, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank
