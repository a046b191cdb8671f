"""Gene and sample vectors as files, and the agreement of two gene spaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._core.endings import TABLE
from .._core.settings import settings
from .app import app
from .arguments import Flag, Number, Output
from .outputs import require_outputs


@app.command
def export(
    input: Path, /, *, out: Output, samples: Flag = False, key: str = "fe", overwrite: Flag = False
) -> None:
    """Write the gene vectors of a trained .h5ad file for other tools.

    Parameters
    ----------
    input
        A trained .h5ad file.
    out
        The file to write: .txt or .vec for word2vec text, .tsv for a table, each also with .gz;
        .npz; or .h5ad. With --samples a table, separated by commas if its name ends in .csv.
    samples
        Write the sample embedding, a row per sample, in place of the gene vectors.
    key
        The key of the training.
    overwrite
        Replace the output if it exists.
    """
    from .. import get, io
    from ..io.vectors import require_format
    from .tables import write_table

    settings.verbosity()
    if not samples:
        require_format(out)
    outputs = [(out, TABLE if samples else None)]
    require_outputs(outputs, overwrite=overwrite, inputs={"the input": input})
    adata = io.read_h5ad(input)
    if not samples:
        io.write_gene_vectors(adata, out, key=key, overwrite=overwrite)
        print(f"wrote {out}: vectors of the trained genes")
        return
    table = get.sample_embedding(adata, key=key)
    form: dict[str, Any] = {"index": True, "index_label": "sample", "float_format": "%.9g"}
    write_table(table, out, overwrite=overwrite, **form)
    print(f"wrote {out}: {len(table)} samples")


@app.command
def compare(
    a: Path,
    b: Path,
    /,
    *,
    key: str = "fe",
    key_b: str | None = None,
    k: Number = 10,
    rng: Number = 0,
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
    rng
        Seed.
    """
    from .. import io, tl

    settings.verbosity()
    first = io.read_gene_vectors(a, key=key)
    second = io.read_gene_vectors(b, key=key_b or key)
    table = tl.compare_gene_spaces(first, second, key=key, key_b=key_b, k=k, rng=rng)
    print(table.to_csv(sep="\t", index=False, float_format="%.4f"), end="")
