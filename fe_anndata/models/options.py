"""The options of a family: what a field may hold, when it applies, what it is if it is left out.

A family lists its options in one frozen dataclass. Everything that has to be known of a field
stands on the field, as an :class:`Option`: help texts, checks, the command line and the settling
of ``"auto"`` are all made from it.
"""

from __future__ import annotations

import typing
from collections.abc import Collection, Iterable, Mapping
from dataclasses import Field, dataclass, fields
from functools import wraps
from typing import Any, ClassVar, Self, TypeVar, get_origin

from .._core.errors import near
from .kinds import alternatives, converted, described, fits, plain
from .option import AUTO, Except, Option, When, about


@dataclass(frozen=True)
class Options:
    """What the user chooses of a family; the base of :class:`fe_anndata.models.FE` and others.

    Values are checked when the object is made, each by its type and range, and together by what
    stands on the fields.

    Raises
    ------
    ValueError
        For a value of a wrong type or out of its range, or options that do not go together.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {}
    """Words of older versions, names of options and values, and what they are now."""

    ELSEWHERE: ClassVar[Mapping[str, str]] = {"seed": "rng", "random_state": "rng"}
    """Names that other packages give to options, or to arguments of ``tl.train``, and ours."""

    def __post_init__(self) -> None:
        """Bring values to plain Python, and check them."""
        for of in fields(self):
            value = _checked(type(self), of, getattr(self, of.name))
            object.__setattr__(self, of.name, value)
        settle(type(self), self.chosen())

    def chosen(self) -> dict[str, Any]:
        """Return the values by name."""
        return {of.name: getattr(self, of.name) for of in fields(self)}

    def settled(self) -> Self:
        """Return them with every ``"auto"`` replaced that does not depend on the data."""
        return type(self)(**settle(type(self), self.chosen()))


_O = TypeVar("_O", bound=type[Options])


def named(options: _O) -> _O:
    """Make a class of options say of an unknown keyword what it is called now, or what is near."""
    made = options.__init__

    @wraps(made)
    def checked(self: Options, *args: Any, **given: Any) -> None:
        _require_names(options, options.__name__, given)
        made(self, *args, **given)

    options.__init__ = checked  # type: ignore[method-assign, assignment]
    return options


def options_of(options: type[Options]) -> dict[str, Field[Any]]:
    """Return the fields of a class of options by name."""
    return {of.name: of for of in fields(options)}


def changed(options: Options) -> dict[str, Any]:
    """Return the values that are not the defaults, by name."""
    defaults = {name: of.default for name, of in options_of(type(options)).items()}
    return {name: v for name, v in options.chosen().items() if v != defaults[name]}


_types: dict[type[Options], dict[str, Any]] = {}


def types_of(options: type[Options]) -> dict[str, Any]:
    """Return the types of a class of options by name."""
    if options not in _types:
        _types[options] = typing.get_type_hints(options)
    return _types[options]


def settle(
    options: type[Options], chosen: Mapping[str, Any], yielding: Collection[str] = ()
) -> dict[str, Any]:
    """Return all values, ``"auto"`` replaced where it does not depend on the data.

    Parameters
    ----------
    options
        The class.
    chosen
        Values by name; the others have their defaults.
    yielding
        Names in `chosen` that are void where they do not apply. For others that is an error.

    Raises
    ------
    ValueError
        If values do not go together.
    """
    known = options_of(options)
    values = {name: chosen.get(name, of.default) for name, of in known.items()}
    # A field's conditions are on fields before it, which are settled by then.
    for name, of in known.items():
        facts = about(of)
        otherwise = values[facts.same_as] if facts.same_as else facts.otherwise
        missing = _unmet(facts.applies, values)
        if missing and (name in yielding or _is_auto(values[name])):
            values[name] = otherwise
        elif missing and values[name] != otherwise:
            other = next(iter(missing))
            raise ValueError(
                f"{name} does not apply to {other}={values[other]!r}, it needs "
                f"{_condition(missing)}; leave it out."
            )
        elif _is_auto(values[name]) and facts.auto is not None:
            values[name] = next(v for when, v in facts.auto if not _unmet(when, values))
        _require_needs(name, facts, values)
        _require_kind(name, types_of(options)[name], facts, values)
        _require_one(name, facts, values)
    return values


def merged(
    options: type[Options], recipe: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a recipe changes and what the user gives, who wins, by name.

    What a recipe says of an option that no longer applies is left out.
    """
    known = options_of(options)
    kept = {
        name: value
        for name, value in recipe.items()
        if name not in given
        and about(known[name]).follows not in given
        and not any(about(known[g]).excludes == name for g in given if g in known)
    }
    values = {**kept, **{name: plain(value) for name, value in given.items()}}
    settled = settle(options, values, yielding=kept)
    return {
        name: value
        for name, value in values.items()
        if name in given or not _unmet(about(known[name]).applies, settled)
    }


def require_known(options: type[Options], family: str, names: Collection[str], others: Any) -> None:
    """Raise TypeError if one of `names` is no option of the class.

    Parameters
    ----------
    options, family
        The class, and the name of its family.
    names
        What the user gave.
    others
        Classes of other families by name, one of which may know it.
    """
    for name in names:
        if name in options_of(options) or name in options.RENAMED:
            continue
        owners = [repr(other) for other, of in others.items() if name in options_of(of)]
        if owners:
            of_whom = "family" if len(owners) == 1 else "families"
            raise TypeError(
                f"{name} is an option of the {of_whom} {' and '.join(owners)}, not of {family!r}."
            )
    _require_names(options, f"the family {family!r}", names)


def _require_names(options: type[Options], owner: str, names: Iterable[str]) -> None:
    known = options_of(options)
    for name in names:
        if name in options.RENAMED:
            raise TypeError(f"{name} is called {options.RENAMED[name]} now; give that.")
        if name in options.ELSEWHERE:
            ours = options.ELSEWHERE[name]
            where = "" if ours in known else ", an argument of tl.train"
            raise TypeError(f"{owner} has no option {name!r}: it is called {ours}{where}.")
        if name not in known:
            raise TypeError(f"{owner} has no option {name!r}: {near(name, known, n=1)}")


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == AUTO


def _is_given(value: Any) -> bool:
    return value is not None and not _is_auto(value)


def _unmet(when: When, values: Mapping[str, Any]) -> When:
    """Return the part of a condition that does not hold."""
    return {name: allowed for name, allowed in when.items() if values[name] not in allowed}


def _condition(when: When) -> str:
    parts = []
    for name, allowed in when.items():
        values = " or ".join(map(repr, allowed))
        parts.append(f"another {name} than {values}" if isinstance(allowed, Except)
                     else f"{name}={values}")  # fmt: skip
    return " and ".join(parts)


def _require_needs(name: str, facts: Option, values: Mapping[str, Any]) -> None:
    value = values[name]
    if isinstance(value, typing.Hashable) and value in facts.needs:
        missing = _unmet(facts.needs[value], values)
        if missing:
            others = [v for v in facts.needs if v != value]
            cure = f", or take another {name}" if others or name not in missing else ""
            raise ValueError(f"{name}={value!r} needs {_condition(missing)}; add that{cure}.")


def _require_kind(name: str, hint: Any, facts: Option, values: Mapping[str, Any]) -> None:
    for other, by_value in facts.kinds.items():
        kind = by_value.get(values[other])
        if kind is None or _is_auto(values[name]) or isinstance(values[name], kind):
            continue
        (fitting,) = [k for k in alternatives(hint) if (get_origin(k) or k) is kind]
        raise ValueError(
            f"{name} must be {described(fitting, facts)} with {other}={values[other]!r}, not "
            f"{values[name]!r}."
        )


def _require_one(name: str, facts: Option, values: Mapping[str, Any]) -> None:
    if facts.excludes is None:
        return
    both = values[name], values[facts.excludes]
    if all(map(_is_given, both)):
        raise ValueError(f"give {name} or {facts.excludes}, not both.")
    if both == (None, None):
        raise ValueError(f"give {name} or {facts.excludes}; both are None.")


def _checked(options: type[Options], of: Field[Any], value: Any) -> Any:
    """Return a value as plain Python.

    Raises
    ------
    ValueError
        If it is not of the type or in the range of the field.
    """
    hint, facts = types_of(options)[of.name], about(of)
    value = converted(hint, value)
    if fits(hint, value, facts):
        return value
    renamed = options.RENAMED.get(value) if isinstance(value, str) else None
    now = f" ({value!r} is called {renamed!r} now)" if renamed else ""
    raise ValueError(f"{of.name} must be {described(hint, facts)}, not {value!r}{now}.")
