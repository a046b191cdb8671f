"""Measure how well profiles are predicted from a few of their genes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .app import NAME, app
from .arguments import Flag, Number, Numbers, Output, Words
from .groups import ADVANCED, BASICS, DATA, TRAINING
from .results import Json, print_done


@Parameter(name="*")
@dataclass(frozen=True)
class Showing:
    """What is shown of new samples; what is not typed is left to ``tl.imputation_curve``.

    Parameters
    ----------
    n_genes
        Numbers of genes that are shown; by default 1, 5, 10, 25, 100 and so on.
    methods
        fe, means, pca, knn or ridge; by default all.
    dim
        Dimensions of the embedding and of PCA.
    subsets
        Random choices of genes of each number, in each fold.
    folds
        Number of folds.
    groups
        Column of obs whose groups, such as patients, are each kept in one fold.
    layer
        Use these values, not X.
    mask_var
        Genes to use: a boolean column of var.
    train
        Options of the training, such as steps=100.
    rng
        Seed.
    progress
        Whether to show a progress bar.
    """

    n_genes: Numbers = None
    methods: Words = None
    dim: Number = 2
    subsets: Annotated[Number, TRAINING] = 5
    folds: Annotated[Number, TRAINING] = 5
    groups: Annotated[str | None, DATA] = None
    layer: Annotated[str | None, DATA] = None
    mask_var: Annotated[str | None, DATA] = None
    train: Annotated[Words, TRAINING] = None
    rng: Annotated[Number, ADVANCED] = 0
    progress: Annotated[bool | None, ADVANCED] = None


@app.command(
    usage=f"Usage: {NAME} imputation-curve INPUT --out PATH [OPTIONS]",
    group_parameters=BASICS,
)
def imputation_curve(
    input: Path,
    /,
    *,
    out: Output,
    showing: Showing | None = None,
    plot: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Measure how well profiles of new samples are predicted from a few genes; write a table.

    The table has a row per method, number of genes, fold and choice of genes; means are printed.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    plot
        A picture of the curves to write as well; its ending decides the format.
    overwrite
        Replace the table and the picture if they exist.
    """
    from .. import pl, tl
    from .tables import measured

    asked, place = showing or Showing(), (out, plot)
    table = measured(
        tl.imputation_curve, pl.imputation_curve, input, asked, place, overwrite=overwrite
    )
    means = table.groupby(["method", "n_genes"], sort=False)["r2"].mean().reset_index()
    print_done(as_json, [(plot, ""), (out, "")], table=means)
