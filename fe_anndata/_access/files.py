"""Files of AnnData: read, or opened without their matrix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import anndata
import h5py
from anndata import AnnData


def load(path: str | Path, *, backed: Literal["r"] | None = None) -> AnnData:
    """Return the AnnData of an .h5ad file; with ``backed="r"`` its matrix stays in the file.

    Raises
    ------
    ValueError
        If there is no such file, it is not an .h5ad file or it is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}.")
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path} is not an .h5ad file (not HDF5), or its start is missing.")
    try:
        return anndata.read_h5ad(path, backed=backed)
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{path} cannot be read as .h5ad; it may be cut off or of another kind "
            f"({first_line(error)})."
        ) from error


@contextmanager
def opened(adata: Any, what: str = "adata") -> Iterator[AnnData]:
    """Yield an AnnData as it is, or the one of a file, whose matrix is not loaded."""
    if isinstance(adata, AnnData):
        yield adata
    elif isinstance(adata, (str, Path)):
        from_file = load(adata, backed="r")
        try:
            yield from_file
        finally:
            from_file.file.close()
    else:
        raise TypeError(
            f"{what} must be an AnnData or the path of an .h5ad file, not {type(adata).__name__}."
        )


def first_line(error: Exception) -> str:
    """Return the first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
