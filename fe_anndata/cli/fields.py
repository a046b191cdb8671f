"""Options of the command line made from the options of a family, so that none is written twice."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import Group, Parameter, Token

from ..models.documented import explained
from ..models.kinds import alternatives
from ..models.option import about
from ..models.options import Options, options_of, types_of


def parameters(
    options: type[Options], groups: Mapping[str, Group], others: Group
) -> list[inspect.Parameter]:
    """Return a parameter of a command for each field of a class of options.

    Help shows it in its group of `groups`, or among the `others`. Its default is that of the
    field, to be shown; what is not typed is not passed on, so that a recipe may change it.
    """
    hints = types_of(options)
    return [
        _parameter(of, hints[name], groups.get(name, others))
        for name, of in options_of(options).items()
    ]


class _CheckedByOptions:
    """What tells pydantic to leave values alone; cyclopts asks it where anything has loaded it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, str]:
        return {"type": "any"}


def _parameter(of: Field[Any], hint: Any, group: Group) -> inspect.Parameter:
    kinds = alternatives(hint)
    shown = _shown(kinds)
    lists = [kind for kind in kinds if get_origin(kind) is tuple]
    annotation = Annotated[
        shown,  # type: ignore[valid-type]
        Parameter(
            help=literally(explained(about(of))),
            converter=_converter(kinds),
            consume_multiple=True if lists else None,
            # An empty list can be typed where it means something.
            negative=None if shown is bool or any(... in get_args(k) for k in lists) else "",
            show_default=_typed,
            group=group,
        ),
        _CheckedByOptions(),
    ]
    return inspect.Parameter(
        of.name, inspect.Parameter.KEYWORD_ONLY, default=of.default, annotation=annotation
    )


def literally(text: str) -> str:
    """Return a text of help in which nothing is taken for Markdown."""
    return re.sub(r"([\\`*_<>\[\]#])", r"\\\1", text)


def _shown(kinds: tuple[Any, ...]) -> Any:
    """Return the type by which help names a field and cyclopts knows how many words it takes.

    Words that stand for a number, such as "auto", are left to the explanation.
    """
    if any(get_origin(kind) is tuple for kind in kinds):
        return list[int]
    words = tuple(w for kind in kinds if get_origin(kind) is Literal for w in get_args(kind))
    others = [k for k in kinds if k is not type(None) and get_origin(k) is not Literal]
    return others[0] if others else Literal[words]


def _converter(kinds: tuple[Any, ...]) -> Callable[[Any, Sequence[Token]], Any]:
    """Return what makes a value of words that were typed.

    Values are checked by the options themselves, which say what would be right.
    """
    takes_several = any(get_origin(kind) is tuple for kind in kinds)
    takes_numbers = takes_several or int in kinds or float in kinds
    takes_none = type(None) in kinds

    def value(word: str) -> Any:
        if takes_none and word.lower() == "none":
            return None
        return _number(word) if takes_numbers else word

    def convert(_: Any, tokens: Sequence[Token]) -> Any:
        values = tuple(value(token.value) for token in tokens)
        return values[0] if len(values) == 1 else values

    return convert


def _number(word: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def _typed(value: Any) -> str:
    """Return a default as it is typed."""
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
