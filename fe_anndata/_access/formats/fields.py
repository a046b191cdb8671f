"""The fields of a text table: what separates them, and what each column holds."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Line = tuple[int, str]
"""A line, with its number in the file."""

HEAD = 60
"""Lines by which a table is understood."""
MISSING = frozenset(
    ["", "NA", "N/A", "#N/A", "NaN", "nan", "-nan", "null", "NULL", "None", "<NA>", "n/a", "."]
)
SEPARATORS = ("\t", ",", ";", " ")


@dataclass(frozen=True)
class Layout:
    """What the columns of a table hold.

    Attributes
    ----------
    separator
        Between fields; a space stands for any number of spaces and tabs.
    width
        Number of fields of a line.
    header
        The names of the columns, or None if there are none.
    n_above
        Lines above the first row.
    names
        The column that names the rows, or None.
    beside
        Columns of text, or of numbers that describe.
    numbers
        Columns of values.
    """

    separator: str
    width: int
    header: list[str] | None
    n_above: int
    names: int | None
    beside: list[int]
    numbers: list[int]

    def split(self, line: str) -> list[str]:
        """Return the fields of a line."""
        return split(line, self.separator)

    def name_of(self, column: int) -> str:
        """Return the name of a column, or its number, counted from 1."""
        return str(column + 1) if self.header is None else self.header[column]


def split(line: str, separator: str) -> list[str]:
    """Return the fields of a line; those in quotation marks may hold the separator."""
    if '"' in line:
        fields = next(csv.reader([line], delimiter=separator, skipinitialspace=separator == " "))
    elif separator == " ":
        fields = line.split()
    else:
        fields = line.split(separator)
    return [field.strip() for field in fields]


def as_number(field: str) -> float | None:
    """Return the number that a field holds, NaN for a missing one; None if it is no number."""
    if field in MISSING:
        return float("nan")
    try:
        return None if "_" in field else float(field)
    except ValueError:
        return None


def separator_of(lines: Sequence[str], path: Path) -> str:
    """Return what separates the fields: what cuts all lines into equally many, and into most.

    The line of names may have one field less, as R writes it. Names may hold spaces, so that
    another separator is taken before them.
    """
    best, most = "", 0.0
    for separator in SEPARATORS:
        try:
            first, *widths = [len(split(line, separator)) for line in lines]
        except csv.Error as error:
            raise ValueError(f"{path} has a field that is too long ({error}).") from error
        width, number = Counter(widths).most_common(1)[0]
        fits = 1.0 if first in (width, width - 1) else 0.1
        weight = fits * width * number / len(widths) if width > 1 else 0
        if weight > most and (separator != " " or best == ""):
            best, most = separator, weight
    return best or "\t"
