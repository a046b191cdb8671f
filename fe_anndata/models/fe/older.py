"""Parameters of files that earlier versions have written, under their names of today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kinds import plain
from ..option import AUTO
from ..options import options_of, settle
from .options import FE

_VALUES = {"validation_by": {"cells": "entries"}, "minibatch": {"cells": "entries"}}


def upgraded(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters under their names of today, and without what did nothing.

    What an earlier version did not know did nothing then, which is what an option does where it
    does not apply.
    """
    found = {FE.RENAMED.get(name, name): value for name, value in params.items()}
    for name, values in _VALUES.items():
        if isinstance(found.get(name), str):
            found[name] = values.get(found[name], found[name])
    if "minibatch" not in found or "minibatch" in params:
        return found
    unknown = {name: of.default for name, of in options_of(FE).items() if name not in found}
    if found.get("evaluate_every") is None:
        found["evaluate_every"] = AUTO
    did_nothing = {"sample_noise": 0.0, "neighbor_weight": 0.0, "weight_decay": 0.0,
                   "place_samples": False, "metric": "free", "gene_metric": "free"}  # fmt: skip
    found = {**did_nothing, **found}
    chosen = {name: value for name, value in found.items() if name in FE.__dataclass_fields__}
    values = {name: plain(value) for name, value in chosen.items()}
    applied = settle(FE, values, yielding=chosen)
    return {**unknown, **found, **{name: applied[name] for name in chosen}}
