"""What commands print on standard output: for people, or with ``--json`` for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    import pandas as pd

Json = Annotated[
    bool,
    Parameter(name="--json", negative="", help="Print the result as JSON, for programs to read."),
]
Wrote = Iterable[tuple[Path | None, str]]
"""Files that a command wrote, each with what is said of it; None for one that was not wanted."""


def print_table(table: pd.DataFrame, as_json: bool, *, digits: str = "%.4f") -> None:
    """Print a table, which is all that a command returns: as records in JSON, in full precision."""
    if as_json:
        print(json.dumps(records(table), indent=1))
    else:
        print(_text(table, digits), end="")


def print_done(
    as_json: bool,
    wrote: Wrote = (),
    *,
    table: pd.DataFrame | None = None,
    digits: str = "%.3f",
    lines: Iterable[str] = (),
    **facts: Any,
) -> None:
    """Print what a command did: a table and lines for people, or one object of JSON.

    Parameters
    ----------
    as_json
        Whether to print JSON.
    wrote
        Files, the most important one last.
    table
        A table to print.
    digits
        How people see its numbers.
    lines
        What people read between the table and the names of the files.
    **facts
        What programs read beside them.
    """
    written = [(path, words) for path, words in wrote if path is not None]
    if as_json:
        found: dict[str, Any] = {"wrote": [str(path) for path, _ in written], **facts}
        if table is not None:
            found["table"] = records(table)
        print(json.dumps(plain(found), indent=1))
        return
    if table is not None:
        print(_text(table, digits), end="")
    for line in lines:
        print(line)
    for path, words in written:
        print(f"wrote {path}: {words}" if words else f"wrote {path}")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as one dict per row; what is missing is None."""
    found: list[dict[str, Any]] = json.loads(
        table.to_json(orient="records", double_precision=15, default_handler=str)
    )
    return found


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; numbers that are none become None."""
    if hasattr(value, "tolist"):  # of numpy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): plain(of) for name, of in value.items()}
    if isinstance(value, list | tuple):
        return [plain(of) for of in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _text(table: pd.DataFrame, digits: str) -> str:
    text: str = table.to_csv(sep="\t", index=False, float_format=digits)
    return text
