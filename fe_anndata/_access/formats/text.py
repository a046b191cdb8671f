"""Matrices in text files: names, columns that describe, and values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..._core.gene_names import require_one_line
from ...genespace.text import lines
from .fields import (
    HEAD,
    MISSING,
    Layout,
    Line,
    as_number,
    layout_of,
    require_width,
    without_comments,
)

BLOCK = 1 << 22
"""Characters that are turned into numbers at a time."""
_START = {
    "%%MatrixMarket": "a sparse matrix without names: give the folder that holds it beside "
    "barcodes.tsv and features.tsv",
    "<!DOCTYPE": "a page of the web: download the file itself",
    "<html": "a page of the web: download the file itself",
    "{": "JSON",
}


@dataclass
class Table:
    """A table as it stands in a file.

    Attributes
    ----------
    rows, columns
        Names.
    blocks
        The values, float32, by blocks of rows; they are taken out when the matrix is made.
    beside
        What is said of the rows in other columns.
    n_missing
        Number of missing values.
    """

    rows: pd.Index
    columns: pd.Index
    blocks: list[np.ndarray]
    beside: pd.DataFrame
    n_missing: int

    def matrix(self, *, turned: bool) -> np.ndarray:
        """Return the values, float32 (n_rows, n_columns), or turned; the blocks are used up."""
        shape = (len(self.rows), len(self.columns))
        made = np.empty(shape[::-1] if turned else shape, dtype=np.float32)
        rows, first = (made.T if turned else made), 0
        self.blocks.reverse()
        while self.blocks:
            block = self.blocks.pop()
            rows[first : first + len(block)] = block
            first += len(block)
        return made


def read_table(path: Path, progress: bool) -> Table:
    """Read a table of numbers with names.

    Raises
    ------
    ValueError
        If it cannot be understood, a field that should be a number is none (the message names the
        row and the column), or lines have different numbers of fields.
    """
    found = lines(path, comments=True)
    head = without_comments(list(islice(found, HEAD)))
    if not head:
        raise ValueError(f"{path} is empty.")
    for start, what in _START.items():
        if head[0][1].startswith(start):
            raise ValueError(f"{path} is {what}.")
    layout = layout_of(head, path)
    names: list[str] = []
    beside: list[list[str]] = []
    blocks: list[np.ndarray] = []
    rows = chain(head[layout.n_above :], found)
    with tqdm(disable=not progress, unit="rows", desc=path.name, delay=3) as bar:
        for block in _blocks(rows):
            described = [_described(line, layout, number, path) for number, line in block]
            names += [fields[0] for fields in described]
            beside += [fields[1:] for fields in described]
            blocks.append(_numbers(block, layout, path))
            bar.update(len(block))
    return _table(layout, names, beside, blocks, path)


def _table(
    layout: Layout,
    names: list[str],
    beside: list[list[str]],
    blocks: list[np.ndarray],
    path: Path,
) -> Table:
    columns = [layout.name_of(column) for column in layout.numbers]
    if not layout.has_names:
        if layout.header is None:
            raise ValueError(
                f"{path} holds numbers alone, without names of genes: write them as the first line "
                "or as the first column."
            )
        names = [str(number) for number in range(1, len(names) + 1)]
    elif layout.header is None:
        columns = [f"column_{number}" for number in range(1, len(columns) + 1)]
    rows, named = pd.Index(names, dtype=object), pd.Index(columns, dtype=object)
    for index, what in ((rows, "names of rows"), (named, "names of columns")):
        require_one_line(index, what)
    n_missing = sum(int(np.isnan(block).sum()) for block in blocks)
    described = pd.DataFrame(beside, index=rows, columns=_once(layout), dtype=object)
    return Table(rows, named, blocks, described.apply(_as_column), n_missing)


def _once(layout: Layout) -> list[str]:
    """Return the names of the columns that describe, each once."""
    found = [layout.name_of(column).replace("/", "_") or "description" for column in layout.beside]
    return [f"{name}_{k}" if k else name for k, name in _counted(found)]


def _counted(names: list[str]) -> Iterator[tuple[int, str]]:
    seen: dict[str, int] = {}
    for name in names:
        yield seen.get(name, 0), name
        seen[name] = seen.get(name, 0) + 1


def _as_column(text: pd.Series) -> pd.Series:
    """Return a column as numbers, if all of it is, or else as text, missing where it is empty."""
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
    last = max(layout.beside, default=0)
    if '"' in line or layout.separator == " ":
        fields = layout.split(line)
        require_width(len(fields), layout.width, number, path)
    else:
        require_width(line.count(layout.separator) + 1, layout.width, number, path)
        fields = [field.strip() for field in line.split(layout.separator, last + 1)[: last + 1]]
    return [fields[0], *(fields[column] for column in layout.beside)]


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
            raise _no_number(fields[column], fields[0], layout, column, number, path)
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
