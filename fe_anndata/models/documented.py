"""Docstrings made from fields, so that each option is explained in one place."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

from .option import AUTO, Option, When, about
from .options import Options, options_of, types_of

_O = TypeVar("_O", bound=type[Options])
_WIDTH = 96


def documented(options: _O) -> _O:
    """Add a section of parameters, one for each field, to the docstring of a class of options."""
    # Python 3.13 takes the indentation off docstrings, and earlier versions leave it.
    lines = [inspect.cleandoc(options.__doc__ or ""), "", "Parameters", "----------"]
    for name, of in options_of(options).items():
        lines.append(f"{name} : {written(types_of(options)[name])}, default {default_of(of)}")
        lines += textwrap.wrap(
            explained(about(of)), _WIDTH, initial_indent="    ", subsequent_indent="    "
        )
    options.__doc__ = "\n".join(lines)
    return options


def default_of(of: Any) -> str:
    """Return the default of a field, as it is typed."""
    return repr(of.default)


def explained(facts: Option) -> str:
    """Return what an option means, what ``"auto"`` is, and when it applies."""
    sentences = [facts.doc]
    if facts.auto is not None:
        sentences.append(f"'auto' is {_choices(facts.auto)}.")
    if facts.applies:
        sentences.append(f"Applies where {condition(facts.applies)}.")
    return " ".join(sentences)


def condition(when: When) -> str:
    """Return a condition in words."""
    parts = []
    for name, allowed in when.items():
        values = " or ".join(map(repr, allowed))
        parts.append(
            f"{name} is not {values}" if type(allowed) is not tuple else f"{name} is {values}"
        )
    return " and ".join(parts)


def _choices(auto: tuple[tuple[Mapping[str, Any], Any], ...]) -> str:
    shown = []
    for when, value in auto:
        # That another is not given needs no words: the two exclude each other.
        own = {
            name: allowed
            for name, allowed in when.items()
            if type(allowed) is not tuple or AUTO not in allowed
        }
        words = f" where {condition(own)}" if own else " otherwise" if len(auto) > 1 else ""
        shown.append(f"{value!r}{words}")
    return ", ".join(shown)


def written(hint: Any) -> str:
    """Return a type as users write it."""
    if hint is type(None):
        return "None"
    if get_origin(hint) is tuple:
        kind, *others = get_args(hint)
        return f"tuple of {kind.__name__}" if others == [...] else f"pair of {kind.__name__}"
    if isinstance(hint, type):
        return hint.__name__
    arguments = get_args(hint)
    if all(isinstance(argument, str | bool) for argument in arguments):
        return " or ".join(map(repr, arguments))
    return " or ".join(written(argument) for argument in arguments)
