"""Factors of samples: columns of obs whose levels have vectors, of which samples are made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from .._core.errors import near
from ..training.problem import Factor, Factors
from .samples import groups

OWN = "sample"
"""What stands for the vector that each sample has by itself."""


def names_of(factors: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of factors as they are kept; one alone may be given as it is.

    Raises
    ------
    ValueError
        If there is none but samples themselves, or one comes twice.
    """
    if not isinstance(factors, Iterable):
        raise TypeError(f"factors must be names of columns of adata.obs, not {factors!r}.")
    found = (factors,) if isinstance(factors, str) else tuple(map(str, factors))
    if not set(found) - {OWN}:
        raise ValueError(
            "factors names no column of adata.obs; name one or more, such as factors=['donor'], or "
            "leave it out."
        )
    if len(set(found)) < len(found):
        raise ValueError("factors names a column twice; name each once.")
    return found


def digest(factors: Factors) -> str:
    """Return a hash of the levels of all samples."""
    said = [(of.name, of.levels, of.codes.tolist()) for of in factors.columns]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def factors_of(obs: pd.DataFrame, names: Sequence[str] | None) -> Factors | None:
    """Return the factors of samples by columns of obs; None if there are no names.

    Raises
    ------
    KeyError, TypeError, ValueError
        If there is no such column, it holds numbers, or it does not tell two levels apart.
    """
    if names is None:
        return None
    columns = [_factor(obs, name) for name in names if name != OWN]
    return Factors(tuple(columns), OWN in names)


def _factor(obs: pd.DataFrame, name: str) -> Factor:
    found = groups(obs, name).remove_unused_categories()
    missing = np.flatnonzero(found.codes < 0)
    if len(missing):
        raise ValueError(
            f"factors: adata.obs[{name!r}] is missing for {len(missing)} samples, such as "
            f"{str(obs.index[missing[0]])!r}; fill it, or leave such samples out."
        )
    if len(found.categories) < 2:
        raise ValueError(
            f"factors: adata.obs[{name!r}] has the same value for all samples; leave it out."
        )
    if "/" in name:
        raise ValueError(f"factors: no file can hold a name with '/': rename adata.obs[{name!r}].")
    return Factor(name, tuple(map(str, found.categories)), found.codes.astype(np.int64))


def combinations(
    asked: Mapping[str, Sequence[str] | str], known: Mapping[str, pd.DataFrame]
) -> dict[str, list[str]]:
    """Return the levels of each profile that is asked for, by factor.

    Raises
    ------
    KeyError, ValueError
        If a factor or a level was not trained on, or the factors have different numbers of levels.
    """
    for name in asked:
        if name not in known:
            raise KeyError(f"no factor {name!r} was trained on: {near(name, known)}")
    missing = [name for name in known if name not in asked]
    if missing:
        raise ValueError(
            f"the model has a factor {missing[0]!r}, too: say of which of its levels each profile "
            "is."
        )
    found = {
        name: list(map(str, of))
        if isinstance(of, Iterable) and not isinstance(of, str)
        else [str(of)]
        for name, of in asked.items()
    }
    lengths = {len(of) for of in found.values()}
    if len(lengths) > 1:
        raise ValueError(
            "each factor has a level for each profile, but they have "
            f"{', '.join(str(len(of)) for of in found.values())}: give as many of each."
        )
    for name, levels in found.items():
        for level in levels:
            if level not in known[name].index:
                raise KeyError(
                    f"the level {level!r} of {name!r} was not trained on: "
                    f"{near(level, known[name].index)}"
                )
    return found
