"""One sub-command per verb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from .. import __version__
from .._core.settings import settings
from .options import integer, integers, keyword_options, require_another, settle_settings

app = App(
    name="fe-anndata",
    help="Sample and gene embeddings of RNA-seq, learned together.",
    version=__version__,
)

Output = Annotated[Path, Parameter(name=["--out", "-o"])]
Words = Annotated[list[str] | None, Parameter(consume_multiple=True)]
Number = Annotated[int, Parameter(converter=integer)]
Numbers = Annotated[list[int] | None, Parameter(converter=integers, consume_multiple=True)]
NOT_ON_THE_COMMAND_LINE = ("model", "copy")


@app.command
@keyword_options("fe_anndata.tl:train", leave_out=NOT_ON_THE_COMMAND_LINE)
def train(input: Path, /, *, out: Output, overwrite: bool = False, **options: object) -> None:
    """Train on an .h5ad file and write another one with the embeddings.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes.
    out
        The .h5ad file to write.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import get, io, tl
    from .._core.keys import Keys
    from ..io.h5ad import require_writable

    settings.verbosity()
    require_writable(out, overwrite=overwrite)
    options = settle_settings(options)
    adata = io.read_h5ad(input)
    tl.train(adata, **options)  # type: ignore[arg-type]
    io.write_h5ad(adata, out, overwrite=overwrite)
    key = str(options.get("key_added") or Keys().key)
    last = get.history(adata, key=key).iloc[-1]
    print(f"wrote {out}: {int(last['step'])} steps in {last['seconds']:.1f} s")
    if adata.uns[key]["params"]["ended"] == "interrupted":
        raise SystemExit(130)


@app.command
@keyword_options("fe_anndata.tl:transform", leave_out=NOT_ON_THE_COMMAND_LINE)
def transform(
    input: Path, reference: Path, /, *, out: Output, overwrite: bool = False, **options: object
) -> None:
    """Place the new samples of an .h5ad file in a trained embedding; its matrix is read by parts.

    Parameters
    ----------
    input
        An .h5ad file of new samples x genes.
    reference
        A trained .h5ad file.
    out
        The .h5ad file to write: the input with the results added.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl
    from ..io.h5ad import require_writable, write_beside

    settings.verbosity()
    require_writable(out, overwrite=overwrite)
    require_another(out, reference)
    options = settle_settings(options)
    placed = tl.transform(input, reference, **options)  # type: ignore[arg-type]
    assert placed is not None  # for a path
    write_beside(input, placed, out, overwrite=overwrite)
    print(f"wrote {out}: {placed.n_obs} samples placed")


@app.command
@keyword_options("fe_anndata.tl:reconstruct", leave_out=NOT_ON_THE_COMMAND_LINE)
def reconstruct(
    input: Path, /, *, out: Output, layer_added: str = "fe", overwrite: bool = False,
    **options: object,
) -> None:  # fmt: skip
    """Write the predicted expression of every sample and gene to a layer.

    Parameters
    ----------
    input
        A trained .h5ad file, or new samples as transform wrote them.
    out
        The .h5ad file to write: the input with the layer added.
    layer_added
        The layer to write.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl

    _add_layer(tl.reconstruct, input, out, layer_added, overwrite, options)


@app.command
@keyword_options("fe_anndata.tl:impute", leave_out=NOT_ON_THE_COMMAND_LINE)
def impute(
    input: Path, /, *, out: Output, layer_added: str = "fe_imputed", overwrite: bool = False,
    **options: object,
) -> None:  # fmt: skip
    """Write a layer in which predictions stand for missing values, and all else as it was.

    Parameters
    ----------
    input
        A trained .h5ad file, or new samples as transform wrote them.
    out
        The .h5ad file to write: the input with the layer added.
    layer_added
        The layer to write.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl

    _add_layer(tl.impute, input, out, layer_added, overwrite, options)


def _add_layer(
    verb: Callable[..., object],
    input: Path,
    out: Path,
    layer_added: str,
    overwrite: bool,
    options: dict[str, Any],
) -> None:
    """Read a file, let a verb add a layer, and write the result."""
    from .. import io
    from ..io.h5ad import require_writable

    settings.verbosity()
    require_writable(out, overwrite=overwrite)
    options = settle_settings(options)
    require_another(out, options.get("reference"))
    adata = io.read_h5ad(input)
    verb(adata, layer_added, **options)
    io.write_h5ad(adata, out, overwrite=overwrite)
    print(f"wrote {out}: layer {layer_added}")


@app.command
def plot(
    input: Path,
    kind: Literal[
        "embedding",
        "density",
        "history",
        "reconstruction",
        "similar-genes",
        "gene-arithmetic",
        "gene-lists",
        "gene-similarity-matrix",
    ],
    /,
    *,
    out: Output,
    color: Words = None,
    genes: Words = None,
    groupby: str | None = None,
    query: Path | None = None,
    expression: str | None = None,
    gene_sets: Path | None = None,
    key: str = "fe",
    dpi: int = 150,
    overwrite: bool = False,
) -> None:
    """Draw a picture of a trained .h5ad file.

    Parameters
    ----------
    input
        A trained .h5ad file.
    kind
        What to draw.
    out
        The picture to write; its ending decides the format.
    color
        Columns of obs, or genes, that colour an embedding.
    genes
        The genes to which similar ones are drawn, or those of a matrix.
    groupby
        The column of obs with one density panel per group.
    query
        New samples, as transform wrote them, to draw in the embedding.
    expression
        The sum of genes to draw, such as "APOE - APP + BRCA1".
    gene_sets
        The lists of genes to draw, a .gmt file.
    key
        The key of the training.
    dpi
        Dots per inch.
    overwrite
        Replace the output if it exists.
    """
    from .. import io
    from ..io.h5ad import require_writable
    from .pictures import draw, save

    require_writable(out, overwrite=overwrite)
    adata = io.read_h5ad(input)
    axes = draw(
        adata,
        kind,
        color=color,
        genes=genes,
        groupby=groupby,
        query=query,
        expression=expression,
        gene_sets=gene_sets,
        key=key,
    )
    save(axes, out, dpi=dpi)
    print(f"wrote {out}")


@app.command
def evaluate(
    input: Path,
    /,
    *,
    label: str,
    out: Output,
    dims: Numbers = None,
    methods: Words = None,
    classifiers: Words = None,
    folds: Number = 5,
    groups: str | None = None,
    layer: str | None = None,
    mask_var: str | None = None,
    n_top_genes: Number | None = None,
    rng: Number = 0,
    progress: bool | None = None,
    plot: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Measure how well methods place samples that they were not fitted to, and write a table.

    The table has a row per method, dimension, fold and classifier; means over folds are printed.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes.
    label
        Column of obs to read off the embeddings: categories, or numbers.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    dims
        Dimensions of the embeddings; by default 2, 8 and 32.
    methods
        fe, fe_concat, pca or umap; by default fe, pca and umap.
    classifiers
        knn, logistic or network; by default all three.
    folds
        Number of folds.
    groups
        Column of obs whose groups, such as patients, never straddle a fold.
    layer
        Embed these values, not X.
    mask_var
        Genes to use: a boolean column of var.
    n_top_genes
        Use so many genes, chosen in each fold.
    rng
        Seed.
    progress
        Whether to show a progress bar.
    plot
        A picture of the accuracies to write as well; its ending decides the format.
    overwrite
        Replace the table and the picture if they exist.
    """
    from .. import io, tl
    from ..io.h5ad import require_writable
    from .tables import means, write_table

    for path in [out] if plot is None else [out, plot]:
        require_writable(path, overwrite=overwrite)
    given = {"dims": dims, "methods": methods, "classifiers": classifiers}
    table = tl.evaluate(
        io.read_h5ad(input),
        label,
        folds=folds,
        groups=groups,
        layer=layer,
        mask_var=mask_var,
        n_top_genes=n_top_genes,
        rng=rng,
        progress=progress,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )
    write_table(table, out)
    print(means(table).to_csv(sep="\t", float_format="%.3f"), end="")
    if plot is not None:
        from .pictures import save_evaluation

        save_evaluation(table, plot)
        print(f"wrote {plot}")
    print(f"wrote {out}")


@app.command
def demo(*, out: Path = Path("fe-demo")) -> None:
    """Train on blood cells that come with Scanpy, and draw the result.

    Files of an earlier demo are replaced.

    Parameters
    ----------
    out
        The folder to write to; it is made if it does not exist.
    """
    from .demo import run

    settings.verbosity()
    run(out)


@app.command
def info() -> None:
    """Print versions, and with what this machine trains, and why."""
    from .info import describe

    print(describe())
