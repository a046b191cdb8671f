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
    factors: Words = None,
    points: Number = 50,
    key: str = "fe",
    overwrite: Flag = False,
) -> None:
    """Write profiles that a model predicts: on a grid, along a path, or of levels of factors.

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
    factors
        Of a model with factors: the levels of the profiles, each factor as
        "name=level,level,...", with as many levels of each.
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
    if sum(given is not None for given in (grid, path, factors)) != 1:
        raise ValueError(
            "give --grid with a number, --path with two stops or more, or --factors with levels."
        )
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs={"the input": input})
    adata = io.read_h5ad(input)
    if factors is not None:
        named = (word.partition("=") for word in factors)
        levels = {name: of.split(",") for name, _, of in named}
        profiles = tl.generate(adata, factors=levels, key=key)
    elif path is not None:
        stops = [stop(adata, word) for word in path]
        profiles = tl.generate(adata, get.path(adata, stops, points, key=key), key=key)
    elif grid is not None:
        profiles = tl.generate(adata, get.grid(adata, grid, key=key), key=key)
    io.write_h5ad(profiles, out, overwrite=overwrite)
    print(f"wrote {out}: {profiles.n_obs} profiles of {profiles.n_vars} genes")
