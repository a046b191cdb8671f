"""Say how far methods are apart, and how sure that is."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import TABLE
from .app import app
from .arguments import Flag, Output
from .outputs import require_outputs
from .results import Json, print_done


@app.command
def differences(
    input: Path,
    /,
    *,
    out: Output,
    method: str | None = None,
    metric: str | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Say which method to use: differences on the same folds with their standard errors.

    Parameters
    ----------
    input
        The table that evaluate wrote, best of several --deals.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    method
        The method that is compared with each other one; by default the first of the table.
    metric
        The column to compare; by default accuracy_new, or for numbers label_r2_new.
    overwrite
        Replace the table if it exists.
    """
    from .. import get
    from .pictures import metric_of
    from .tables import read_table, write_table

    require_outputs([(out, TABLE)], overwrite=overwrite, inputs={"the input": input})
    table = read_table(input)
    found = get.differences(table, method, metric=metric or metric_of(table))
    write_table(found, out, overwrite=overwrite)
    print_done(as_json, [(out, "")], table=found)
