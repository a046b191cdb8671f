"""How a run ended, and what goes on with one that was stopped too early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from .._core.keys import DEFAULT_KEY

WORDS = {"converged": "converged", "steps": "ended at its limit", "interrupted": "interrupted"}
TOLERANCE = 0.001  # of a family that has no option of this name


class Ending(NamedTuple):
    """What a picture of a history says of the end of a run."""

    words: str  # empty if it is not known
    stopped: str  # why it may have been stopped too early, empty if it was not
    cure: str  # what to type then


def ending_of(stored: Mapping[str, Any], key: str, table: pd.DataFrame) -> Ending:
    """Return how a run ended.

    Parameters
    ----------
    stored
        ``adata.uns[key]``.
    key
        Its name.
    table
        Its history, in the order of the steps.
    """
    params = stored.get("params", {})
    why = str(params.get("ended", ""))
    words = WORDS.get(why, "")
    if why == "interrupted":
        return Ending(words, "interrupted before its end", _cure(params, key, {"resume": True}))
    if why != "steps" or not _falls(table, float(params.get("tolerance") or TOLERANCE)):
        return Ending(words, "", "")
    more = {"resume": True} if "state" in stored else {}
    steps = int(table["step"].iloc[-1])
    cure = _cure(params, key, {**more, "steps": 2 * steps})
    return Ending(words, f"still falling at its limit,\n{steps:,} steps", cure)


def _falls(table: pd.DataFrame, tolerance: float) -> bool:
    """Return whether the loss that is watched had its least value, and a lower one, at the end."""
    watched = table["validation_loss"].dropna()
    if watched.empty:
        watched = table["train_loss"].dropna()
    if len(watched) < 2:
        return False
    *_, before, last = watched
    return bool(last <= watched.min() and before - last > tolerance * abs(before))


def _cure(params: Mapping[str, Any], key: str, options: Mapping[str, Any]) -> str:
    """Return a call of ``tl.train``."""
    family = str(params.get("model") or DEFAULT_KEY)
    named = {**({} if key == family else {"key_added": key}), **options}
    model = [] if family == DEFAULT_KEY else [repr(family)]
    words = ["adata", *model, *(f"{name}={value!r}" for name, value in named.items())]
    return f"fe.tl.train({', '.join(words)})"
