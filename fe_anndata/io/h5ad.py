"""The .h5ad files of AnnData."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import anndata
import h5py
from anndata import AnnData


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
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}.")
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path} is not an .h5ad file (not HDF5), or its start is missing.")
    try:
        return anndata.read_h5ad(path)
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{path} cannot be read as .h5ad; it may be cut off or of another kind "
            f"({_first_line(error)})."
        ) from error


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
    require_writable(path, overwrite=overwrite)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".h5ad")
    os.close(handle)
    try:
        try:
            adata.write_h5ad(temporary)
        except OSError:  # a full disk, say
            raise
        except Exception as error:  # anndata's own kind is private
            raise TypeError(
                f"{path} was not written: the AnnData holds what an .h5ad file cannot "
                f"({_first_line(error)})."
            ) from error
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


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


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
