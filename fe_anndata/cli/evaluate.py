"""Measure how well methods place new samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .._core.endings import PICTURE, TABLE
from .app import NAME, app
from .arguments import Flag, Number, Numbers, Output, Words, training_of_each
from .groups import ADVANCED, BASICS, DATA, TRAINING
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done


@Parameter(name="*")
@dataclass(frozen=True)
class Judging:
    """How methods are judged; what is not typed is left to ``tl.evaluate``.

    Parameters
    ----------
    dims
        Dimensions of the embeddings; by default 2, 8 and 32.
    methods
        fe, fe_linear, fe_concat, generain, exceiver, pca or umap; by default fe, pca and umap.
    classifiers
        knn, logistic or network; by default all three.
    folds
        Number of folds.
    deals
        How often samples are dealt into folds.
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

    dims: Numbers = None
    methods: Words = None
    classifiers: Annotated[Words, TRAINING] = None
    folds: Annotated[Number, TRAINING] = 5
    deals: Annotated[Number, TRAINING] = 1
    groups: Annotated[str | None, DATA] = None
    layer: Annotated[str | None, DATA] = None
    mask_var: Annotated[str | None, DATA] = None
    n_top_genes: Annotated[Number | None, DATA] = None
    train: Annotated[Words, TRAINING] = None
    rng: Annotated[Number, ADVANCED] = 0
    progress: Annotated[bool | None, ADVANCED] = None


@app.command(
    usage=f"Usage: {NAME} evaluate INPUT --label STR --out PATH [OPTIONS]",
    group_parameters=BASICS,
)
def evaluate(
    input: Path,
    /,
    *,
    label: str,
    out: Output,
    judging: Judging | None = None,
    plot: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Measure how well methods place samples that they were not fitted to, and write a table.

    The table has a row per method, dimension, deal, fold and classifier; means over folds are
    printed. The command differences says how sure the differences of methods are.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes.
    label
        Column of obs to read off the embeddings: categories, or numbers.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    plot
        A picture of the accuracies to write as well; its ending decides the format.
    overwrite
        Replace the table and the picture if they exist.
    """
    from .. import tl
    from .tables import means, write_table

    outputs = ((out, TABLE), (plot, PICTURE))
    require_outputs(outputs, overwrite=overwrite, inputs={"the input": input})
    given = {name: v for name, v in vars(judging or Judging()).items() if v is not None}
    if "train" in given:
        given["train"] = training_of_each(given["train"])
    table = tl.evaluate(read(input), label, **given)
    write_table(table, out, overwrite=overwrite)
    if plot is not None:
        from .pictures import save_evaluation

        save_evaluation(table, plot, overwrite=overwrite)
    print_done(as_json, [(plot, ""), (out, "")], table=means(table).reset_index())
