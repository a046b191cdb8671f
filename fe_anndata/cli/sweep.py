"""Train with every combination of some options, and write one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from .._core.endings import H5AD, PICTURE, TABLE
from .._core.errors import require_key
from .app import NAME, app
from .arguments import Flag, Number, Output, Words, listed, named, named_values
from .computing import Computing
from .groups import ADVANCED, BASICS, DATA, TRAINING
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done


@Parameter(name="*")
@dataclass(frozen=True)
class Sweeping:
    """What is common to all trainings; see ``tl.sweep``.

    Parameters
    ----------
    model
        The family of models.
    recipe
        A set of options by name. thesis2024 is trained on tiles, for 15 epochs and with held-out
        entries, unless --fixed says otherwise; default is ours.
    label
        Column of obs to read off the embeddings; some samples are then kept aside and placed.
    folds
        One part of the samples in so many is kept aside.
    groups
        Column of obs whose groups, such as patients, are not divided.
    classifier
        knn, logistic or network.
    layer
        Train on these values, not on X.
    mask_var
        Genes to train on: a boolean column of var.
    checkpoint
        A folder in which each training is kept once it is complete. After a kill the same command
        goes on; a sweep that is complete is read at once, such as for other pictures.
    rng
        Seed.
    device
        cpu, cuda or auto, which is the default: a CUDA device where there is one.
    progress
        Whether to show a progress bar.
    """

    model: str = "fe"
    recipe: str = "thesis2024"
    label: str | None = None
    folds: Annotated[Number, TRAINING] = 5
    groups: Annotated[str | None, DATA] = None
    classifier: Annotated[str, TRAINING] = "knn"
    layer: Annotated[str | None, DATA] = None
    mask_var: Annotated[str | None, DATA] = None
    checkpoint: Annotated[Path | None, TRAINING] = None
    rng: Annotated[Number, TRAINING] = 0
    device: Annotated[str | None, TRAINING] = None
    progress: Annotated[bool | None, ADVANCED] = None


@app.command(usage=f"Usage: {NAME} sweep INPUT --out PATH [OPTIONS]", group_parameters=BASICS)
def sweep(
    input: Path,
    /,
    *,
    out: Output,
    options: Words = None,
    fixed: Words = None,
    sweeping: Sweeping | None = None,
    computing: Computing | None = None,
    density: Annotated[Path | None, ADVANCED] = None,
    scatter: Annotated[Path | None, ADVANCED] = None,
    color: Annotated[str | None, ADVANCED] = None,
    save: Annotated[Path | None, ADVANCED] = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Train with every combination of some options, and write a table with a row for each.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    options
        The values of each option, such as gene_dim=10,100 l2=0,1e-6, or hidden=[100,50],[20]; by
        default those of the thesis, six values of gene_dim and five of l2.
    fixed
        Other options of the family with one value each, such as epochs=30.
    density
        A picture of all embeddings to write as well, by density; its ending decides the format.
    scatter
        The same with the samples as points.
    color
        Column of obs that colours the points; by default the label.
    save
        An .h5ad file to write as well: the samples with all embeddings, without a matrix.
    overwrite
        Replace the files if they exist.
    """
    from .. import io, tl
    from .tables import write_table

    chosen = sweeping or Sweeping()
    if color is not None and scatter is None:
        raise ValueError("--color is for --scatter; name that picture, or leave it out.")
    outputs = ((out, TABLE), (density, PICTURE), (scatter, PICTURE), (save, H5AD))
    inputs = {"the input": input, "the checkpoint": chosen.checkpoint}
    require_outputs(outputs, overwrite=overwrite, inputs=inputs)
    swept = None if options is None else _values(options)
    single = {} if fixed is None else named_values(fixed, "--fixed")
    if computing is not None:
        computing.settle()
    adata = read(input)
    if color is not None:
        require_key(color, adata.obs.columns, "column of obs")
    found = tl.sweep(adata, swept, **vars(chosen), **single)
    write_table(found.table, out, overwrite=overwrite)
    if save is not None:
        io.write_h5ad(found.samples, save, overwrite=overwrite)
    colors = chosen.label if color is None else color
    if density is not None or scatter is not None:
        from .pictures import save_sweep

        save_sweep(found, density, scatter, colors, overwrite=overwrite)
    wrote = [(path, "") for path in (density, scatter, save, out)]
    print_done(as_json, wrote, table=found.table, digits="%.4g")


def _values(words: Sequence[str]) -> dict[str, list[Any]]:
    """Return the values of each option; they are JSON, or text, divided by commas."""
    typed = named(words, "--options", "NAME=VALUE,VALUE")
    return {name: listed(text) for name, text in typed.items()}
