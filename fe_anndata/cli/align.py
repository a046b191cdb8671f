"""The gene spaces of two species, brought together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .._core.endings import H5AD, TABLE
from .app import NAME, app
from .arguments import Flag, Number, Output, Words
from .groups import ADVANCED, BASICS, DATA
from .outputs import require_outputs
from .results import Json, print_done


@Parameter(name="*")
@dataclass(frozen=True)
class Aligning:
    """How spaces are aligned; see ``tl.align_gene_spaces``.

    Parameters
    ----------
    method
        cca: directions are weighted by their correlation between the species. procrustes: the
        spaces are only rotated.
    key
        The key of the training.
    columns
        The two columns of names in the table of pairs, that of the first species first.
    identity
        Its column with the sequence identity of each pair.
    key_mouse
        The key of the second species, if it is another one.
    supervised
        Whether the maps are found from orthologs; otherwise all of them are held out.
    refine
        How many times the maps are refined; by default 0, or 10 with --no-supervised.
    csls
        Nearest neighbours that correct ranks for hubs; 0 for the cosine alone.
    folds
        Number of folds of the pairs.
    prefix
        What is put before the names of genes of the second species where both are written.
    rng
        Seed.
    """

    method: Literal["cca", "procrustes"] = "cca"
    key: str = "fe"
    columns: Annotated[Words, DATA] = None
    identity: Annotated[str | None, DATA] = None
    key_mouse: Annotated[str | None, DATA] = None
    supervised: Annotated[bool, ADVANCED] = True
    refine: Annotated[Number | None, ADVANCED] = None
    csls: Annotated[Number, ADVANCED] = 10
    folds: Annotated[Number, ADVANCED] = 5
    prefix: Annotated[str, ADVANCED] = "m_"
    rng: Annotated[Number, ADVANCED] = 0


@app.command(
    usage=f"Usage: {NAME} align-gene-spaces HUMAN MOUSE ORTHOLOGS --out PATH [OPTIONS]",
    group_parameters=BASICS,
)
def align_gene_spaces(
    human: Path,
    mouse: Path,
    orthologs: Path,
    /,
    *,
    out: Output,
    aligning: Aligning | None = None,
    pairs: Path | None = None,
    both: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Bring the gene vectors of two species into one space, and print whether orthologs meet.

    Parameters
    ----------
    human
        A trained .h5ad file, or a file of gene vectors, of one species.
    mouse
        That of another one.
    orthologs
        A table of one-to-one pairs of names, with a header, separated by tabs or commas.
    out
        The table to write: how often orthologs are found, held out or not.
    pairs
        A table of all pairs to write as well, with the rank of each.
    both
        An .h5ad file to write as well: the genes of both species with their common vectors.
    overwrite
        Replace the files if they exist.
    """
    from .. import io, tl
    from .tables import write_table

    chosen = aligning or Aligning()
    inputs = {"the first input": human, "the second input": mouse, "the table": orthologs}
    outputs = ((out, TABLE), (pairs, TABLE), (both, H5AD))
    require_outputs(outputs, overwrite=overwrite, inputs=inputs)
    first = io.read_gene_vectors(human, key=chosen.key)
    second = io.read_gene_vectors(mouse, key=chosen.key_mouse or chosen.key)
    found = tl.align_gene_spaces(first, second, orthologs, **vars(chosen))
    write_table(found.summary, out, overwrite=overwrite)
    if pairs is not None:
        write_table(found.pairs, pairs, overwrite=overwrite)
    if both is not None:
        io.write_h5ad(found.both, both, overwrite=overwrite)
    wrote = [(pairs, f"{len(found.pairs)} pairs"), (both, f"{found.both.n_vars} genes"), (out, "")]
    print_done(as_json, wrote, table=found.summary)
