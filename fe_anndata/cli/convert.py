"""Make an .h5ad file of a file of any kind."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .._core.endings import H5AD
from .._core.settings import settings
from .app import app
from .arguments import Flag, Output
from .outputs import require_outputs
from .results import Json, print_done


@app.command
def convert(
    input: Path,
    /,
    *,
    out: Output,
    overwrite: Flag = False,
    orientation: Literal["auto", "as-is", "transposed"] = "auto",
    duplicates: Literal["refuse", "sum"] = "refuse",
    obs: Path | None = None,
    progress: bool | None = None,
    as_json: Json = False,
) -> None:
    """Write an .h5ad file of samples x genes, of a file of any kind.

    Read are .h5ad, .zarr, .h5mu and .loom; text with tabs, commas, semicolons or spaces (.tsv,
    .csv, .txt, .gct), also compressed by gzip or bzip2; what Cell Ranger of 10x writes; .parquet
    and .npz. All other commands read them too.

    Parameters
    ----------
    input
        A file or a folder.
    out
        The .h5ad file to write.
    overwrite
        Replace the output if it exists.
    orientation
        auto turns a table whose rows are genes, as far as names tell; as-is says that rows are
        samples, and transposed that they are genes.
    duplicates
        What becomes of genes of the same name: they are refused, or their values summed.
    obs
        A table of what is known of the samples, with their names in a column.
    progress
        Whether to show a progress bar.
    """
    from .. import io

    settings.verbosity()
    read = {"the input": input, "the table of samples": obs}
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs=read)
    adata = io.read(
        input, orientation=orientation, duplicates=duplicates, obs=obs, progress=progress
    )
    io.write_h5ad(adata, out, overwrite=overwrite)
    n_obs, n_vars = adata.shape
    said = f"{n_obs} samples x {n_vars} genes"
    print_done(as_json, [(out, said)], n_samples=n_obs, n_genes=n_vars)
