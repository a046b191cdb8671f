"""The .h5ad files of AnnData."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
from anndata import AnnData
from anndata.io import write_elem

from .._access.files import first_line, load


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
        What to write.
    path
        Where to; the folder must exist.
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
    with replacing(path, overwrite=overwrite) as temporary:
        try:
            adata.write_h5ad(temporary)
        except OSError:  # a full disk, say
            raise
        except Exception as error:  # anndata's own kind is private
            raise TypeError(
                f"{path} was not written: the AnnData holds what an .h5ad file cannot "
                f"({first_line(error)})."
            ) from error


def write_beside(source: Path, results: AnnData, path: Path, *, overwrite: bool = False) -> None:
    """Write the file `source` again with the obs and obsm of `results`; its matrix is not loaded.

    Raises
    ------
    ValueError
        If the file exists and `overwrite` is False, or its folder does not exist.
    """
    with replacing(path, overwrite=overwrite) as temporary:
        shutil.copyfile(source, temporary)
        with h5py.File(temporary, "r+") as file:
            write_elem(file, "obs", results.obs)
            for name, table in results.obsm.items():
                write_elem(file, f"obsm/{name}", table)


@contextmanager
def replacing(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary name beside `path`, which is renamed to it unless there is an error.

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
    if path.exists() and not overwrite:
        raise ValueError(
            f"{path} exists; choose another name, or overwrite=True (--overwrite on the command "
            "line)."
        )
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}; make it first.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
