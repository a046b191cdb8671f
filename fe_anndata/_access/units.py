"""In which units a family wants its values, and what is done to those that are in others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .._core.warn import UnitsWarning, warn_user
from ..matrix.audit import Audit, audit
from ..matrix.normalize import STEPS
from ..models.base import Family
from .inputs import Stored, rows_of


def step_for(of: Family, recipe: str) -> Callable[[Audit], str | None]:
    """Return what names the step for a matrix, None for one that stays as it is, and says so."""
    preferred = of.recipes[recipe].normalize

    def step(found: Audit) -> str | None:
        if of.any_unit:
            return None
        units = found.units
        name = units.step if units.step is None or preferred is None else preferred
        if name is not None:
            warn_user(
                f"the matrix looks like {units.what}, so {STEPS[name].said} of it is trained on "
                f"(normalize={name!r}), and stays unchanged itself. normalize=None trains on the "
                "values as they are."
            )
        if units.doubt is not None:
            as_they_are = "" if name is not None else " They are trained on as they are."
            warn_user(
                f"{units.doubt}.{as_they_are} If that is right, say normalize={name!r}; or choose "
                f"of {', '.join(map(repr, STEPS))} and None.",
                UnitsWarning,
            )
        return name

    return step


def in_logarithms(values: Stored) -> Stored:
    """Return a matrix as logarithms, if it surely holds counts or TPM, and warn of it."""
    units = audit(rows_of(values)).units
    if units.step is None or units.doubt is not None:
        return values
    warn_user(
        f"{values.name} looks like {units.what}, so {STEPS[units.step].said} of it is used, and it "
        "stays unchanged itself."
    )
    return replace(values, step=STEPS[units.step])
