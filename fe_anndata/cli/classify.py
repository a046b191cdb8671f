"""The sub-command that reads properties of genes off their vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter

from .._core.endings import H5AD, PICTURE, TABLE
from .app import app
from .arguments import Flag, Number, Output
from .outputs import require_outputs


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

    universe: str | None = None
    key: str = "fe"
    classifier: str = "linear"
    folds: Number = 5
    min_genes: Number = 10
    max_genes: Number | None = None
    gene_symbols: str | None = None
    rng: Number = 0
    progress: bool | None = None


@app.command
def classify(
    input: Path,
    gene_sets: list[str],
    /,
    *,
    out: Output,
    learning: Learning | None = None,
    probabilities: Path | None = None,
    plot: Path | None = None,
    overwrite: Flag = False,
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

    sets = {f"the gene sets {name}": name for name in gene_sets if ".gmt" in name}
    inputs: dict[str, str | Path] = {"the input": input, **sets}
    outputs = ((out, TABLE), (probabilities, H5AD), (plot, PICTURE))
    require_outputs(outputs, overwrite=overwrite, inputs=inputs)
    chosen = vars(learning or Learning())
    result = tl.classify_genes(io.read_h5ad(input), gene_sets, **chosen)
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
    print(shown.to_csv(sep="\t", float_format="%.4f"), end="")
    for path in (probabilities, plot):
        if path is not None:
            print(f"wrote {path}")
    print(f"wrote {out}: {len(result.table)} properties")
