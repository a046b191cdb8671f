"""Profiles at places of an embedding."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import H5AD
from .._core.settings import settings
from .app import app
from .arguments import Flag, Number, Output, Words, listed_words, named
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done


@app.command
def generate(
    input: Path,
    /,
    *,
    out: Output,
    grid: Number | None = None,
    path: Words = None,
    factors: Words = None,
    coordinates: Path | None = None,
    points: Number = 50,
    key: str = "fe",
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Write profiles that a model predicts: on a grid, along a path, at places, or of factors.

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
        "name=level,level,...", with as many levels of each. A level that holds a comma stands in
        double quotes, and all of it in single ones: 'name="a, b",c'.
    coordinates
        A table of the coordinates of profiles, a row for each and a column for each dimension,
        with a header and the names of the profiles first, as export-samples writes it.
    points
        Profiles along the path.
    key
        The key of the training.
    overwrite
        Replace the output if it exists.
    """
    from .. import get, io, tl
    from .places import stop
    from .tables import read_table

    settings.verbosity()
    if sum(given is not None for given in (grid, path, factors, coordinates)) != 1:
        raise ValueError(
            "give --grid with a number, --path with two stops or more, --coordinates with a table, "
            "or --factors with levels."
        )
    inputs = {"the input": input, "the table of coordinates": coordinates}
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs=inputs)
    typed = named(factors or (), "--factors", "NAME=LEVEL,LEVEL")
    adata = read(input)
    if factors is not None:
        levels = {name: listed_words(text) for name, text in typed.items()}
        profiles = tl.generate(adata, factors=levels, key=key)
    elif coordinates is not None:
        places = read_table(coordinates, index_col=0)
        names = list(map(str, places.index))
        profiles = tl.generate(adata, places, key=key, obs_names=names)
    elif path is not None:
        stops = [stop(adata, word) for word in path]
        profiles = tl.generate(adata, get.path(adata, stops, points, key=key), key=key)
    elif grid is not None:
        profiles = tl.generate(adata, get.grid(adata, grid, key=key), key=key)
    io.write_h5ad(profiles, out, overwrite=overwrite)
    n, n_genes = profiles.shape
    words = f"{n} profiles of {n_genes} genes"
    print_done(as_json, [(out, words)], n_profiles=n, n_genes=n_genes)
