"""Sub-commands over the whole space of genes: neighbours, modules, and the coherence of sets."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .._core.endings import H5AD, TABLE
from .._core.settings import settings
from .app import app
from .arguments import Flag, Number, Output
from .inputs import changed, read, sets_among
from .outputs import require_outputs
from .results import Json, print_done


@app.command
def gene_neighbors(
    input: Path,
    /,
    *,
    out: Output,
    n_neighbors: Number = 15,
    key: str = "fe",
    metric: Literal["cosine", "euclidean", "whitened"] = "cosine",
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Write the trained genes as samples of a file, with their graph of nearest neighbours.

    Scanpy's tools, such as leiden and umap, go on from there.

    Parameters
    ----------
    input
        A trained .h5ad file, or any with gene vectors in varm.
    out
        The .h5ad file to write.
    n_neighbors
        Number of neighbours, the gene itself included.
    key
        The key of the training.
    metric
        How distance is measured.
    overwrite
        Replace the output if it exists.
    """
    from .. import io, tl

    settings.verbosity()
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs={"the input": input})
    genes = tl.gene_neighbors(read(input), n_neighbors, key=key, metric=metric)
    io.write_h5ad(genes, out, overwrite=overwrite)
    words = f"{genes.n_obs} genes with {n_neighbors} neighbours each"
    print_done(as_json, [(out, words)], n_genes=genes.n_obs, n_neighbors=n_neighbors)


@app.command
def gene_modules(
    input: Path,
    /,
    *,
    out: Output,
    resolution: float = 1.0,
    n_neighbors: Number = 15,
    n_random: Number = 1000,
    key: str = "fe",
    gene_symbols: str | None = None,
    rng: Number = 0,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Group genes into modules, the communities of their graph of neighbours, and print a table.

    Parameters
    ----------
    input
        A trained .h5ad file, or any with gene vectors in varm.
    out
        The .h5ad file to write: the input with the module of each gene in var, and the table.
    resolution
        Of the Leiden algorithm; a higher one gives more and smaller modules.
    n_neighbors
        Number of neighbours of each gene in the graph, the gene itself included.
    n_random
        Number of random sets of each size that modules are compared with.
    key
        The key of the training.
    gene_symbols
        A column of var with the names by which the table calls the genes.
    rng
        Seed.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl
    from .._core.keys import Keys

    adata = changed(
        tl.gene_modules, input, out, overwrite=overwrite, resolution=resolution,
        n_neighbors=n_neighbors, n_random=n_random, key=key, gene_symbols=gene_symbols, rng=rng,
    )  # fmt: skip
    table = adata.uns[Keys(key).modules]
    print_done(as_json, [(out, f"{len(table)} modules")], table=table)


@app.command
def set_coherence(
    input: Path,
    gene_sets: list[str],
    /,
    *,
    out: Output,
    universe: str | None = None,
    n_random: Number = 1000,
    key: str = "fe",
    min_genes: Number = 10,
    max_genes: Number | None = None,
    gene_symbols: str | None = None,
    rng: Number = 0,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Measure how similar the genes of each set are, against random sets, and write a table.

    Parameters
    ----------
    input
        A trained .h5ad file, or any with gene vectors in varm.
    gene_sets
        One .gmt or .gmt.gz file or several, or boolean columns of var.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    universe
        Genes from which random sets are drawn: a boolean column of var. By default all genes
        that are in any of the sets.
    n_random
        Number of random sets of each size.
    key
        The key of the training.
    min_genes
        Leave out sets with fewer members.
    max_genes
        Leave out sets with more members.
    gene_symbols
        Column of var with the names that the sets use.
    rng
        Seed.
    overwrite
        Replace the output if it exists.
    """
    from .. import tl
    from .tables import write_table

    inputs: dict[str, str | Path] = {"the input": input, **sets_among(gene_sets)}
    require_outputs([(out, TABLE)], overwrite=overwrite, inputs=inputs)
    table = tl.set_coherence(
        read(input), gene_sets, universe=universe, n_random=n_random, key=key,
        min_genes=min_genes, max_genes=max_genes, gene_symbols=gene_symbols, rng=rng,
    )  # fmt: skip
    write_table(table, out, overwrite=overwrite)
    higher = int((table["p_value"] < 0.05).sum())
    print_done(as_json, [(out, f"{len(table)} sets, {higher} with p below 0.05")],
               sets=len(table), below_005=higher)  # fmt: skip
