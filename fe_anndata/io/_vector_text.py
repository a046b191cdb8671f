"""Gene vectors as lines of text: word2vec's layout, and tables with tabs or commas."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ..genespace.text import lines

CORNERS = (
    "",
    "gene",
    "genes",
    "gene_name",
    "gene_id",
    "symbol",
    "gene_symbol",
    "name",
    "index",
    "id",
    "unnamed: 0",
)
"""What the first column may be called in a table whose other columns are numbered."""


def read_text(path: Path) -> tuple[list[str], np.ndarray]:
    """Return names and vectors, float32 (n_genes, gene_dim), of a text file, gzip or plain.

    The first line may give the number of vectors and their length, or name the columns; it may
    also be the first vector.

    Raises
    ------
    ValueError
        If a line cannot be read (the message gives its number), or the file is empty or cut off.
    """
    rest = lines(path)
    first = next(rest, None)
    if first is None:
        raise ValueError(f"{path} is empty.")
    second = next(rest, None)
    top = [line for line in (first, second) if line is not None]
    announced = _counts(*(text for _, text in top))
    comma = announced is None and _by_commas([text for _, text in top])
    head, *kept = [_Line(path, *line, comma) for line in top]
    if announced is None and not _names_columns(head, kept):
        kept = [head, *kept]
    found = chain(kept, (_Line(path, *line, comma) for line in rest))
    names, vectors = _parse(found, announced[1] if announced else None)
    if not names:
        raise ValueError(f"{path} holds a header line, but no vector.")
    if announced and announced[0] != len(names):
        raise ValueError(
            f"{path} announces {announced[0]} vectors in line 1 and holds {len(names)}: it was cut "
            "off or changed. Download it again, or delete line 1 to read what is there."
        )
    return names, vectors


def write_text(file: BinaryIO, names: list[str], vectors: np.ndarray, *, table: bool) -> None:
    """Write word2vec text or, if `table`, tab-separated columns with a header row.

    Nine significant digits are enough to give every float32 back exactly.
    """
    dim = vectors.shape[1]
    gap = "\t" if table else " "
    columns = [f"dim{i + 1}" for i in range(dim)]
    first = gap.join(["gene", *columns]) if table else f"{len(names)} {dim}"
    line = "%s" + f"{gap}%.9g" * dim + "\n"
    file.write(f"{first}\n".encode())
    for name, row in zip(names, vectors, strict=True):
        file.write((line % (name, *row.tolist())).encode())


class _Line(NamedTuple):
    """A line of a file, and whether commas separate its fields."""

    path: Path
    number: int
    text: str
    comma: bool

    @property
    def where(self) -> str:
        return f"{self.path}, line {self.number}: {self.text[:40]!r}"

    def split(self) -> tuple[str, list[str]]:
        """Return the name, up to a comma, the first tab or else the first space, and the values.

        An empty field is a value that is missing, but for those at the end of the line.
        """
        text = self.text.rstrip()
        gap = "," if self.comma else "\t" if "\t" in text else " "
        if '"' in text:
            name, *fields = self._unquoted(text, gap)
        else:
            name, _, rest = text.partition(gap)
            several = self.comma or (gap == "\t" and "\t" in rest)
            fields = [f.strip() for f in rest.split(gap)] if several else rest.split()
        while fields and not fields[-1]:
            fields.pop()
        return name.strip(), fields

    def _unquoted(self, text: str, gap: str) -> list[str]:
        """Return the fields of a line with quotes, as R and tables write them."""
        try:
            fields = [field.strip() for field in _csv(text, gap)]
        except csv.Error as error:
            raise ValueError(f"{self.where} has a quote that is not closed: {error}.") from error
        if gap == "\t" and len(fields) == 2:
            fields[1:] = fields[1].split()
        return fields


def _csv(text: str, gap: str) -> list[str]:
    return next(csv.reader([text], delimiter=gap, strict=True, skipinitialspace=gap != "\t"))


def _by_commas(lines: list[str]) -> bool:
    """Return whether commas separate the fields of lines, and are not in names or numbers."""
    if any("\t" in line for line in lines):
        return False
    for line in lines:
        try:
            name, *fields = _csv(line, ",")
        except csv.Error:
            continue
        words = name.split()
        decimal = len(words) > 1 and _is_number(words[-1])  # "A 1,5"
        if fields and not decimal and all(len(field.split()) < 2 for field in fields):
            return True
    return False


def _counts(first: str, second: str = "") -> tuple[int, int] | None:
    """Return the number of vectors and their length, if the first line gives them."""
    words = first.split()
    if len(words) != 2 or first[:1].isspace():
        return None
    if not all(word.isascii() and word.isdecimal() and len(word) < 16 for word in words):
        return None
    # The line of a vector of length one looks the same if the name of the gene is a number.
    number, dim = map(int, words)
    values = second.partition("\t" if "\t" in second else " ")[2].split()
    return None if len(values) == 1 != dim else (number, dim)


def _names_columns(first: _Line, others: list[_Line]) -> bool:
    """Return whether the first line names the columns, by words or by numbers."""
    corner, fields = first.split()
    if not any(_is_number(field) for field in fields):  # else it may be a damaged vector
        return not others or any(_is_number(field) for field in others[0].split()[1])
    counted = [[str(i + start) for i in range(len(fields))] for start in (0, 1)]
    return corner.lower() in CORNERS and fields in counted


def _parse(lines: Iterable[_Line], dim: int | None) -> tuple[list[str], np.ndarray]:
    """Return names and vectors of length `dim` or, if it is None, of the length of the first."""
    names: dict[str, int] = {}  # and their lines
    values = bytearray()  # grows in place, so that the vectors are in memory once
    for line in lines:
        name, fields = line.split()
        dim = len(fields) if dim is None else dim
        if not name or not fields:
            raise ValueError(
                f"{line.where} is not a name and a vector, separated by tabs, commas or spaces."
            )
        if len(fields) != dim:
            raise ValueError(f"{line.where} has {len(fields)} values, not {dim} as expected.")
        if name in names:
            raise ValueError(
                f"{line.path}: names repeat, first {name!r} in lines {names[name]} and "
                f"{line.number}; keep one line for each."
            )
        names[name] = line.number
        values += _row(line, fields).tobytes()
    vectors = np.frombuffer(values, dtype=np.float32)
    return list(names), vectors.reshape(len(names), (dim or 0) if names else 0)


def _row(line: _Line, fields: list[str]) -> np.ndarray:
    """Return the values of a line, float32."""
    try:
        wide = np.array(_floats(fields))
    except ValueError as error:
        wrong = next(i for i, field in enumerate(fields) if not _is_number(field))
        raise ValueError(
            f"{line.where} holds {fields[wrong]!r}, which is not a number (value {wrong + 1})."
        ) from error
    with np.errstate(over="ignore"):  # a number too large for float32 is refused below
        row: np.ndarray = wide.astype(np.float32)
    finite = np.isfinite(row)
    if not finite.all() and not np.isnan(row).all():
        wrong = int(np.argmin(finite))
        large = " is too large for float32" if np.isfinite(wide[wrong]) else ""
        raise ValueError(
            f"{line.where} is not finite in value {wrong + 1}: {fields[wrong]!r}{large}. A gene "
            "without a vector may have NaN in all values, but not in some."
        )
    return row


def _floats(fields: list[str]) -> list[float]:
    """Return numbers in the digits and signs that all tools write; NA, as R writes it, is NaN."""
    text = "".join(fields)
    if "_" in text or not text.isascii():  # which Python reads, as in 1_000
        raise ValueError(text)
    if "NA" in fields:
        fields = ["nan" if field == "NA" else field for field in fields]
    return list(map(float, fields))


def _is_number(text: str) -> bool:
    try:
        _floats([text])
    except ValueError:
        return False
    return True
