"""Measure how well distances between samples are kept."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import PICTURE, TABLE
from .app import app
from .arguments import Flag, Number, Output, Words
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done


@app.command
def distance_preservation(
    input: Path,
    /,
    *,
    out: Output,
    basis: Words = None,
    n_neighbors: Number = 15,
    max_samples: Number = 1000,
    layer: str | None = None,
    mask_var: str | None = None,
    rng: Number = 0,
    plot: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Measure how well the distances between profiles are kept in embeddings, and write a table.

    Parameters
    ----------
    input
        An .h5ad file with embeddings in obsm.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    basis
        Names of embeddings, such as fe pca umap; by default fe.
    n_neighbors
        Number of nearest neighbours, less than half of the samples.
    max_samples
        At most so many samples are drawn.
    layer
        Measure these profiles, not those of X.
    mask_var
        Genes to use: a boolean column of var.
    rng
        Seed.
    plot
        A picture of the distances to write as well; its ending decides the format.
    overwrite
        Replace the table and the picture if they exist.
    """
    from .. import pl, tl
    from .pictures import save
    from .tables import write_table

    outputs = ((out, TABLE), (plot, PICTURE))
    require_outputs(outputs, overwrite=overwrite, inputs={"the input": input})
    adata, names = read(input), basis or ["fe"]
    table = tl.distance_preservation(
        adata, names, n_neighbors=n_neighbors, max_samples=max_samples, layer=layer,
        mask_var=mask_var, rng=rng,
    )  # fmt: skip
    write_table(table, out, overwrite=overwrite)
    if plot is not None:
        axes = pl.distance_preservation(
            adata, basis=names, n_neighbors=n_neighbors, max_samples=max_samples, layer=layer,
            mask_var=mask_var, rng=rng, show=False,
        )  # fmt: skip
        save(axes, plot, overwrite=overwrite)
    print_done(as_json, [(plot, ""), (out, "")], table=table)
