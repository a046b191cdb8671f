"""What a field may hold: its type and its range, checked and in words."""

from __future__ import annotations

import math
import types
import typing
from typing import Any, Literal, Protocol, get_args, get_origin

MOST = 1 << 63
"""Integers are less than this."""


class Range(Protocol):
    """Bounds of a number: at least, more than, at most."""

    @property
    def least(self) -> float | None: ...  # noqa: D102
    @property
    def above(self) -> float | None: ...  # noqa: D102
    @property
    def most(self) -> float | None: ...  # noqa: D102


def converted(hint: Any, value: Any) -> Any:
    """Return a value as plain Python, a size as the tuple or number that the type asks for."""
    value, kinds = plain(value), alternatives(hint)
    if any(_is_sizes(kind) for kind in kinds):
        # One size may be given without a tuple, and a tuple of one where a number will do.
        if _is_size(value) and int not in kinds:
            return (value,)
        if isinstance(value, tuple) and len(value) == 1 and int in kinds:
            return value[0]
    return float(value) if float in kinds and _is_number(value) else value


def fits(hint: Any, value: Any, bounds: Range) -> bool:
    """Return whether a value is of a type, and a number in its bounds."""
    return any(_fits(kind, value, bounds) for kind in alternatives(hint))


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the types that a field may have one of."""
    return (
        get_args(hint)
        if isinstance(hint, types.UnionType) or get_origin(hint) is typing.Union
        else (hint,)
    )


def _fits(kind: Any, value: Any, bounds: Range) -> bool:
    if kind is type(None):
        return value is None
    if get_origin(kind) is Literal:
        return isinstance(value, str | bool) and value in get_args(kind)
    if _is_sizes(kind):
        args = get_args(kind)
        length = args[-1] is Ellipsis or (isinstance(value, tuple) and len(value) == len(args))
        return isinstance(value, tuple) and length and all(_is_size(part) for part in value)
    if kind is float:
        return _is_number(value) and _in_range(value, bounds)
    if kind is int:
        return isinstance(value, int) and _is_number(value) and _in_range(value, bounds)
    return isinstance(value, kind)


def _is_sizes(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value) and value > 0


def _is_number(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < MOST  # a greater one neither has a float nor fits into a file
    return isinstance(value, float) and math.isfinite(value)


def _in_range(value: float, bounds: Range) -> bool:
    return not (
        (bounds.least is not None and value < bounds.least)
        or (bounds.above is not None and value <= bounds.above)
        or (bounds.most is not None and value > bounds.most)
    )


def described(hint: Any, bounds: Range) -> str:
    """Return what a field may hold, in words."""
    words, choices = [], []
    for kind in alternatives(hint):
        if get_origin(kind) is Literal:
            choices += [repr(choice) for choice in get_args(kind)]
        elif _is_sizes(kind) and get_args(kind)[-1] is Ellipsis:
            words.append("positive integers, such as (100, 50)")
        elif _is_sizes(kind):
            words.append(f"{len(get_args(kind))} positive integers")
        elif kind is bool:
            words.append("True or False")
        elif kind in (int, float):
            words.append(_number(kind, bounds))
        elif kind is str:
            words.append("a name")
    if choices and not words:
        return f"one of {', '.join(choices)}"
    return ", or ".join(words + choices)


def _number(kind: type, bounds: Range) -> str:
    noun = "an integer" if kind is int else "a number"
    if bounds.most is not None:
        return f"{noun} from {bounds.least or 0:g} to {bounds.most:g}"
    if bounds.above == 0 or bounds.least == 1:
        return "a positive integer" if kind is int else "a positive number"
    if bounds.least == 0:
        return f"{noun} that is not negative"
    return noun if bounds.least is None else f"{noun} of at least {bounds.least:g}"


def plain(value: Any) -> Any:
    """Return Python numbers and tuples for those of numpy, which users loop over and files give."""
    if hasattr(value, "tolist"):  # an array or a scalar of numpy
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(plain(part) for part in value)
    return value
