"""The sub-command that reads properties of genes off their vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .._core.endings import H5AD, PICTURE, TABLE
from .app import NAME, app
from .arguments import Flag, Number, Output
from .groups import ADVANCED, BASICS, DATA
from .inputs import read, sets_among
from .outputs import require_outputs
from .results import Json, print_done


@Parameter(name="*")
@dataclass(frozen=True)
class Learning:
    """How properties are learned; see ``tl.classify_genes``.

    Parameters
    ----------
    universe
        Genes to learn from and to be tested on: a boolean column of var. By default all genes
        that are in any of the sets.
    key
        The key of the training.
    classifier
        linear, knn or boosting, which is slow.
    folds
        Number of folds.
    min_genes
        Leave out sets with fewer members.
    max_genes
        Leave out sets with more members.
    gene_symbols
        Column of var with the names that the sets use.
    rng
        Seed.
    progress
        Whether to show a progress bar.
    """

    universe: Annotated[str | None, DATA] = None
    key: str = "fe"
    classifier: Literal["linear", "knn", "boosting"] = "linear"
    folds: Annotated[Number, ADVANCED] = 5
    min_genes: Annotated[Number, DATA] = 10
    max_genes: Annotated[Number | None, DATA] = None
    gene_symbols: Annotated[str | None, DATA] = None
    rng: Annotated[Number, ADVANCED] = 0
    progress: Annotated[bool | None, ADVANCED] = None


@app.command(
    name=("classify-genes", "classify"),
    usage=f"Usage: {NAME} classify-genes INPUT GENE-SETS... --out PATH [OPTIONS]",
    group_parameters=BASICS,
)
def classify_genes(
    input: Path,
    gene_sets: list[str],
    /,
    *,
    out: Output,
    learning: Learning | None = None,
    probabilities: Path | None = None,
    plot: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Measure how well properties of genes are read off their vectors, and write a table.

    The table has a row per property; means by collection are printed.

    Parameters
    ----------
    input
        A trained .h5ad file.
    gene_sets
        One .gmt or .gmt.gz file or several, or boolean columns of var.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    probabilities
        An .h5ad file of genes x properties to write as well.
    plot
        A picture to write as well; its ending decides the format.
    overwrite
        Replace the files if they exist.
    """
    from .. import io, tl
    from .tables import write_table

    inputs: dict[str, str | Path] = {"the input": input, **sets_among(gene_sets)}
    outputs = ((out, TABLE), (probabilities, H5AD), (plot, PICTURE))
    require_outputs(outputs, overwrite=overwrite, inputs=inputs)
    chosen = vars(learning or Learning())
    result = tl.classify_genes(read(input), gene_sets, **chosen)
    write_table(result.table, out, overwrite=overwrite)
    if probabilities is not None:
        io.write_h5ad(result.to_adata(), probabilities, overwrite=overwrite)
    if plot is not None:
        from .. import pl
        from .pictures import save

        save(pl.classify_genes(result, show=False), plot, overwrite=overwrite)
    by = result.table.groupby("collection", sort=False)
    shown = by[["auroc", "auprc", "base_rate", "auroc_permuted"]].mean()
    shown.insert(0, "properties", by.size())
    wrote = [(probabilities, ""), (plot, ""), (out, f"{len(result.table)} properties")]
    print_done(as_json, wrote, table=shown.reset_index(), digits="%.4f")
