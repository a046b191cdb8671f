"""What kind of file a path leads to, by its first bytes and not by its name."""

from __future__ import annotations

from pathlib import Path

import h5py

from ..other_kinds import is_npz, is_text, said_of, unpacked

OF_ANNDATA = (".h5ad", ".zarr")
"""Kinds whose matrices can stay in the file."""
OF_TEXT = (".tsv", ".csv", ".txt", ".tab", ".gct")
_IN_HDF5 = {"mod": ".h5mu", "row_attrs": ".loom", "matrix/barcodes": "10x .h5"}


def kind_of(path: Path) -> str:
    """Return the kind of a file or folder, as a word that :func:`read` knows.

    Raises
    ------
    ValueError
        If there is none, or it is of a kind that is not read; the message says what to do.
    """
    if path.is_dir():
        return "10x folder" if any(path.glob("*matrix.mtx*")) else ".zarr"
    if not path.is_file():
        raise ValueError(f"there is no file {path}.")
    if h5py.is_hdf5(path):
        return _of_hdf5(path)
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise ValueError(f"{path} is empty.")
    if start.startswith(b"PAR1"):
        return ".parquet"
    if start.startswith(b"PK") and is_npz(path):
        return ".npz"
    inside = unpacked(path, start)
    what = said_of(path)
    wide = inside.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16, of which the reader tells
    if wide or (is_text(inside) and not (what or "").startswith("an R")):
        return "text"
    if what is None and path.suffix.lower() in OF_TEXT:
        return "text"  # in another encoding, of which the reader tells
    if path.suffix == ".h5ad" and what is None:
        return ".h5ad"  # which says itself what is wrong with it
    raise ValueError(f"{path} is {what}." if what else f"{path} is of no kind that can be read.")


def _of_hdf5(path: Path) -> str:
    try:
        with h5py.File(path, "r") as file:
            for name, kind in _IN_HDF5.items():
                if name in file and "X" not in file:
                    return kind
            older = any(
                isinstance(file.get(name), h5py.Group) and {"barcodes", "indptr"} <= set(file[name])
                for name in file
            )
            return "10x .h5" if older and "X" not in file else ".h5ad"
    except Exception:  # damaged; what reads .h5ad files says how
        return ".h5ad"
