"""The collections of text in an HDF5 file, looked at before HDF5 reads them.

Text of any length lies in "global heap collections", each a chain of objects that say how long
they are. HDF5 2.0 goes along the chain without asking whether it gets anywhere: a length that leads
back to where it stands keeps it there for ever, where no signal of Python reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SIGNATURE = b"GCOL\x01\x00\x00\x00"
HEADER = 16
"""Bytes of the head of a collection, and of that of an object in it."""
LARGEST = 4 << 30
"""Bytes beyond which a file is not searched, since a GB takes a third of a second."""
_AT_ONCE = 1 << 22


def require_ends(path: Path, n_bytes_of_length: int) -> None:
    """Raise ValueError if a collection of text in an HDF5 file has no end.

    Parameters
    ----------
    path
        The file.
    n_bytes_of_length
        How many bytes a length takes in it.
    """
    size = path.stat().st_size
    if size > LARGEST:
        return
    with path.open("rb") as file:
        for start in list(_starts(file)):
            file.seek(start)
            length = int.from_bytes(file.read(HEADER)[8 : 8 + n_bytes_of_length], "little")
            if not _ends(file.read(max(0, min(length, size) - HEADER)), n_bytes_of_length):
                raise ValueError(
                    f"{path}: the collection of text at byte {start} has no end: the file is "
                    "damaged."
                )


def _starts(file: BinaryIO) -> Iterator[int]:
    """Yield where collections begin."""
    offset, block = 0, b""
    while more := file.read(_AT_ONCE):
        block, at = block + more, -1
        while (at := block.find(SIGNATURE, at + 1)) >= 0:
            yield offset + at
        offset += max(len(block) - len(SIGNATURE) + 1, 0)
        block = block[-len(SIGNATURE) + 1 :]


def _ends(objects: bytes, n_bytes_of_length: int) -> bool:
    """Return whether each object of a collection leads to a later place."""
    at, n_places = 0, 1 << 8 * n_bytes_of_length
    while at + HEADER <= len(objects):
        length = int.from_bytes(objects[at + 8 : at + 8 + n_bytes_of_length], "little")
        is_free = objects[at : at + 2] == b"\0\0"
        step = length if is_free else HEADER + -(-length // 8) * 8
        if not 0 < step % n_places < n_places // 2:
            return False
        at += step
    return True
