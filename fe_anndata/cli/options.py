"""Command-line options taken from a verb and from the settings, so that none is written twice."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Sequence
from functools import reduce
from importlib import import_module
from operator import or_
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

from .._core.settings import Settings, settings

# What can be typed on a command line, by name of the type in a signature.
_SIMPLE = (str, int, float, bool)

SETTINGS = ("threads", "precision", "kernel")
"""Settings that a command of a verb takes; others are keywords of verbs as well."""


def keyword_options(
    verb: str, leave_out: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace ``**options`` of a command by the keywords of a verb that can be typed.

    The `SETTINGS` come with them; :func:`settle_settings` takes them out again.

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
        in_settings = typing.get_type_hints(Settings)
        options += [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=_typed(in_settings[name] | None),
            )
            for name in SETTINGS
        ]

        command.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in [*own, *options]}
        command.__doc__ = _with_parameters(command, function, {p.name for p in options})
        return command

    return decorate


def settle_settings(options: dict[str, Any]) -> dict[str, Any]:
    """Set the `SETTINGS` that are given in `options`, and return the others."""
    for name in SETTINGS:
        if options.get(name) is not None:
            setattr(settings, name, options[name])
    return {name: value for name, value in options.items() if name not in SETTINGS}


def require_another(out: Path, reference: Path | str | None) -> None:
    """Raise ValueError if the output would replace the trained file that is only read."""
    if reference is not None and out.exists() and out.samefile(reference):
        raise ValueError(f"{out} is the reference, which would be lost; name another output.")


def _typed(hint: Any) -> Any:
    """Return the part of a type that can be typed, or None; a seed is an int."""
    parts = typing.get_args(hint) or (hint,)
    simple = [p for p in parts if p in _SIMPLE]
    if any(typing.get_origin(p) is tuple for p in parts):
        return Annotated[list[int] | None, Parameter(converter=integers, consume_multiple=True)]
    if not simple:
        return None
    joined = reduce(or_, [*simple, type(None)] if type(None) in parts else simple)
    return Annotated[joined, Parameter(converter=integer)] if simple == [int] else joined


def integer(_: Any, tokens: Sequence[Token]) -> int:
    """Return a number that was typed; cyclopts would take 2.5 for 2."""
    return int(tokens[0].value)


def integers(_: Any, tokens: Sequence[Token]) -> list[int]:
    """Return several."""
    return [int(token.value) for token in tokens]


def _with_parameters(command: Any, function: Any, names: set[str]) -> str:
    """Return the docstring of the command with the parameters of the verb and settings added."""
    entries = _entries(function, "Parameters")
    # A setting of the same name as a keyword, such as device, is only its default.
    entries += [entry for entry in _entries(Settings, "Attributes") if entry[0] in SETTINGS]
    added = [
        f"{name}\n{explanation.rstrip()}"
        for together, explanation in entries
        for name in together.split(", ")
        if name in names
    ]
    return "\n".join([inspect.cleandoc(command.__doc__).rstrip(), *added, ""])


def _entries(documented: Any, section: str) -> list[tuple[str, str]]:
    """Return names and explanations of a section of a docstring."""
    text = inspect.cleandoc(documented.__doc__).split(f"{section}\n{'-' * len(section)}\n")[1]
    text = re.sub(r" \[\d+\]_", "", text.split("\n\nReturns\n-------")[0])
    return re.findall(r"^(\w.*)\n((?:    .*\n?)+)", text, flags=re.MULTILINE)
