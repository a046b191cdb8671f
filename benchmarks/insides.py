"""What measurements have to know of the insides of fe_anndata: what it holds out, its methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from anndata import AnnData

from benchmarks.ours import ABLATIONS, SEED
from fe_anndata._access.inputs import ranks_of
from fe_anndata.matrix.entries import Entries
from fe_anndata.matrix.rows import InMemory
from fe_anndata.tl._methods import named
from fe_anndata.training.holdout import draw


def held_out(X: Any, share: float | str) -> Entries:
    """Return the entries that `ours.train` holds out with ``validation=share``."""
    ranks = ranks_of(AnnData(X), np.ones(X.shape[1], dtype=bool))
    return draw(InMemory(X), share, "entries", SEED, ranks).entries


def method(name: str, **options: Any) -> Callable[..., Any]:
    """Return a method of `tl.evaluate` by its name, with options of training if it trains."""
    return named(name, options)


def seeded(method: str | Callable[..., Any], seed: int) -> str | Callable[..., Any]:
    """Return a method of `tl.evaluate` that trains with the `seed`-th seed after the usual one."""
    if not seed:
        return method
    of_first = named(method, {}) if isinstance(method, str) else method

    def later(train: AnnData, dim: int, first: int) -> Any:
        return of_first(train, dim, first + seed)

    later.__name__ = method if isinstance(method, str) else method.__name__
    return later


def ablated(name: str) -> Callable[..., Any]:
    """Return FE with one option changed, as a method of `tl.evaluate`."""
    trained = named("fe", ABLATIONS[name])

    def method(train: AnnData, dim: int, seed: int) -> Any:
        return trained(train, dim, seed)

    method.__name__ = f"fe, {name}"
    return method
