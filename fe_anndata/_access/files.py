"""Files of AnnData: read, or opened without their matrices."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
_READING = (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError)
"""What reading a damaged file raises."""


@dataclass(frozen=True)
class Source:
    """An AnnData, whose matrices may stay in a file.

    Attributes
    ----------
    adata
        It; where it was given as a path, without X and layers.
    matrix
        Returns X (None) or a layer as it is, in memory or in the file. It raises KeyError or
        ValueError if there is none.
    path
        Of the file that the matrices stay in, if it is known.
    """

    adata: AnnData
    matrix: Callable[[str | None], Any]
    path: Path | None = None

    def copied(self) -> AnnData:
        """Return a copy of the AnnData; of one in a file without the matrices."""
        adata = self.adata
        if not adata.isbacked:
            return adata.copy()
        return AnnData(**{name: getattr(adata, name) for name in TABLES}).copy()

    def require_room(self) -> None:
        """Raise ValueError if nothing can be written to the AnnData."""
        if self.adata.isbacked and self.adata.is_view:
            raise ValueError(
                "adata is a view of an AnnData in a file, to which nothing can be written: take "
                "copy=True, or load it with adata = adata.to_memory()."
            )

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Raise ValueError if the file was changed, moved or closed meanwhile."""
        before, was_closed = _stamp(self.path), _is_closed(self.adata)
        try:
            yield
        except _READING as error:
            what = self._what_happened(before, was_closed)
            if what is None and isinstance(error, OSError) and error.errno is None and self.path:
                what = f"cannot be read to its end, so nothing was written ({first_line(error)})."
            if what is None:
                raise
            raise ValueError(f"{self.path} {what}") from error
        what = self._what_happened(before, True)
        if what is not None:
            raise ValueError(f"{self.path} {what}")

    @contextmanager
    def named(self) -> Iterator[None]:
        """Have a ValueError about what is in a file name the file."""
        try:
            yield
        except ValueError as error:
            if self.path is None or type(error) is not ValueError or str(self.path) in str(error):
                raise
            raise ValueError(f"{self.path}: {error}") from error

    def _what_happened(self, before: tuple[int, ...] | None, was_closed: bool) -> str | None:
        """Return why the file cannot be read to its end; None if it can."""
        now = _stamp(self.path)
        if self.path is not None and now != before:
            what = "is no longer there" if now is None else "was changed"
            return f"{what} while it was read, so nothing was written; start again."
        if not was_closed and _is_closed(self.adata):
            return (
                "was closed while it was read, so nothing was written; read it again, with "
                "anndata.read_h5ad(path, backed='r')."
            )
        return None


def written_to(adata: AnnData, *, copy: bool) -> AnnData:
    """Return what a verb writes to: `adata` or, if it is asked for, a copy.

    Raises
    ------
    ValueError
        If nothing can be written to it, as to a view of a file.
    """
    source = _in_place(adata)
    if copy:
        return source.copied()
    source.require_room()
    return adata


def _stamp(path: Path | None) -> tuple[int, ...] | None:
    """Return what tells that a file is still the same."""
    try:
        facts = None if path is None else os.stat(path)
    except OSError:
        return None
    return None if facts is None else (facts.st_ino, facts.st_size, facts.st_mtime_ns)


def _is_closed(adata: AnnData) -> bool:
    return bool(adata.isbacked and not adata.file.is_open)


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
            f"{path} is a folder, not an .h5ad file; if AnnData wrote it as .zarr: "
            f"anndata.read_zarr({str(path)!r})."
        )
    with _file(path, whole=True) as file:
        if is_of_today(file):
            return _anndata({name: _element(file, name, path) for name in _PARTS if name in file},
                            path)  # fmt: skip
    return _of_older_layout(path)


@contextmanager
def opened(adata: Any, what: str = "adata") -> Iterator[Source]:
    """Yield an AnnData as it is, or that of a file, whose matrices are not loaded."""
    if isinstance(adata, AnnData):
        yield _in_place(adata)
    elif isinstance(adata, str | Path):
        yield from _open(expanded(adata))
    else:
        name = type(adata).__name__
        hint = f" Join its modalities: fe.pp.join_modalities({what})." if name == "MuData" else ""
        raise TypeError(
            f"{what} must be an AnnData or the path of an .h5ad or .zarr file, not {name}.{hint}"
        )


def _in_place(adata: AnnData) -> Source:
    path = None
    if adata.isbacked and adata.filename is not None:
        path = Path(adata.filename)

    def find(layer: str | None) -> Any:
        if layer is not None:
            require_key(layer, adata.layers, "layer")
            return adata.layers[layer]
        if _is_closed(adata):
            raise ValueError(
                f"the file of adata is closed: read it again, with anndata.read_h5ad({path}, "
                "backed='r')."
            )
        if adata.X is None:
            if not adata.layers:
                raise ValueError(
                    "adata.X is empty, and there is no layer. What a verb returns for a path is "
                    "without the matrix: adata.X = fe.io.read_h5ad(path).X brings it back."
                )
            raise ValueError(f"adata.X is empty; name a layer: {near('', adata.layers)}")
        return adata.X

    return Source(adata, find, path)


def _open(path: Path) -> Iterator[Source]:
    if path.is_dir():
        yield _of_group(_zarr(path), path)
        return
    with _file(path, whole=False) as file:
        if is_of_today(file):
            yield _of_group(file, path)
            return
    # Files of old versions are small enough to be read as a whole.
    yield _in_place(load(path))


@contextmanager
def _file(path: Path, *, whole: bool) -> Iterator[h5py.File]:
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


def _of_group(group: Any, path: Path) -> Source:
    adata = _anndata({name: _element(group, name, path) for name in TABLES if name in group}, path)

    def find(layer: str | None) -> Any:
        layers = list(group["layers"]) if "layers" in group else []
        if layer is not None:
            require_key(layer, layers, "layer")
            return _matrix(group[f"layers/{layer}"])
        if "X" not in group:
            raise ValueError(f"X of {path} is empty; name a layer: {near('', layers)}")
        return _matrix(group["X"])

    return Source(adata, find, path)


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


def _zarr(path: Path) -> Any:
    import zarr

    if any(path.glob("matrix.mtx*")):
        raise ValueError(f"{path} is a folder of 10x: scanpy.read_10x_mtx({str(path)!r}) reads it.")
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
