"""Names and vectors in .npz files, whose headers are looked at before anything is made of them."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from .._core.errors import near
from ..matrix.memory import available

LONGEST_NAME = 4096
"""Characters of a gene name."""
MOST_PACKED = 1100
"""To how many bytes deflate unpacks one, about."""
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path: Path) -> tuple[list[str], np.ndarray]:
    """Return the arrays ``names`` and ``vectors`` of an .npz file.

    Raises
    ------
    ValueError
        If one is missing, holds anything but text and real numbers, or says that it is larger than
        what is stored of it or than memory.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
            missing = {"names", "vectors"} - members.keys()
            if missing:
                raise ValueError(f"{path} lacks the array {min(missing)!r}: {near('', members)}")
            names = _array(archive, members["names"], path, "US").ravel()
            vectors = _array(archive, members["vectors"], path, "fiu")
        if names.dtype.kind == "S":
            names = np.char.decode(names, "utf-8")
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(str(path)):
            raise
        raise ValueError(
            f"{path} cannot be read as an .npz file of plain arrays: it is damaged, or its names "
            "are stored as objects; store them as names.astype(str)."
        ) from error
    return [str(name) for name in names], vectors


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, kinds: str) -> np.ndarray:
    name = member.filename.removesuffix(".npy")
    with archive.open(member) as file:
        shape, dtype = _header(file)
    size = math.prod(shape) * dtype.itemsize
    if not dtype.hasobject and dtype.kind not in kinds:
        kind = "complex numbers" if dtype.kind == "c" else f"values of the type {dtype}"
        wanted = "text" if "U" in kinds else "real numbers"
        raise ValueError(f"{path}: the array {name!r} holds {kind}; store {wanted}.")
    if dtype.kind in "US" and dtype.itemsize > 4 * LONGEST_NAME:
        raise ValueError(
            f"{path}: the array {name!r} has room for names of {dtype.itemsize} bytes."
        )
    if size > member.file_size or member.file_size > MOST_PACKED * (member.compress_size + 1):
        raise ValueError(
            f"{path}: the array {name!r} says that it has {size / 1e9:.3g} GB, but less is stored."
        )
    if 2 * size > available():
        raise ValueError(
            f"{path}: the array {name!r} takes {size / 1e9:.3g} GB, more than the memory that is "
            "free."
        )
    with archive.open(member) as file:
        found: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return found


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format is not known")
    shape, _, dtype = _HEADERS[version](file)
    return shape, dtype
