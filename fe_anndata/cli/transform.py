"""Place new samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .._core.settings import settings
from .app import app
from .arguments import Flag, Normalize, Output, integer, none_or
from .inputs import of_table, write_results
from .outputs import expect
from .results import Json, print_done


@app.command
def transform(
    input: Path,
    reference: Path,
    /,
    *,
    out: Output,
    overwrite: Flag = False,
    layer: str | None = None,
    orientation: Literal["auto", "as-is", "transposed"] = "auto",
    obs: Path | None = None,
    key: str = "fe",
    key_added: str | None = None,
    normalize: Normalize = "auto",
    min_overlap: float | None = None,
    new_batches: Literal["mean", "estimate"] = "mean",
    progress: bool | None = None,
    threads: Annotated[int | None, Parameter(converter=integer)] = None,
    as_json: Json = False,
) -> None:
    """Place the new samples of an .h5ad file in a trained embedding; its matrix is read by parts.

    Parameters
    ----------
    input
        New samples x genes: an .h5ad file, a .zarr folder, or a file that convert reads.
    reference
        A trained .h5ad file.
    out
        The .h5ad file to write: the input with the results added. For a .zarr folder also
        another one, if its name ends in .zarr.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    layer
        Place these values, not X.
    orientation
        auto turns a text file of genes x samples, as far as names tell; as-is says that rows are
        samples, and transposed that they are genes.
    obs
        A table of what is known of the samples, with their names in a column, to be written beside
        the results.
    key
        The key of the training.
    key_added
        Names the places of the result; by default the key.
    normalize
        What is done to the values. auto does what was done in the training, unless they look as if
        it had been done to them already.
    min_overlap
        How many of the trained genes must be there, or which share of them if it is less than 1.
    new_batches
        What is taken for a batch that was not trained on: the mean of the others, or what is
        estimated from its new samples together.
    progress
        Whether to show a progress bar.
    threads
        How many threads to use; by default as many as torch does.
    """
    from .. import tl
    from ..io.h5ad import require_beside

    settings.verbosity()
    require_beside(
        input,
        out,
        overwrite=overwrite,
        inputs={"the reference": reference, "the table of samples": obs},
    )
    expect(out)
    if threads is not None:
        settings.threads = threads
    data, in_memory = of_table(input, orientation, obs, progress)
    placed = tl.transform(
        data,
        reference,
        layer=layer,
        key=key,
        key_added=key_added,
        normalize=none_or(normalize),
        min_overlap=min_overlap,
        new_batches=new_batches,
        progress=progress,
    )
    placed = in_memory if placed is None else placed
    assert placed is not None
    write_results(input, placed, out, in_memory is not None, overwrite=overwrite)
    print_done(as_json, [(out, f"{placed.n_obs} samples placed")], n_samples=placed.n_obs)
