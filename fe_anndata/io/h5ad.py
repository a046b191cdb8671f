"""The .h5ad files of AnnData."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata
import h5py
from anndata import AnnData
from anndata.io import write_elem

from .._access.formats import OF_ANNDATA, kind_of
from .._access.h5ad import first_line, is_of_today, load
from .._access.storable import in_storable_form, require_storable, storable
from .._core.disk import is_of_disk, require_room
from .._core.endings import H5AD, require_ending
from .._core.paths import expanded
from .._core.whole import require_writable, whole

RESULTS = ("obs", "var", "obsm", "varm", "uns")
"""The parts of an AnnData that verbs write beside its matrices."""


def read_h5ad(path: str | Path) -> AnnData:
    """Read an .h5ad file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    AnnData
        In memory.

    Raises
    ------
    ValueError
        If there is no such file, it is not an .h5ad file or it is damaged.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.io.read_h5ad("cells.h5ad")  # doctest: +SKIP
    """
    return load(path)


def write_h5ad(adata: AnnData, path: str | Path, *, overwrite: bool = False) -> None:
    """Write an .h5ad file, whole or not at all.

    The file is written under a temporary name beside `path` and renamed when it is complete.

    Parameters
    ----------
    adata
        The AnnData to write.
    path
        The file to write; its folder must exist. Of a link its target is written.
    overwrite
        Whether to replace a file that exists.

    Raises
    ------
    ValueError
        If the file exists and `overwrite` is False, its folder does not exist, or its ending is
        that of another kind of file.
    TypeError
        If the AnnData holds something that such a file cannot hold.
    OSError
        If the disk is full or read-only.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.io.write_h5ad(adata, "cells.h5ad")  # doctest: +SKIP
    """
    if not isinstance(adata, AnnData):
        raise TypeError(f"expected an AnnData, not {type(adata).__name__}.")
    path = expanded(path)
    require_ending(path, H5AD)
    require_storable(adata)
    with whole(path, overwrite=overwrite) as made, explained(path):
        write_into(adata, made)


def write_beside(source: Path, results: AnnData, path: Path, *, overwrite: bool = False) -> None:
    """Write the file `source` again with the tables of `results`, whole or not at all.

    The matrices of a file in today's format are copied and never loaded. A .zarr folder is loaded
    if `path` is an .h5ad file, and copied if `path` is another .zarr folder.

    Parameters
    ----------
    source
        An .h5ad file or a .zarr folder, or a file of another kind.
    results
        An AnnData of the same samples and genes. Its obs, var, obsm, varm and uns are written, and
        its matrices only for a file of another kind.
    path
        The file or folder to write.
    overwrite
        Whether to replace `path` if it exists; it may be `source`.

    Raises
    ------
    ValueError
        If `path` exists and `overwrite` is False, its folder does not exist, or a .zarr folder is
        to be made of an .h5ad file.
    TypeError
        If `results` holds something that such a file cannot hold.
    """
    source, path = expanded(source), expanded(path)
    require_beside(source, path, overwrite=overwrite)
    if kind_of(source) not in OF_ANNDATA:  # it was read whole, into `results`
        write_h5ad(results, path, overwrite=overwrite)
        return
    if is_zarr(path):
        with whole(path, overwrite=overwrite, folder=True) as made, explained(path):
            _copy_folder(source, made)
            _write_into_zarr(made, results)
    elif source.is_dir() or not _is_of_today(source):
        both = anndata.read_zarr(source) if source.is_dir() else load(source)
        for name in RESULTS:
            setattr(both, name, getattr(results, name))
        write_h5ad(both, path, overwrite=overwrite)
    else:
        with whole(path, overwrite=overwrite) as made, explained(path):
            shutil.copyfile(source, made)
            with h5py.File(made, "r+") as file:
                _write_results(file, results)


def require_beside(
    source: Path,
    path: Path,
    *,
    overwrite: bool,
    inputs: Mapping[str, str | Path | None] | None = None,
) -> None:
    """Check before the work whether :func:`write_beside` can write `source` again as `path`.

    Parameters
    ----------
    source, path, overwrite
        As there.
    inputs
        What else is read, and must stay, by what messages call it.

    Raises
    ------
    ValueError
        If it can not.
    NotWrittenError
        If there is less room on the disk than `source` takes.
    """
    source = expanded(source)
    if not is_zarr(path):
        require_ending(path, H5AD)
    elif source.is_file():
        raise ValueError(f"{path} would be a .zarr folder, but {source} is a file; name an .h5ad.")
    require_writable(path, overwrite=overwrite, folder=is_zarr(path), inputs=inputs)
    if source.is_file():
        require_room(path, source.stat().st_size)


def is_zarr(path: Path) -> bool:
    """Return whether a path names a .zarr folder."""
    return path.suffix == ".zarr"


def _is_of_today(source: Path) -> bool:
    with h5py.File(source, "r") as file:
        return is_of_today(file)


def _write_results(group: Any, results: AnnData) -> None:
    for name in RESULTS:
        table = getattr(results, name)
        write_elem(group, name, storable(table if name in ("obs", "var") else dict(table)))


def _write_into_zarr(folder: Path, results: AnnData) -> None:
    import zarr

    group = zarr.open_group(folder, mode="r+", use_consolidated=False)
    _write_results(group, results)
    zarr.consolidate_metadata(group.store)  # otherwise readers see what was there before


def _copy_folder(source: Path, made: Path) -> None:
    """Copy files; those of the copy may be changed, whatever may be done to the source."""
    for folder, _, files in os.walk(source):
        to = made / Path(folder).relative_to(source)
        to.mkdir()
        for name in files:
            shutil.copyfile(Path(folder, name), to / name)


def write_into(adata: AnnData, path: Path) -> None:
    """Write an AnnData, with strings of any kind, to a file that is not yet there."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*names are not unique")  # said when it was made
        shared = in_storable_form(adata)
    shared.write_h5ad(path)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say which file was not written if anndata refuses to write something."""
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:  # the class of anndata's own errors is private
        if is_of_disk(error):
            raise
        raise TypeError(
            f"{path} was not written: the AnnData holds something that an .h5ad file cannot hold "
            f"({first_line(error)})."
        ) from error
