"""The combinations of options that a sweep trains, checked before the first one is."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import product
from typing import Any

from ..models import families
from ..models.base import Family
from ..models.kinds import plain
from ..models.options import Options, options_of
from ._methods import ARGUMENTS

Values = Mapping[str, tuple[Any, ...]]


def listed(options: Mapping[str, Iterable[Any]]) -> dict[str, tuple[Any, ...]]:
    """Return the values of each option, as plain Python.

    Raises
    ------
    TypeError, ValueError
        If they are no lists of different values.
    """
    if not isinstance(options, Mapping):
        raise TypeError(
            "options must be a dict of lists of values, such as {'l2': [0, 1e-6]}, not "
            f"{type(options).__name__}."
        )
    found = {}
    for name, given in options.items():
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            raise TypeError(
                f"options[{name!r}] must be a list of values, such as [{given!r}], not {given!r}."
            )
        values = tuple(plain(value) for value in given)
        if not values or any(value in values[:i] for i, value in enumerate(values)):
            raise ValueError(
                f"options[{name!r}] must be a list of different values, one at least, not "
                f"{list(values)!r}."
            )
        found[str(name)] = values
    if not found:
        raise ValueError("options is empty; give at least one, such as {'l2': [0, 1e-6]}.")
    return found


def combinations(options: Values) -> list[dict[str, Any]]:
    """Return all combinations of values; the last option changes first."""
    return [dict(zip(options, values, strict=True)) for values in product(*options.values())]


def in_words(combination: Mapping[str, Any]) -> str:
    """Return what a combination is called."""
    return ", ".join(f"{name}={value!r}" for name, value in combination.items())


def require_names(
    swept: Collection[str], fixed: Collection[str], own: Collection[str], verb: str
) -> None:
    """Raise an error for names that are no options but arguments of training, or near one of ours.

    Parameters
    ----------
    swept, fixed
        Names of options that the user gave values, or one value.
    own
        Arguments of the verb.
    verb
        Its name.

    Raises
    ------
    ValueError, TypeError
        With the name.
    """
    known = {name for of in families().values() for name in options_of(of.options)}
    for name in [*swept, *fixed]:
        if name in swept and name in fixed:
            raise ValueError(f"{name} is given twice, as one of options and by itself; drop one.")
        if name in ARGUMENTS and name not in known:
            raise ValueError(
                f"{name!r} is an argument of tl.train and not an option of a family: {verb} cannot "
                "vary it or hand it on; leave it out."
            )
        close = get_close_matches(name, {*own, *known}, n=1)
        if name not in known and close and close[0] in own:
            raise TypeError(f"{verb} has no argument {name!r}: did you mean {close[0]!r}?")


def require_all(
    of: Family, recipe: str, given: Sequence[Mapping[str, Any]], shape: tuple[int, int]
) -> list[Options]:
    """Return the settled options of each combination.

    Parameters
    ----------
    of, recipe
        What is trained.
    given
        The options of each combination.
    shape
        Of the matrix to train on.

    Raises
    ------
    TypeError, ValueError
        If an option does not exist, is out of its range, or does not go with others.
    """
    others = {name: other.options for name, other in families().items()}
    return [of.settled(of.choose(recipe, each, others), shape) for each in given]


def as_json(value: Any) -> Any:
    """Return a value, or a dict of them, as it is when it is read from JSON."""
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    return json.loads(json.dumps(plain(value)))
