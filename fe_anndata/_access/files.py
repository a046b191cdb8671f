"""Files of AnnData: read, or opened without their matrices."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from anndata import AnnData

from .._core.errors import near, require_key
from .._core.paths import expanded
from .formats import OF_ANNDATA, Orientation, kind_of, read
from .h5ad import (
    first_line,
    is_of_today,
    load,
    matrix_of,
    opened_file,
    opened_folder,
    tables_of,
)
from .headers import TABLES
from .layers import layers_of

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
    turned
        Whether it is known that its rows are samples, since it was read the right way round.
    layers
        Names of the layers of the file that the matrices stay in.
    """

    adata: AnnData
    matrix: Callable[[str | None], Any]
    path: Path | None = None
    turned: bool = False
    layers: tuple[str, ...] = ()

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


@contextmanager
def opened(adata: Any, what: str = "adata", orientation: Orientation = "auto") -> Iterator[Source]:
    """Yield an AnnData as it is, or that of a file.

    The matrices of an .h5ad file or a .zarr folder are not loaded. Any other file is read, and
    `orientation` says which way round; see :func:`fe_anndata.io.read`.
    """
    if isinstance(adata, AnnData):
        yield _in_place(adata)
    elif isinstance(adata, str | Path):
        yield from _open(expanded(adata), orientation)
    else:
        name = type(adata).__name__
        hint = f" Join its modalities: fe.pp.join_modalities({what})." if name == "MuData" else ""
        raise TypeError(f"{what} must be an AnnData or the path of a file, not {name}.{hint}")


def _in_place(adata: AnnData) -> Source:
    path = None
    if adata.isbacked and adata.filename is not None:
        path = Path(adata.filename)

    def find(layer: str | None) -> Any:
        if layer is not None:
            require_key(layer, layers_of(adata), "layer")
            return adata.layers[layer]
        if _is_closed(adata):
            raise ValueError(
                f"the file of adata is closed: read it again, with anndata.read_h5ad({path}, "
                "backed='r')."
            )
        if adata.X is None:
            if not layers_of(adata):
                raise ValueError(
                    "adata.X is empty, and there is no layer. What a verb returns for a path is "
                    "without the matrix: adata.X = fe.io.read_h5ad(path).X brings it back."
                )
            raise ValueError(f"adata.X is empty; name a layer: {near('', layers_of(adata))}")
        return adata.X

    return Source(adata, find, path)


def _open(path: Path, orientation: Orientation) -> Iterator[Source]:
    if kind_of(path) not in OF_ANNDATA:
        yield replace(_in_place(read(path, orientation=orientation)), turned=True)
    elif path.is_dir():
        yield _of_group(opened_folder(path), path)
    else:
        with opened_file(path, whole=False) as file:
            if is_of_today(file):
                yield _of_group(file, path)
                return
        # Files of old versions are small enough to be read as a whole.
        yield _in_place(load(path))


def _of_group(group: Any, path: Path) -> Source:
    layers = tuple(group["layers"]) if "layers" in group else ()
    return Source(tables_of(group, path), partial(matrix_of, group, path), path, layers=layers)
