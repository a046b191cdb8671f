"""Command-line options taken from the signature of a verb, so that none is written twice."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Sequence
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Annotated, Any

from cyclopts import Parameter, Token

# What can be typed on a command line, by name of the type in a signature.
_SIMPLE = (str, int, float, bool)


def keyword_options(
    verb: str, leave_out: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace ``**options`` of a command by the keywords of a verb that can be typed.

    Parameters
    ----------
    verb
        ``"package.module:function"``.
    leave_out
        Keywords that make no sense on a command line.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        module, name = verb.split(":")
        function = getattr(import_module(module), name)
        hints = typing.get_type_hints(function)
        own = list(inspect.signature(command, eval_str=True).parameters.values())[:-1]
        options = [
            parameter.replace(annotation=_typed(hints[parameter.name]))
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind is parameter.KEYWORD_ONLY
            and parameter.name not in leave_out
            and _typed(hints[parameter.name]) is not None
        ]

        command.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in [*own, *options]}
        command.__doc__ = _with_parameters(command, function, {p.name for p in options})
        return command

    return decorate


def _typed(hint: Any) -> Any:
    """Return the part of a type that can be typed, or None; a seed is an int."""
    parts = typing.get_args(hint) or (hint,)
    simple = [p for p in parts if p in _SIMPLE]
    if any(typing.get_origin(p) is tuple for p in parts):
        return Annotated[list[int] | None, Parameter(converter=_integers, consume_multiple=True)]
    if not simple:
        return None
    joined = reduce(or_, [*simple, type(None)] if type(None) in parts else simple)
    return Annotated[joined, Parameter(converter=_integer)] if simple == [int] else joined


def _integer(_: Any, tokens: Sequence[Token]) -> int:
    # cyclopts would take 2.5 for 2.
    return int(tokens[0].value)


def _integers(_: Any, tokens: Sequence[Token]) -> list[int]:
    return [int(token.value) for token in tokens]


def _with_parameters(command: Any, function: Any, names: set[str]) -> str:
    """Return the docstring of the command with the parameters of the verb added."""
    text = inspect.cleandoc(function.__doc__).split("Parameters\n----------\n")[1]
    section = re.sub(r" \[\d+\]_", "", text.split("\n\nReturns\n-------")[0])
    entries = re.findall(r"^(\w.*)\n((?:    .*\n?)+)", section, flags=re.MULTILINE)
    added = [
        f"{name}\n{explanation.rstrip()}"
        for together, explanation in entries
        for name in together.split(", ")
        if name in names
    ]
    return "\n".join([inspect.cleandoc(command.__doc__).rstrip(), *added, ""])
