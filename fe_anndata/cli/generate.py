"""Profiles at places of an embedding."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import H5AD
from .._core.settings import settings
from .app import app
from .arguments import Flag, Number, Output, Words
from .outputs import require_outputs


@app.command
def generate(
    input: Path,
    /,
    *,
    out: Output,
    grid: Number | None = None,
    path: Words = None,
    points: Number = 50,
    key: str = "fe",
    overwrite: Flag = False,
) -> None:
    """Write the profiles that a model predicts on a grid over its samples, or along a path.

    Parameters
    ----------
    input
        A trained .h5ad file.
    out
        The .h5ad file of the profiles to write.
    grid
        Nodes of a grid along each axis of the embedding, of three dimensions at most.
    path
        The stops of a path, each a sample by name, a group as "column=value", or coordinates
        such as "0.5,-1".
    points
        Profiles along the path.
    key
        The key of the training.
    overwrite
        Replace the output if it exists.
    """
    from .. import get, io, tl
    from .places import stop

    settings.verbosity()
    if (grid is None) == (path is None):
        raise ValueError("give --grid with a number, or --path with two stops or more.")
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs={"the input": input})
    adata = io.read_h5ad(input)
    if path is not None:
        stops = [stop(adata, word) for word in path]
        places = get.path(adata, stops, points, key=key)
    elif grid is not None:
        places = get.grid(adata, grid, key=key)
    profiles = tl.generate(adata, places, key=key)
    io.write_h5ad(profiles, out, overwrite=overwrite)
    print(f"wrote {out}: {profiles.n_obs} profiles of {profiles.n_vars} genes")
