"""Inputs of commands: read in one place, so that all commands take the same files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.endings import H5AD
from .._core.settings import settings
from .outputs import require_outputs

if TYPE_CHECKING:
    from anndata import AnnData


def read(path: str | Path) -> AnnData:
    """Return the AnnData of a file."""
    from .. import io

    return io.read(path)


def of_table(
    path: Path, orientation: Any, obs: Path | None, progress: bool | None
) -> tuple[AnnData | Path, AnnData | None]:
    """Return what a verb is given: a path, or the AnnData of what has to be read with more words.

    The second is that AnnData again, to which the verb writes, or None.
    """
    from .. import io

    if orientation == "auto" and obs is None:
        return path, None
    adata = io.read(path, obs=obs, orientation=orientation, progress=progress)
    return adata, adata


def write_results(
    source: Path, results: AnnData, out: Path, is_whole: bool, *, overwrite: bool
) -> None:
    """Write results with their matrix, or, without, beside that of the file they are of."""
    from .. import io
    from ..io.h5ad import write_beside

    if is_whole:
        io.write_h5ad(results, out, overwrite=overwrite)
    else:
        write_beside(source, results, out, overwrite=overwrite)


def sets_among(words: Iterable[str] | None) -> dict[str, str]:
    """Return the files among gene sets, which may be columns of var, by what messages call them."""
    return {f"the gene sets {word}": word for word in words or () if ".gmt" in word}


def changed(
    verb: Callable[..., object],
    input: Path,
    out: Path,
    *arguments: Any,
    overwrite: bool,
    inputs: Mapping[str, str | Path | None] | None = None,
    **options: Any,
) -> AnnData:
    """Read a file, let a verb write to it in place, and write it as the output.

    Parameters
    ----------
    verb
        A function that writes to its first argument.
    input, out
        The files; they may be the same with `overwrite`.
    *arguments, **options
        What else the verb is given.
    overwrite
        Whether the output may exist.
    inputs
        Other files that are read, by what messages call them.
    """
    from .. import io
    from .._access.storable import require_storable

    settings.verbosity()
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs=inputs or {})
    adata = read(input)
    require_storable(adata, input)
    verb(adata, *arguments, **options)
    io.write_h5ad(adata, out, overwrite=overwrite)
    return adata
