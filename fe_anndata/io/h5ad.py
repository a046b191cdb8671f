"""The .h5ad files of AnnData."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata
import h5py
from anndata import AnnData
from anndata.io import write_elem

from .._access.files import first_line, is_of_today, load

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
        The file to write; its folder must exist.
    overwrite
        Whether to replace a file that exists.

    Raises
    ------
    ValueError
        If the file exists and `overwrite` is False, or its folder does not exist.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.io.write_h5ad(adata, "cells.h5ad")  # doctest: +SKIP
    """
    if not isinstance(adata, AnnData):
        raise TypeError(f"expected an AnnData, not {type(adata).__name__}.")
    path = Path(path)
    with replacing(path, overwrite=overwrite) as temporary, _explained(path):
        adata.write_h5ad(temporary)


def write_beside(source: Path, results: AnnData, path: Path, *, overwrite: bool = False) -> None:
    """Write the file `source` again with the tables of `results`, whole or not at all.

    The matrices of a file in today's format are copied and never loaded. A .zarr folder is loaded
    if `path` is an .h5ad file, and copied if `path` is another .zarr folder.

    Parameters
    ----------
    source
        An .h5ad file or a .zarr folder.
    results
        An AnnData of the same samples and genes. Its obs, var, obsm, varm and uns are written, and
        its matrices are not.
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
    require_beside(source, path, overwrite=overwrite)
    if _is_zarr(path):
        with _replacing_folder(path) as folder, _explained(path):
            shutil.copytree(source, folder)
            _write_into_zarr(folder, results)
    elif source.is_dir() or not _is_of_today(source):
        whole = anndata.read_zarr(source) if source.is_dir() else load(source)
        for name in RESULTS:
            setattr(whole, name, getattr(results, name))
        write_h5ad(whole, path, overwrite=overwrite)
    else:
        with replacing(path, overwrite=overwrite) as temporary, _explained(path):
            shutil.copyfile(source, temporary)
            with h5py.File(temporary, "r+") as file:
                _write_results(file, results)


def require_beside(source: Path, path: Path, *, overwrite: bool) -> None:
    """Raise ValueError if :func:`write_beside` could not write `source` again as `path`."""
    if not _is_zarr(path):
        require_writable(path, overwrite=overwrite)
    elif not source.is_dir():
        raise ValueError(f"{path} would be a .zarr folder, but {source} is a file; name an .h5ad.")
    elif path.exists() and not path.is_dir():
        raise ValueError(f"{path} is a file; name another folder.")
    else:
        _require_free(path, overwrite=overwrite)


def _is_zarr(path: Path) -> bool:
    return path.suffix == ".zarr"


def _is_of_today(source: Path) -> bool:
    with h5py.File(source, "r") as file:
        return is_of_today(file)


def _write_results(group: Any, results: AnnData) -> None:
    for name in RESULTS:
        table = getattr(results, name)
        write_elem(group, name, table if name in ("obs", "var") else dict(table))


def _write_into_zarr(folder: Path, results: AnnData) -> None:
    import zarr

    group = zarr.open_group(folder, mode="r+", use_consolidated=False)
    _write_results(group, results)
    zarr.consolidate_metadata(group.store)  # otherwise readers see what was there before


@contextmanager
def _replacing_folder(path: Path) -> Iterator[Path]:
    """Yield the name of a folder to make, which replaces `path` unless there is an error."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as beside:
        made, earlier = Path(beside) / "made", Path(beside) / "earlier"
        yield made
        if path.exists():
            path.rename(earlier)
        try:
            made.rename(path)
        except BaseException:
            if earlier.exists():
                earlier.rename(path)
            raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say which file was not written if anndata refuses to write something."""
    try:
        yield
    except OSError:  # a full disk, say
        raise
    except Exception as error:  # the class of anndata's own errors is private
        raise TypeError(
            f"{path} was not written: the AnnData holds something that an .h5ad file cannot hold "
            f"({first_line(error)})."
        ) from error


@contextmanager
def replacing(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield the name of a file beside `path`, which replaces it unless there is an error.

    Raises
    ------
    ValueError
        If the file exists and `overwrite` is False, or its folder does not exist.
    """
    require_writable(path, overwrite=overwrite)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".h5ad")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(path: Path, *, overwrite: bool) -> None:
    """Raise ValueError if `path` exists and may not be replaced, or its folder does not exist."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file.")
    _require_free(path, overwrite=overwrite)


def _require_free(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise ValueError(
            f"{path} exists; choose another name, or overwrite=True (--overwrite on the command "
            "line)."
        )
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}; make it first.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError(f"nothing may be written to the folder {path.parent}; name another one.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
