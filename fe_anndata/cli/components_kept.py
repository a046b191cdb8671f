"""Measure how much of the principal components new samples keep on a map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .app import NAME, app
from .arguments import Flag, Number, Output, Words
from .groups import ADVANCED, BASICS, DATA, TRAINING
from .results import Json, print_done


@Parameter(name="*")
@dataclass(frozen=True)
class Mapping:
    """Which maps are made, and how; what is not typed is left to ``tl.components_kept``.

    Parameters
    ----------
    methods
        fe, fe_linear, fe_concat, generain, exceiver, pca or umap; by default fe and pca.
    dim
        Dimensions of the maps.
    n_components
        How many components are asked for.
    folds
        Number of folds.
    groups
        Column of obs whose groups, such as patients, are each kept in one fold.
    layer
        Embed these values, not X.
    mask_var
        Genes to use: a boolean column of var.
    n_top_genes
        Use so many genes, chosen in each fold.
    train
        Options of the trainings, such as steps=100, or of those of one method, fe.steps=100.
    rng
        Seed.
    progress
        Whether to show a progress bar.
    """

    methods: Words = None
    dim: Number = 2
    n_components: Number = 8
    folds: Annotated[Number, TRAINING] = 5
    groups: Annotated[str | None, DATA] = None
    layer: Annotated[str | None, DATA] = None
    mask_var: Annotated[str | None, DATA] = None
    n_top_genes: Annotated[Number | None, DATA] = None
    train: Annotated[Words, TRAINING] = None
    rng: Annotated[Number, ADVANCED] = 0
    progress: Annotated[bool | None, ADVANCED] = None


@app.command(
    usage=f"Usage: {NAME} components-kept INPUT --out PATH [OPTIONS]",
    group_parameters=BASICS,
)
def components_kept(
    input: Path,
    /,
    *,
    out: Output,
    mapping: Mapping | None = None,
    plot: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Measure how much of each principal component new samples keep on a map, and write a table.

    The table has a row per method, fold and component; means over folds are printed.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    plot
        A picture of the table to write as well; its ending decides the format.
    overwrite
        Replace the table and the picture if they exist.
    """
    from .. import pl, tl
    from .tables import measured

    asked, place = mapping or Mapping(), (out, plot)
    table = measured(
        tl.components_kept, pl.components_kept, input, asked, place, overwrite=overwrite
    )
    columns = ["method", "component"]
    means = table.groupby(columns, sort=False)[["variance", "r2_new"]].mean().reset_index()
    print_done(as_json, [(plot, ""), (out, "")], table=means)
