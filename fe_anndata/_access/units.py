"""In which units a family wants its values, and what is done to those that are in others."""

from __future__ import annotations

from collections.abc import Callable

from .._core.warn import UnitsWarning, warn_user
from ..matrix.audit import Audit, audit
from ..matrix.normalize import STEPS, Step
from ..matrix.rows import Rows
from ..models.base import Family


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
                f"the matrix looks like {units.what}: it is trained on as {STEPS[name].said} "
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


def sure_step(rows: Rows, name: str) -> Step | None:
    """Return what makes logarithms of a matrix that surely holds counts or TPM, and warn of it."""
    units = audit(rows).units
    if units.step is None or units.doubt is not None:
        return None
    step = STEPS[units.step]
    warn_user(
        f"{name} looks like {units.what}: it is used as {step.said}, and stays unchanged itself."
    )
    return step
