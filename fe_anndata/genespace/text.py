"""Lines of text files of other people, plain or compressed, read once and by blocks."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..matrix.memory import available

GZIP, BZIP2 = b"\x1f\x8b", b"BZh"
NO_TEXT = {
    b"\x89HDF": "an HDF5 file, such as .h5ad, .h5mu or one of 10x",
    b"PK\x03\x04": "a zip archive, such as .xlsx (save a sheet as .csv) or .npz",
}
"""How files begin that are given in the place of text."""
BOM, UTF_16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
COMMENT = "#"

BLOCK = 1 << 20
"""Bytes that are read at a time."""
LONGEST = 1 << 24
"""Bytes of a line; 60,000 genes or values take about a million."""
RATIO = 200
"""How many times its size a compressed file may unpack to, from the first whole block on."""
SIP = 1 << 10
"""Packed bytes that are read at a time; of more, nobody could tell how many are unpacked."""


def lines(path: Path, *, comments: bool = False) -> Iterator[tuple[int, str]]:
    r"""Yield the lines that are neither blank nor a comment, each with its number from 1.

    Lines end with ``\\n``, ``\\r\\n`` or ``\\r``, as in files of any system. A byte-order mark of
    UTF-8 is left out. With `comments` lines that begin with ``#`` are lines like others.

    Raises
    ------
    ValueError
        If there is no such file; if it cannot be read, is not UTF-8, or holds a NUL or a line
        that is too long (the line is named by its number); or if it is a file of gzip or bzip2 that
        is damaged or unpacks to more than can be meant.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}.")
    for number, raw in enumerate(_raw_lines(path), start=1):
        if number == 1:
            if raw.startswith(UTF_16):
                raise ValueError(
                    f"{path} is not text in UTF-8, but in UTF-16, as its first bytes say; save it "
                    "as UTF-8."
                )
            raw = raw.removeprefix(BOM)
        if b"\0" in raw:
            raise ValueError(
                f"{path}, line {number}: {raw[:40].decode('latin-1')!r} holds a NUL character: "
                "the file is not text, or not in UTF-8."
            )
        try:
            line = raw.rstrip(b"\r\n").decode()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}, line {number}: byte {raw[error.start]:#04x} (character "
                f"{error.start + 1}) is not UTF-8: the file is not text, or has another encoding "
                "such as Latin-1; save it as UTF-8."
            ) from error
        if line.strip() and (comments or not line.startswith(COMMENT)):
            yield number, line


def _raw_lines(path: Path) -> Iterator[bytes]:
    """Yield lines with their ends."""
    rest, number = b"", 0
    for block in _blocks(path):
        # bytes are only split at line ends; text also at characters that a name may hold
        found = (rest + block).splitlines(keepends=True)
        rest = found.pop()  # perhaps unfinished, or its end is half of \r\n
        number += len(found)
        if len(rest) > LONGEST:
            raise ValueError(
                f"{path}, line {number + 1} is longer than {LONGEST:,} bytes; is it a text file?"
            )
        yield from found
    if rest:
        yield rest


class _Sips(io.BufferedIOBase):
    """A file that gives a few bytes at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        return self._file.read(min(size, SIP) if size and size > 0 else SIP)


def _unpacked(file: BinaryIO, start: bytes) -> io.BufferedIOBase:
    sips: Any = _Sips(file)
    return gzip.GzipFile(fileobj=sips) if start.startswith(GZIP) else bz2.BZ2File(sips)


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the text in blocks of bytes; it is never in memory as a whole."""
    read, most = 0, available()
    try:
        with path.open("rb") as file:
            start = file.peek(8)
            for known, what in NO_TEXT.items():
                if start.startswith(known):
                    raise ValueError(f"{path} is no text, but {what}.")
            packed = start.startswith((GZIP, BZIP2))
            source = _unpacked(file, start) if packed else file
            while block := source.read(BLOCK):
                read += len(block)
                if packed and read >= BLOCK and read > RATIO * file.tell():
                    raise ValueError(
                        f"{path} unpacks to more than {RATIO} times its size, which no file of "
                        "names and numbers does; if it is sound, unpack it yourself "
                        "first (gunzip, bunzip2)."
                    )
                if read > most:
                    raise ValueError(
                        f"{path} holds more text than there is memory ({most / 1e9:.3g} GB); read "
                        "a part of it."
                    )
                yield block
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is a damaged gzip file ({error}); get it again.") from error
    except OSError as error:
        if error.errno is None:  # of bz2, which has no error of its own
            raise ValueError(f"{path} is a damaged bzip2 file ({error}); get it again.") from error
        raise ValueError(f"{path} cannot be read: {error}.") from error
