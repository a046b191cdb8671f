"""Files of another kind than .h5ad, told by their first bytes, and how each is read."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from pathlib import Path
from typing import Any

_STARTS = {
    b"BZh": "compressed by bzip2: bunzip2 it first",
    b"\xfd7zXZ": "compressed by xz: unxz it first",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: unzstd it first",
}
_OF_R = (
    "an R data set: in R, anndataR::write_h5ad(object, 'file.h5ad') or zellkonverter::writeH5AD "
    "writes an .h5ad file"
)
_R_STARTS = (b"X\n", b"A\n", b"RDX", b"RDA")
_IN_HDF5 = (
    (("cell.names", "assays"), "an h5Seurat file: in R, SeuratDisk::Convert(path, dest='h5ad')"),
    (("row_attrs", "col_attrs"), "a loom file: fe.io.read(path) reads it"),
    (("matrix/barcodes",), "a 10x file: fe.io.read(path) reads it"),
    (("mod",), "a MuData file: fe.io.read(path) joins its modalities"),
)
KNOWN_VERSION = "0.1.0"
"""Of the layout of an AnnData in a file; there is no other yet."""


def said_of(path: Path) -> str | None:
    """Return what a file is that is not HDF5, and how to read it; None if nothing tells."""
    with path.open("rb") as file:
        start = file.read(512)
    packed = unpacked(path, start)
    if packed.startswith(_R_STARTS):
        return _OF_R
    if start.startswith(b"\x1f\x8b"):
        return "compressed by gzip: gunzip it first"
    if not start:
        return "empty"
    if start.startswith(b"PK"):
        return _of_zip(path)
    for known, what in _STARTS.items():
        if start.startswith(known):
            return what
    if start and b"\x00" not in start and is_text(start):
        return "a text file: fe.io.read(path) reads a table"
    return None


def _names_in_zip(path: Path) -> list[str]:
    """Return what is in a zip archive; nothing if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return []


def is_npz(path: Path) -> bool:
    """Return whether a zip archive holds arrays of numpy alone."""
    names = _names_in_zip(path)
    return bool(names) and all(name.endswith(".npy") for name in names)


def _of_zip(path: Path) -> str:
    names = _names_in_zip(path)
    if "xl/workbook.xml" in names:
        return (
            "an Excel workbook: save the sheet as .csv, and look for genes such as SEPT2, of which "
            "Excel makes dates"
        )
    if is_npz(path):
        return (
            "an .npz file: fe.io.read(path) reads a matrix with names, and "
            "fe.io.read_gene_vectors(path) gene vectors"
        )
    return "a zip archive: unpack it first"


def unpacked(path: Path, start: bytes) -> bytes:
    """Return the first bytes of what a file that may be compressed holds."""
    opening: Any = gzip.open if start.startswith(b"\x1f\x8b") else None
    opening = bz2.open if start.startswith(b"BZh") else opening
    if opening is None:
        return start
    try:
        with opening(path) as file:
            found: bytes = file.read(8)
            return found
    except (OSError, EOFError, ValueError):
        return b""


def is_text(start: bytes) -> bool:
    # The last character may be cut in two.
    return any(_decodes(start[: len(start) - cut]) for cut in range(4))


def _decodes(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def require_anndata_file(group: Any, path: Path) -> None:
    """Raise ValueError if an HDF5 file or a .zarr folder holds no AnnData, or one of the future."""
    kind, version = (group.attrs.get(f"encoding-{name}") for name in ("type", "version"))
    if kind == "anndata":
        if version != KNOWN_VERSION:
            raise ValueError(
                f"{path} was written in version {version} of the layout of AnnData, and this "
                f"anndata knows {KNOWN_VERSION}: pip install --upgrade anndata fe-anndata."
            )
        return
    for names, what in _IN_HDF5:
        if all(name in group for name in names):
            raise ValueError(f"{path} is {what}.")
    for name in group:  # older 10x files have a group for each genome
        if hasattr(group[name], "keys") and {"barcodes", "indptr"} <= set(group[name]):
            raise ValueError(f"{path} is a 10x file: fe.io.read(path) reads it.")
    if "X" not in group and not {"obs", "var"} <= set(group):
        held = ", ".join(sorted(group)[:8]) or "nothing"
        raise ValueError(f"{path} holds no AnnData: it has no obs and no var, but {held}.")
