"""What a page asks and is answered: parameters that are checked, and numbers as bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

LONGEST = 20_000
"""Letters of a parameter."""
MOST_SAID = 2000
"""Letters of what is said of an error, which may repeat what was asked."""
BAD_INPUT = (
    ValueError, KeyError, TypeError, OSError, MemoryError, ImportError, OverflowError,
)  # fmt: skip
"""Errors that a user can cause, by what was asked or by what the file holds."""


class Asked:
    """The parameters of a request: of its address, or of its JSON body.

    Every getter raises ValueError if a value is of another kind or out of range.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.given = values

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there."""
        value = self.given.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise ValueError(f"{name} is missing.")
        if len(value) > LONGEST:
            raise ValueError(f"{name} has {len(value):,} letters; {LONGEST:,} are the most.")
        return value

    def optional(self, name: str) -> str | None:
        """Return a text, or None if it is empty."""
        return self.text(name, "") or None

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number within a range."""
        value = self.given.get(name, default)
        try:
            number = int(str(value))
        except ValueError:
            raise ValueError(f"{name} must be a whole number, not {str(value)[:40]!r}.") from None
        if not low <= number <= high:
            raise ValueError(f"{name} must be {low} to {high:,}, not {number}.")
        return number

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of some words; the first by default."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value[:40]!r}.")
        return value

    def json(self, name: str, default: Any = None) -> Any:
        """Return a value of JSON, which an address holds as text."""
        value = self.given.get(name, default)
        if not isinstance(value, str):
            return value
        if not value:
            return default
        try:
            return json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            raise ValueError(f"{name} cannot be read: {value[:40]!r}.") from None


class Packed(NamedTuple):
    """An answer with arrays, whose bytes follow the JSON; each is named with its type in it."""

    facts: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def content(self) -> bytes:
        """Return the length of the JSON, uint32, the JSON, and the arrays, each from a 8th byte."""
        parts, at = [], 0
        listed = {}
        for name, array in self.arrays.items():
            raw = np.ascontiguousarray(array).tobytes()
            listed[name] = {"type": array.dtype.str.lstrip("<|"), "at": at, "n": int(array.size)}
            parts.append(raw + bytes(-len(raw) % 8))
            at += len(parts[-1])
        head = json.dumps({**plain(self.facts), "arrays": listed}, allow_nan=False).encode()
        head += b" " * (-(len(head) + 4) % 8)
        return len(head).to_bytes(4, "little") + head + b"".join(parts)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: NaN and infinity are null, numbers of NumPy are numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple | pd.Index | set):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return None if value is pd.NA or value is pd.NaT else str(value)


def table_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return a table as JSON: the names of its columns, and its rows."""
    columns = [plain(table.iloc[:, i].astype(object).to_list()) for i in range(table.shape[1])]
    return {"columns": [str(name) for name in table.columns], "rows": list(zip(*columns))}  # noqa: B905


@contextmanager
def without_folder(folder: str) -> Iterator[None]:
    """Leave a temporary folder out of what is said of an error in a file that was sent."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(explained(error).replace(f"{folder}/", "")) from error


def explained(error: Exception) -> str:
    """Return what a page says of an error; one that no user can cause is a fault of ours."""
    if isinstance(error, BAD_INPUT):
        # A KeyError shows its message in quotes.
        said = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        said = said or type(error).__name__
        return said if len(said) <= MOST_SAID else f"{said[:MOST_SAID]}…"
    last = extract_tb(error.__traceback__)[-1]
    return (
        f"this is a fault of the app: {type(error).__name__}: {error} "
        f"({Path(last.filename).name}, line {last.lineno}). Please report this line."
    )
