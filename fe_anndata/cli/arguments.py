"""Kinds of arguments that several commands take, and what is checked of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

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


Output = Annotated[Path, Parameter(name=["--out", "-o"])]
Words = Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")]
Number = Annotated[int, Parameter(converter=integer)]
Numbers = Annotated[
    list[int] | None, Parameter(converter=integers, consume_multiple=True, negative="")
]
Flag = Annotated[bool, Parameter(negative="")]
"""Off unless it is typed."""
