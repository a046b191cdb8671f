"""A trained model that a training starts at: found, compared with what is asked for, aligned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .._access.files import opened
from .._access.reference import Reference, reference_of
from .._access.results import families_in
from .._access.same_unit import require_same_unit
from .._core.errors import near
from ..matrix.align import align
from ..matrix.audit import Audit
from ..models.base import Family
from ..models.kinds import plain
from ..models.option import AUTO, about
from ..models.options import Options, options_of
from ..training.problem import Origin
from ._starts import is_model


def reference_given(of: Family, given: Mapping[str, Any], key: str) -> Reference | None:
    """Return the trained model that is given as a start; None if none is.

    Parameters
    ----------
    of
        The family that is trained.
    given
        What the user gives, by name.
    key
        Where the model is looked for, if there are several of the family.

    Raises
    ------
    KeyError, ValueError
        If there is no model, or it is of another family.
    """
    for name, field in options_of(of.options).items():
        if about(field).continues and is_model(given.get(name)):
            with opened(given[name], name) as source:
                found = families_in(source.adata)
                own = [at for at, family in found.items() if family == of.name]
                if found and not own:
                    others = ", ".join(f"{at!r} of the family {f!r}" for at, f in found.items())
                    raise ValueError(
                        f"{name} holds no model of the family {of.name!r}, but {others}: only "
                        "models of the same family are continued."
                    )
                if key not in own and len(own) > 1:
                    raise ValueError(
                        f"{name} holds several models of the family {of.name!r}: "
                        f"{near(key, own)} Say by key_added which one is continued."
                    )
                return reference_of(source.adata, own[0] if own and key not in own else key, name)
    return None


def decided(
    of: Family, given: Mapping[str, Any], recipe: str, earlier: Options | None
) -> dict[str, Any]:
    """Return the options that a continued model decides; none if there is no such model.

    Parameters
    ----------
    of
        The family.
    given
        What the user asks for, by name; an object of options is asked for where it differs from
        its defaults.
    recipe
        Asks for options, too.
    earlier
        Those of the model.

    Raises
    ------
    ValueError
        If something else is asked for.
    """
    if earlier is None:
        return {}
    known = options_of(of.options)
    names = {name for field in known.values() for name in about(field).continues}
    values = {name: getattr(earlier, name) for name in known if name in names}
    changes = of.recipes[recipe].changes if recipe in of.recipes else {}
    for name, value in {**changes, **given}.items():
        if name in values and plain(value) not in (AUTO, None, values[name]):
            raise ValueError(
                f"{name}={value!r}, but the model that is continued has {name}={values[name]!r}: "
                "leave it out, or start at something else."
            )
    return values


def origin_of(reference: Reference | None, genes: pd.Index, audit: Audit) -> Origin | None:
    """Return a model to continue on genes with these names, of which `audit` knows the values.

    Raises
    ------
    ValueError
        If no gene is in common, or the values are in another unit than those of the model.
    """
    if reference is None:
        return None
    alignment = align(reference.genes, genes)
    columns = alignment.columns
    values = audit.sums[columns], audit.observed[columns], audit.counts
    cure = "Bring them to the units of the reference."
    require_same_unit(*values, reference, alignment, lambda spread: cure)
    return Origin(reference.model, alignment)
