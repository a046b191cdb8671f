"""Genes that set groups of samples apart."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import PICTURE, TABLE
from .._core.errors import require_positive
from .._core.settings import settings
from .app import NAME, app
from .arguments import Flag, Number, Output, Words
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done

SHOWN = 5
"""Genes of a group that are printed."""


@app.command(usage=f"Usage: {NAME} markers INPUT GROUPBY --out PATH [OPTIONS]")
def markers(
    input: Path,
    groupby: str,
    /,
    *,
    out: Output,
    groups: Words = None,
    reference: str = "rest",
    n_genes: Number | None = None,
    layer: str | None = None,
    key: str = "fe",
    plot: Path | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Find the genes that set groups apart, by the decoder and the data together.

    The table has a row for each group and gene, genes of the highest scores first.

    Parameters
    ----------
    input
        A trained .h5ad file, with the values that were trained on.
    groupby
        Column of obs that names groups.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    groups
        Groups to be compared; by default all.
    reference
        The group to compare with; by default all other samples.
    n_genes
        Write so many genes of each group; by default all.
    layer
        Observed values, if not those that were trained on.
    key
        The key of the training.
    plot
        A picture of the first genes of each group to write as well; its ending decides the format.
    overwrite
        Replace the table and the picture if they exist.
    """
    from .. import tl
    from .tables import write_table

    settings.verbosity()
    outputs = ((out, TABLE), (plot, PICTURE))
    require_outputs(outputs, overwrite=overwrite, inputs={"the input": input})
    if n_genes is not None:
        require_positive(n_genes, "--n-genes")
    table = tl.markers(
        read(input), groupby, groups=groups, reference=reference, layer=layer, key=key
    )
    by_group = table.groupby("group", sort=False)
    written = table if n_genes is None else by_group.head(n_genes)
    if plot is not None:
        from .pictures import draw_markers, save

        save(draw_markers(table), plot, overwrite=overwrite)  # of all genes, in every group
    write_table(written, out, overwrite=overwrite)
    first = {str(group): names[:SHOWN].tolist() for group, names in by_group["names"]}
    lines = [f"{group}: {', '.join(names)}" for group, names in first.items()]
    wrote = [(plot, ""), (out, f"{len(written)} rows")]
    print_done(as_json, wrote, lines=lines, rows=len(written), first=first)
