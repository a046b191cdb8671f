"""Matrices in text files: names, columns that describe, and values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..._core.gene_names import require_one_line
from ...genespace.text import lines
from .fields import HEAD, MISSING, Layout, Line, as_number
from .layout import layout_of, require_width, without_comments
from .table import Table

BLOCK = 1 << 22
"""Characters that are turned into numbers at a time."""
_START = {
    "%%MatrixMarket": "a sparse matrix without names: give the folder that holds it beside "
    "barcodes.tsv and features.tsv",
    "<!DOCTYPE": "a page of the web: download the file itself",
    "<html": "a page of the web: download the file itself",
    "{": "JSON",
}


def read_table(path: Path, progress: bool) -> Table:
    """Read a table of numbers with names.

    The file is read twice, first for the names: so the values can go where they belong at once, and
    take no more memory than their matrix.

    Raises
    ------
    ValueError
        If it cannot be understood, a field that should be a number is none (the message names the
        row and the column), or lines have different numbers of fields.
    """
    layout = _layout(path)
    names: list[str] = []
    beside: list[list[str]] = []
    for number, line in _rows(layout, path):
        fields = _described(line, layout, number, path)
        names.append(fields[0])
        beside.append(fields[1:])
    if layout.names is None:
        names = [str(number) for number in range(1, len(names) + 1)]
    rows, columns = pd.Index(names, dtype=object), pd.Index(_columns(layout, path), dtype=object)
    for index, what in ((rows, "names of rows"), (columns, "names of columns")):
        require_one_line(index, what)
    described = pd.DataFrame(beside, index=rows, columns=_once(layout), dtype=object)

    def fill(made: np.ndarray) -> None:
        first = 0
        with tqdm(
            total=len(made), disable=not progress, unit="rows", desc=path.name, delay=3
        ) as bar:
            for block in _blocks(_rows(layout, path)):
                made[first : first + len(block)] = _numbers(block, layout, path)
                first += len(block)
                bar.update(len(block))
        if first != len(made):
            raise ValueError(f"{path} was changed while it was read; start again.")

    return Table(rows, columns, described.apply(as_column), fill)


def _lines(path: Path) -> Iterator[Line]:
    """Yield the lines without those that begin with ``!``, as many do in series matrices of GEO."""
    return ((number, line) for number, line in lines(path, comments=True) if line[0] != "!")


def _layout(path: Path) -> Layout:
    head = without_comments(list(islice(_lines(path), HEAD)))
    if not head:
        raise ValueError(f"{path} is empty.")
    for start, what in _START.items():
        if head[0][1].startswith(start):
            raise ValueError(f"{path} is {what}.")
    return layout_of(head, path)


def _rows(layout: Layout, path: Path) -> Iterator[Line]:
    """Yield the lines of the rows, without those above."""
    found = _lines(path)
    head = without_comments(list(islice(found, HEAD)))
    return chain(head[layout.n_above :], found)


def _columns(layout: Layout, path: Path) -> list[str]:
    """Return the names of the columns of values."""
    if layout.header is not None:
        return [layout.name_of(column) for column in layout.numbers]
    if layout.names is None:
        raise ValueError(
            f"{path} holds numbers alone, without names of genes: write them as the first line or "
            "as the first column."
        )
    return [f"column_{number}" for number in range(1, len(layout.numbers) + 1)]


def _once(layout: Layout) -> list[str]:
    """Return the names of the columns that describe, each once."""
    found = [layout.name_of(column).replace("/", "_") or "description" for column in layout.beside]
    return [f"{name}_{k}" if k else name for k, name in _counted(found)]


def _counted(names: list[str]) -> Iterator[tuple[int, str]]:
    seen: dict[str, int] = {}
    for name in names:
        yield seen.get(name, 0), name
        seen[name] = seen.get(name, 0) + 1


def as_column(text: pd.Series) -> pd.Series:
    """Return a column as numbers, if all of it is, or else as text, missing where it is empty.

    What is no text stays as it is.
    """
    if text.dtype != object or not text.map(lambda value: isinstance(value, str)).all():
        return text
    text = text.where(~text.isin(list(MISSING)))
    numbers = pd.to_numeric(text, errors="coerce")
    return text if (numbers.isna() & text.notna()).any() else numbers


def _blocks(rows: Iterator[Line]) -> Iterator[list[Line]]:
    """Yield lines in blocks."""
    block: list[Line] = []
    size = 0
    for row in rows:
        block.append(row)
        size += len(row[1])
        if size >= BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _described(line: str, layout: Layout, number: int, path: Path) -> list[str]:
    """Return the name of a row and what is said of it, after a look at the number of fields."""
    wanted = [0 if layout.names is None else layout.names, *layout.beside]
    if '"' in line or layout.separator == " ":
        fields = layout.split(line)
        require_width(len(fields), layout.width, number, path)
    else:
        require_width(line.count(layout.separator) + 1, layout.width, number, path)
        fields = line.split(layout.separator, max(wanted) + 1)
    return [fields[column].strip() for column in wanted]


def _numbers(block: list[Line], layout: Layout, path: Path) -> np.ndarray:
    """Return the values of some lines, float32."""
    text = [line for _, line in block]
    try:
        return _parsed(text, layout)
    except ValueError:
        pass  # A value is missing, or is no number: look at each.
    rows = [layout.split(line) for line in text]
    filled = []
    for (number, _), fields in zip(block, rows, strict=True):
        wanted = [fields[column] for column in layout.numbers]
        wrong = [k for k, field in enumerate(wanted) if as_number(field) is None]
        if wrong:
            column = layout.numbers[wrong[0]]
            name = fields[0 if layout.names is None else layout.names]
            raise _no_number(fields[column], name, layout, column, number, path)
        filled.append(["nan" if field in MISSING else field for field in wanted])
    return np.array(filled, dtype=np.float32)


def _parsed(text: list[str], layout: Layout) -> np.ndarray:
    found: np.ndarray = np.loadtxt(
        text,
        dtype=np.float32,
        delimiter=None if layout.separator == " " else layout.separator,
        comments=None,
        quotechar='"',
        usecols=layout.numbers,
        ndmin=2,
    )
    return found


def _no_number(
    field: str, row: str, layout: Layout, column: int, number: int, path: Path
) -> ValueError:
    hint = ""
    if "," in field and as_number(field.replace(",", "")) is not None:
        decimal = field.count(",") == 1 and len(field.split(",")[1]) != 3
        hint = " Write decimals with a point." if decimal else " Write thousands without commas."
    return ValueError(
        f"{path}, line {number}, row {row!r}, column {layout.name_of(column)!r}: {field[:40]!r} is "
        f"no number.{hint} A missing value is an empty field or NA."
    )
