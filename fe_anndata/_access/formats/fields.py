"""The fields of a text table: what separates them, and what each column holds."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .orientation import is_gene

Line = tuple[int, str]
"""A line, with its number in the file."""

HEAD = 60
"""Lines by which a table is understood."""
MISSING = frozenset(
    ["", "NA", "N/A", "#N/A", "NaN", "nan", "-nan", "null", "NULL", "None", "<NA>", "n/a", "."]
)
_SEPARATORS = ("\t", ",", ";", " ")
_CORNER = re.compile(
    r"|unnamed: 0|index|id|ids|name|names|gene|genes|symbol|feature|probe|transcript|sample|samples"
    r"|cell|cells|barcode|barcodes|patient|donor|(?:hugo|hgnc|gene|ensembl|entrez|refseq|sample|cell"
    r"|transcript|feature|probe|ncbi|tracking|case|patient)[ _.-]?(?:gene[ _.-]?)?(?:id|ids|symbol"
    r"|name|names|set|acc|accession|barcode)?(?:\(s\))?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:entrez|ncbi)[ _.-]?(?:gene)?[ _.-]?(?:id)?|chr(?:om(?:osome)?)?|start|end|stop"
    r"|strand|length|(?:gene|effective|transcript|exon)[ _.-]?length|gc[ _.-]?content",
    re.IGNORECASE,
)
"""Names of columns of numbers that tell of a gene, and are no values of a sample."""


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
    has_names
        Whether the first column names the rows.
    beside
        Columns of text, or of numbers that describe.
    numbers
        Columns of values.
    """

    separator: str
    width: int
    header: list[str] | None
    n_above: int
    has_names: bool
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


def layout_of(head: Sequence[Line], path: Path) -> Layout:
    """Understand a table by its first lines.

    Raises
    ------
    ValueError
        If it has no rows, lines have different numbers of fields, or there are no columns of
        numbers.
    """
    n_above = _preamble(head)
    if len(head) - n_above < 2:
        raise ValueError(f"{path} holds no table: it has {len(head)} lines that are not empty.")
    separator = separator_of([line for _, line in head[n_above:]], path)
    first, *rows = [split(line, separator) for _, line in head[n_above:]]
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if width < 2:
        raise ValueError(
            f"{path} has one column: no tab, comma, semicolon or space separates its fields."
        )
    for (number, _), fields in zip(head[n_above + 1 :], rows, strict=True):
        require_width(len(fields), width, number, path)
    header = _header(first, rows, width)
    if header is None:
        require_width(len(first), width, head[n_above][0], path)
        rows = [first, *rows]
    has_names = _has_names(header, rows)
    beside, values = _kinds(header, rows, range(int(has_names), width))
    if not values:
        raise ValueError(
            f"{path} has no column of numbers, but {len(beside)} of text: it is no matrix of "
            "expression. Columns that describe samples belong into adata.obs: pandas.read_csv."
        )
    if len(beside) > len(values) and len(beside) > 3:
        raise ValueError(
            f"{path} has {len(beside)} columns of text and {len(values)} of numbers: it looks like "
            "a table that describes samples or genes, not like a matrix of expression. Such "
            "columns belong into adata.obs or adata.var: pandas.read_csv."
        )
    above = n_above + (header is not None)
    return Layout(separator, width, header, above, has_names, beside, values)


def require_width(found: int, width: int, number: int, path: Path) -> None:
    """Raise ValueError if a line has another number of fields than the others."""
    if found != width:
        raise ValueError(
            f"{path}, line {number} has {found} fields, and others have {width}: a field is "
            "missing or holds the separator; put text that does in quotation marks."
        )


def without_comments(head: Sequence[Line]) -> list[Line]:
    """Return the lines but those at the top that begin with ``#``; the names of columns may too."""
    n = next((k for k, (_, line) in enumerate(head) if not line.startswith("#")), len(head))
    if n and n < len(head):
        number, last = head[n - 1][0], head[n - 1][1].lstrip("# ")
        for separator in _SEPARATORS[:3]:
            if separator in last and last.count(separator) == head[n][1].count(separator):
                return [(number, last), *head[n:]]
    return list(head[n:])


def _preamble(head: Sequence[Line]) -> int:
    """Return how many lines are above the table: in GCT files one of two numbers."""
    if len(head) < 2:
        return 0
    first, second = head[0][1].split(), head[1][1].split("\t")
    return int(len(first) == 2 and all(word.isdigit() for word in first) and len(second) > 2)


def separator_of(lines: Sequence[str], path: Path) -> str:
    """Return what separates the fields: what cuts all rows into equally many, and into most."""
    best, most = "", 1.0
    for separator in _SEPARATORS:
        try:
            widths = [len(split(line, separator)) for line in lines[1:]]
        except csv.Error as error:
            raise ValueError(f"{path} has a field that is too long ({error}).") from error
        width, number = Counter(widths).most_common(1)[0]
        # Names may hold spaces, so that another separator is taken before them.
        weight = width * number / len(widths) if width > 1 else 0
        if weight > most and (separator != " " or best == ""):
            best, most = separator, weight
    return best or "\t"


def _header(first: list[str], rows: list[list[str]], width: int) -> list[str] | None:
    """Return the names of all columns, also of that which names the rows; None without names."""
    if len(first) == width - 1:  # as R writes it
        return ["", *first]
    if len(first) != width:
        return None
    if _CORNER.fullmatch(first[0]) and (first[0] or not _are_numbers(first[1:])):
        return first
    n_text = sum(as_number(field) is None for field in first[1:])
    of_rows = [sum(as_number(field) is None for field in row[1:]) for row in rows]
    if n_text > max(of_rows):
        return first
    if not first[0] and as_number(rows[0][0]) is None:  # names of columns that are numbers
        return first
    return None


def _are_numbers(fields: Sequence[str]) -> bool:
    return all(as_number(field) is not None for field in fields)


def _has_names(header: list[str] | None, rows: list[list[str]]) -> bool:
    """Return whether the first column names the rows."""
    firsts = [row[0] for row in rows]
    if not _are_numbers(firsts):
        return True
    if header is None:
        return False
    if is_gene(header[0]):
        return False
    return bool(_CORNER.fullmatch(header[0])) and len(set(firsts)) == len(firsts)


def _kinds(
    header: list[str] | None, rows: list[list[str]], columns: range
) -> tuple[list[int], list[int]]:
    """Return which columns describe the rows, and which hold values."""
    beside: list[int] = []
    values: list[int] = []
    for column in columns:
        fields = [row[column] for row in rows if row[column] not in MISSING]
        text = sum(as_number(field) is None for field in fields)
        named = header is not None and _NUMBERED.fullmatch(header[column]) is not None
        (beside if named or 2 * text > len(fields) else values).append(column)
    return beside, values
