"""Measure how well embeddings predict the time to an event."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .._core.endings import PICTURE, TABLE
from .app import NAME, app
from .arguments import Decimals, Flag, Number, Numbers, Output, Words, training_of_each
from .groups import ADVANCED, BASICS, DATA, TRAINING
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done

SHOWN = ["basis", "dim", "pairs", "c_index", "low", "high", "n", "events"]


@Parameter(name="*")
@dataclass(frozen=True)
class Foretelling:
    """How risks are computed and judged; what is not typed is left to ``tl.survival``.

    Parameters
    ----------
    bases
        What risks are computed from: fe, pca, umap, columns of obs, or several together such as
        fe+age; by default fe and pca.
    dims
        Dimensions of the embeddings; by default 2, 8 and 32.
    baseline
        The basis with which all others are compared.
    within
        Column of obs, such as the type of cancer, whose values are compared apart as well.
    folds
        Number of folds.
    groups
        Column of obs whose groups, such as patients, are each kept in one fold.
    ridge
        Penalties of the Cox regression to choose from; by default 0.01, 0.1 and 1.
    resamples
        Number of bootstrap resamples.
    layer
        Embed these values, not X.
    mask_var
        Genes to use: a boolean column of var.
    n_top_genes
        Use so many genes, chosen in each fold.
    train
        Options of the trainings, such as steps=100.
    rng
        Seed.
    progress
        Whether to show a progress bar.
    """

    bases: Words = None
    dims: Numbers = None
    baseline: str | None = None
    within: Annotated[str | None, DATA] = None
    folds: Annotated[Number, TRAINING] = 5
    groups: Annotated[str | None, DATA] = None
    ridge: Annotated[Decimals, TRAINING] = None
    resamples: Annotated[Number, ADVANCED] = 10_000
    layer: Annotated[str | None, DATA] = None
    mask_var: Annotated[str | None, DATA] = None
    n_top_genes: Annotated[Number | None, DATA] = None
    train: Annotated[Words, TRAINING] = None
    rng: Annotated[Number, ADVANCED] = 0
    progress: Annotated[bool | None, ADVANCED] = None


@app.command(
    usage=f"Usage: {NAME} survival INPUT TIME EVENT --out PATH [OPTIONS]",
    group_parameters=BASICS,
)
def survival(
    input: Path,
    time: str,
    event: str,
    /,
    *,
    out: Output,
    foretelling: Foretelling | None = None,
    risks: Path | None = None,
    plot: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Measure how well embeddings predict the time to an event of new samples, and write a table.

    The table has a row per basis, dimension and kind of pairs.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes.
    time
        Column of obs with the time to the event, or to when the sample was last seen.
    event
        Column of obs with 1 for an event and 0 for none.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    risks
        A table to write as well: the risk of every sample, by a model that has not seen it.
    plot
        A picture to write as well, of Kaplan-Meier curves in groups of risk; its ending decides
        the format.
    overwrite
        Replace the tables and the picture if they exist.
    """
    from .. import pl, tl
    from .pictures import save
    from .tables import write_table

    outputs = ((out, TABLE), (risks, TABLE), (plot, PICTURE))
    require_outputs(outputs, overwrite=overwrite, inputs={"the input": input})
    given = {name: v for name, v in vars(foretelling or Foretelling()).items() if v is not None}
    if "train" in given:
        given["train"] = training_of_each(given["train"])
    found = tl.survival(read(input), time, event, **given)
    write_table(found.table, out, overwrite=overwrite)
    if risks is not None:
        write_table(found.risks, risks, overwrite=overwrite)
    if plot is not None:
        save(pl.survival(found, show=False), plot, overwrite=overwrite)
    print_done(as_json, [(risks, ""), (plot, ""), (out, "")], table=found.table[SHOWN])
