"""The density of samples in an embedding."""

from __future__ import annotations

from pathlib import Path

from .app import app
from .arguments import Flag, Numbers, Output
from .inputs import changed
from .results import Json, print_done


@app.command
def embedding_density(
    input: Path,
    /,
    *,
    out: Output,
    basis: str = "fe",
    groupby: str | None = None,
    dimensions: Numbers = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Write how dense the samples lie in an embedding, from 0 to 1.

    Parameters
    ----------
    input
        An .h5ad file with an embedding in obsm.
    out
        The .h5ad file to write: the input with the density in obs.
    basis
        Name of the embedding, such as fe or umap.
    groupby
        Column of obs that names groups; each has a density of its own.
    dimensions
        Two columns of the embedding, counted from 0; by default 0 1.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl

    adata = changed(
        tl.embedding_density, input, out, basis, groupby,
        overwrite=overwrite, dimensions=dimensions or (0, 1),
    )  # fmt: skip
    column = f"{basis}_density" + ("" if groupby is None else f"_{groupby}")
    print_done(as_json, [(out, f"obs {column}")], obs=column, n_samples=adata.n_obs)
