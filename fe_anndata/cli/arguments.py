"""Kinds of arguments that several commands take, and what is checked of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter, Token


def integer(_: Any, tokens: Sequence[Token]) -> int:
    """Return a number that was typed; cyclopts would take 2.5 for 2."""
    return int(tokens[0].value)


def integers(_: Any, tokens: Sequence[Token]) -> list[int]:
    """Return several."""
    return [int(token.value) for token in tokens]


def json_or_text(word: str) -> Any:
    """Return the value of an option that was typed as JSON, or else the text."""
    try:
        return json.loads(word)
    except json.JSONDecodeError:
        return word


def named(words: Sequence[str], option: str, form: str) -> Mapping[str, str]:
    """Return what was typed as ``name=text``, by name.

    Raises
    ------
    ValueError
        For another form, and for a name that comes twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not name or not equals:
            raise ValueError(f"{option} must be like {form}; got {word!r}.")
        if name in found:
            raise ValueError(f"{option} names {name} twice; give it once.")
        found[name] = text
    return found


def named_values(words: Sequence[str], option: str) -> dict[str, Any]:
    """Return the value of each option that was typed as ``name=value``; it is JSON, or text."""
    return {name: json_or_text(text) for name, text in named(words, option, "NAME=VALUE").items()}


def training_of_each(words: Sequence[str]) -> dict[str, Any]:
    """Return options of trainings: of all methods, or, typed as ``method.name=value``, of one."""
    found: dict[str, Any] = {}
    for place, value in named_values(words, "--train").items():
        method, dot, name = place.partition(".")
        if dot:
            found.setdefault(method, {})[name] = value
        else:
            found[place] = value
    return found


def none_or(word: str) -> Any:
    """Return a word, or None for ``"none"``."""
    return None if word == "none" else word


def listed(text: str) -> list[Any]:
    """Return values divided by commas: JSON, where text in quotes may hold commas, or else text."""
    try:
        return list(json.loads(f"[{text}]"))
    except json.JSONDecodeError:
        return [json_or_text(word) for word in text.split(",")]


def listed_words(text: str) -> list[str]:
    """Return words divided by commas; one that holds a comma stands in double quotes."""
    try:
        found = json.loads(f"[{text}]")
    except json.JSONDecodeError:
        return text.split(",")
    return found if all(isinstance(word, str) for word in found) else text.split(",")


Normalize = Literal["auto", "log1p_cp10k", "log10p1", "log2_tpm", "none"]
"""Where ``"none"`` is None."""
Output = Annotated[Path, Parameter(name=["--out", "-o"])]
Words = Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")]
Number = Annotated[int, Parameter(converter=integer)]
Numbers = Annotated[
    list[int] | None, Parameter(converter=integers, consume_multiple=True, negative="")
]
Decimals = Annotated[list[float] | None, Parameter(consume_multiple=True, negative="")]
Flag = Annotated[bool, Parameter(negative="")]
"""Off unless it is typed."""
