"""Genes that differ between groups of samples."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import H5AD, TABLE
from .._core.settings import settings
from .app import app
from .arguments import Flag, Output, Words
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done


@app.command
def differential(
    input: Path,
    groupby: str,
    /,
    *,
    out: Output,
    groups: Words = None,
    reference: str = "rest",
    key: str = "fe",
    key_added: str | None = None,
    save: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Find the genes whose modelled rate differs between groups of samples, and write a table.

    Parameters
    ----------
    input
        A trained .h5ad file of counts, with these in it.
    groupby
        Column of obs that names groups.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    groups
        Groups to be tested; by default all.
    reference
        The group to compare with; by default all other samples.
    key
        The key of the training.
    key_added
        Names the result in the file of --save.
    save
        An .h5ad file to write as well: the input with the result, as Scanpy reads it.
    overwrite
        Replace the files if they exist; the latter may be the input itself.
    """
    from .. import io, tl
    from .._access.ranked import ranked_table
    from .._access.storable import require_storable
    from .._core.keys import Keys
    from .tables import write_table

    settings.verbosity()
    require_outputs(((out, TABLE), (save, H5AD)), overwrite=overwrite, inputs={})
    adata = read(input)
    if save is not None:
        require_storable(adata, input)
    tl.differential(
        adata, groupby, groups=groups, reference=reference, key=key, key_added=key_added
    )
    table = ranked_table(adata.uns[Keys(key).differential if key_added is None else key_added])
    write_table(table, out, overwrite=overwrite)
    if save is not None:
        io.write_h5ad(adata, save, overwrite=overwrite)
    found = (table["pvals_adj"] < 0.05).groupby(table["group"], sort=False).sum()
    lines = [f"{group}: {n} genes with an adjusted p below 0.05" for group, n in found.items()]
    wrote = [(save, ""), (out, f"{len(table)} rows")]
    print_done(as_json, wrote, lines=lines, rows=len(table), significant=found.to_dict())
