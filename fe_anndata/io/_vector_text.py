"""Gene vectors as lines of text: word2vec's layout and tables with a header row."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

GZIP = b"\x1f\x8b"
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
    lines = _lines(path)
    first = next(lines, None)
    if first is None:
        raise ValueError(f"{path} is empty.")
    second = next(lines, None)
    announced = _counts(first[1], second[1] if second else "")
    header = announced is not None or _names_columns(first[1], second[1] if second else "")
    kept = [line for line in (None if header else first, second) if line is not None]
    names, vectors = _parse(path, _chain(kept, lines), announced[1] if announced else None)
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


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, each with its number from 1."""
    raw = path.read_bytes()
    try:
        text = (gzip.decompress(raw) if raw.startswith(GZIP) else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is a damaged gzip file ({error}).") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not text; vectors are read from word2vec text, .tsv, .npz and .h5ad."
        ) from error
    # splitlines would also split at characters that a name may contain.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.rstrip("\r")


def _chain(
    kept: list[tuple[int, str]], lines: Iterator[tuple[int, str]]
) -> Iterator[tuple[int, str]]:
    yield from kept
    yield from lines


def _split(line: str) -> tuple[str, list[str]]:
    """Return the name, which ends at the first tab or else at the first space, and the rest."""
    name, _, rest = line.partition("\t") if "\t" in line else line.partition(" ")
    if "\t" in (rest := rest.rstrip()):  # an empty field is a value that is missing
        return name.strip(), [field.strip() for field in rest.split("\t")]
    return name.strip(), rest.split()


def _counts(first: str, second: str) -> tuple[int, int] | None:
    """Return the number of vectors and their length, if the first line gives them."""
    words = first.split()
    if len(words) != 2 or first[:1].isspace() or not all(word.isdecimal() for word in words):
        return None
    # The line of a vector of length one looks the same if the name of the gene is a number.
    number, dim = map(int, words)
    return None if len(_split(second)[1]) == 1 != dim else (number, dim)


def _names_columns(first: str, second: str) -> bool:
    """Return whether the first line names the columns, by words or by numbers."""
    corner, fields = _split(first)
    if not any(_is_number(field) for field in fields):  # else it may be a damaged vector
        return not second or any(_is_number(field) for field in _split(second)[1])
    counted = [[str(i + start) for i in range(len(fields))] for start in (0, 1)]
    return corner.lower() in CORNERS and fields in counted


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parse(
    path: Path, lines: Iterable[tuple[int, str]], dim: int | None
) -> tuple[list[str], np.ndarray]:
    """Return names and vectors of length `dim` or, if it is None, of the length of the first."""
    names: list[str] = []
    rows: list[np.ndarray] = []
    for number, line in lines:
        name, fields = _split(line)
        dim = len(fields) if dim is None else dim
        where = f"{path}, line {number}: {line[:40]!r}"
        if not name or not fields:
            raise ValueError(f"{where} is not a name and a vector.")
        if len(fields) != dim:
            raise ValueError(f"{where} has {len(fields)} values, not {dim} as expected.")
        try:
            with np.errstate(over="ignore"):  # a number too large for float32 is refused below
                row = np.array(fields, dtype=np.float64).astype(np.float32)
        except ValueError as error:
            wrong = next(field for field in fields if not _is_number(field))
            raise ValueError(f"{where} holds {wrong!r}, which is not a number.") from error
        finite = np.isfinite(row)
        if not finite.all() and not np.isnan(row).all():
            raise ValueError(
                f"{where} is not finite in value {1 + int(np.argmin(finite))}. A gene without a "
                "vector may have NaN in all values, but not in some."
            )
        names.append(name)
        rows.append(row)
    return names, np.stack(rows) if rows else np.empty((0, 0), np.float32)
