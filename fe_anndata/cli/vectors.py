"""Gene and sample vectors as files, and the agreement of two gene spaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._core.endings import TABLE
from .._core.settings import settings
from .app import app
from .arguments import Flag, Number, Output
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done, print_table


@app.command
def export_genes(
    input: Path, /, *, out: Output, key: str = "fe", overwrite: Flag = False, as_json: Json = False
) -> None:
    """Write the gene vectors of a trained .h5ad file for other tools.

    Parameters
    ----------
    input
        A trained .h5ad file.
    out
        The file to write: .txt or .vec for word2vec text, .tsv for a table, each also with .gz;
        .npz; or .h5ad.
    key
        The key of the training.
    overwrite
        Replace the output if it exists.
    """
    from .. import get, io
    from ..io.vectors import require_format

    settings.verbosity()
    require_format(out)
    require_outputs([(out, None)], overwrite=overwrite, inputs={"the input": input})
    adata = read(input)
    io.write_gene_vectors(adata, out, key=key, overwrite=overwrite)
    n, dim = get.genes(adata, key=key).shape
    print_done(as_json, [(out, "vectors of the trained genes")], n_genes=n, dim=dim)


@app.command
def export_samples(
    input: Path, /, *, out: Output, key: str = "fe", overwrite: Flag = False, as_json: Json = False
) -> None:
    """Write the sample embedding of a trained .h5ad file as a table, a row per sample.

    Parameters
    ----------
    input
        A trained .h5ad file, or new samples as transform wrote them.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    key
        The key of the training.
    overwrite
        Replace the output if it exists.
    """
    from .. import get
    from .tables import write_table

    settings.verbosity()
    require_outputs([(out, TABLE)], overwrite=overwrite, inputs={"the input": input})
    table = get.sample_embedding(read(input), key=key)
    form: dict[str, Any] = {"index": True, "index_label": "sample", "float_format": "%.9g"}
    write_table(table, out, overwrite=overwrite, **form)
    n, dim = table.shape
    print_done(as_json, [(out, f"{n} samples")], n_samples=n, dim=dim)


@app.command
def history(input: Path, /, *, key: str = "fe", as_json: Json = False) -> None:
    """Print how the loss fell in a training, as a table.

    Parameters
    ----------
    input
        A trained .h5ad file.
    key
        The key of the training.
    """
    from .. import get

    print_table(get.history(read(input), key=key), as_json, digits="%.6g")


@app.command(name=("compare-gene-spaces", "compare"))
def compare_gene_spaces(
    a: Path,
    b: Path,
    /,
    *,
    key: str = "fe",
    key_b: str | None = None,
    k: Number = 10,
    n_pairs: Number = 100_000,
    rng: Number = 0,
    as_json: Json = False,
) -> None:
    """Print how well two gene spaces agree, matched by gene name, as a table.

    Parameters
    ----------
    a
        A trained .h5ad file, or a file of gene vectors.
    b
        Another one, or the same with --key-b.
    key
        The key of the training.
    key_b
        That of the second file, if it is another one.
    k
        Neighbours of a gene that are compared.
    n_pairs
        Pairs of genes whose similarities are compared.
    rng
        Seed.
    """
    from .. import io, tl

    settings.verbosity()
    first = io.read_gene_vectors(a, key=key)
    second = io.read_gene_vectors(b, key=key_b or key)
    table = tl.compare_gene_spaces(
        first, second, key=key, key_b=key_b, k=k, n_pairs=n_pairs, rng=rng
    )
    print_table(table, as_json)
