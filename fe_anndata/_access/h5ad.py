"""Files of AnnData, .h5ad and .zarr: read whole, or without their matrices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata
import h5py
from anndata import AnnData
from anndata.io import read_elem, sparse_dataset

from .._core.errors import near, require_key
from .._core.paths import expanded
from .headers import TABLES, require_sound
from .other_kinds import require_anndata_file, said_of
from .zarr_headers import require_sound_folder

_PARTS = ("X", *TABLES, "layers", "raw")


def load(path: str | Path) -> AnnData:
    """Return the AnnData of an .h5ad file, in memory.

    Raises
    ------
    ValueError
        If there is no such file, it is not an .h5ad file or it is damaged.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(
            f"{path} is a folder, not an .h5ad file; fe.io.read({str(path)!r}) reads one that "
            "AnnData wrote as .zarr."
        )
    with opened_file(path, whole=True) as file:
        if is_of_today(file):
            return _anndata({name: _element(file, name, path) for name in _PARTS if name in file},
                            path)  # fmt: skip
    return _of_older_layout(path)


@contextmanager
def opened_file(path: Path, *, whole: bool) -> Iterator[h5py.File]:
    """Yield an .h5ad file whose headers are sound; errors of the caller pass as they are."""
    path = _hdf5(path)
    try:
        file = h5py.File(path, "r")
    except Exception as error:
        raise _unreadable(path, error) from error
    with file:
        try:
            require_sound(file, path, whole=whole)
        except ValueError as error:
            if str(path) in str(error):
                raise
            raise _unreadable(path, error) from error
        except Exception as error:
            raise _unreadable(path, error) from error
        yield file


def is_of_today(file: h5py.File) -> bool:
    """Return whether a file has the layout that AnnData writes today, in all its parts."""
    return file.attrs.get("encoding-type") == "anndata" and all(
        isinstance(file[name], h5py.Group) for name in TABLES if name in file
    )


def _of_older_layout(path: Path) -> AnnData:
    try:
        return anndata.read_h5ad(path)
    except Exception as error:
        raise _unreadable(path, error) from error


def _element(group: Any, name: str, path: Path) -> Any:
    """Return an element of a file.

    Raises
    ------
    ValueError
        If it cannot be read; the message names the smallest part of it that cannot.
    """
    try:
        return read_elem(group[name])
    except Exception as error:
        raise _unreadable(path, *_culprit(group, name, error)) from error


def _culprit(group: Any, name: str, error: Exception) -> tuple[Exception, str, Any]:
    """Return what went wrong, and the name and the attributes of where it did."""
    try:
        element = group[name]
        inner = list(element) if hasattr(element, "keys") else []
    except Exception:
        return error, name, {}
    for key in inner:
        try:
            read_elem(element[key])
        except Exception as of_part:
            found, at, attributes = _culprit(element, key, of_part)
            return found, f"{name}/{at}", attributes
    return error, name, element.attrs


def _anndata(parts: dict[str, Any], path: Path) -> AnnData:
    try:
        return AnnData(**parts)
    except Exception as error:
        raise _unreadable(path, error, " and ".join(parts)) from error


def tables_of(group: Any, path: Path) -> AnnData:
    """Return the AnnData of an open file or folder, without X and layers."""
    return _anndata({name: _element(group, name, path) for name in TABLES if name in group}, path)


def matrix_of(group: Any, path: Path, layer: str | None) -> Any:
    """Return X (None) or a layer of an open file or folder, as it is there.

    Raises
    ------
    KeyError, ValueError
        If there is none.
    """
    layers = list(group["layers"]) if "layers" in group else []
    if layer is not None:
        require_key(layer, layers, "layer")
        return _matrix(group[f"layers/{layer}"])
    if "X" not in group:
        raise ValueError(f"X of {path} is empty; name a layer: {near('', layers)}")
    return _matrix(group["X"])


def _matrix(stored: Any) -> Any:
    return sparse_dataset(stored) if hasattr(stored, "keys") else stored


def _hdf5(path: str | Path) -> Path:
    path = expanded(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}.")
    if not h5py.is_hdf5(path):
        what = said_of(path)
        if what is not None:
            raise ValueError(f"{path} is not an .h5ad file, but {what}.")
        raise ValueError(f"{path} is not an .h5ad file (not HDF5), or its start is missing.")
    return path


def opened_folder(path: Path) -> Any:
    import zarr

    if any(path.glob("matrix.mtx*")):
        raise ValueError(f"{path} is a folder of 10x: fe.io.read({str(path)!r}) reads it.")
    require_sound_folder(path)
    try:
        group = zarr.open_group(path, mode="r", use_consolidated=False)
    except Exception as error:  # of zarr's own kinds
        raise ValueError(
            f"{path} is a folder, but not a .zarr one of AnnData ({first_line(error)})."
        ) from error
    require_anndata_file(group, path)
    return group


def _unreadable(path: Path, error: Exception, key: str = "", attributes: Any = None) -> ValueError:
    """Return the error for a file, or for an element of it, that cannot be read."""
    what = f"{key} in {path}" if key else str(path)
    if isinstance(error, MemoryError):
        return ValueError(f"{what} does not fit into the memory that is free.")
    try:
        kind, version = (dict(attributes or {}).get(f"encoding-{of}") for of in ("type", "version"))
    except Exception:  # attributes may be what is damaged
        kind = version = None
    written = ""
    if kind is not None and "IORegistryError" in type(error).__name__:
        written = (
            f" It is written as {kind!r} in version {version!r}, which anndata "
            f"{anndata.__version__} does not know: pip install --upgrade anndata."
        )
    return ValueError(
        f"{what} cannot be read as AnnData; it may be cut off or of another kind "
        f"({first_line(error)}).{written}"
    )


def first_line(error: Exception) -> str:
    """Return the first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
