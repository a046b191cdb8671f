"""A column of obs or var, found by its name."""

from __future__ import annotations

import pandas as pd

from .._core.errors import require_key


def column_of(table: pd.DataFrame, name: str, where: str) -> pd.Series:
    """Return the column of a table that messages call `where`, such as ``"adata.obs"``.

    Raises
    ------
    KeyError
        If there is no such column.
    ValueError
        If there are several.
    """
    require_key(name, table.columns, f"column of {where}")
    n = int((table.columns == name).sum())
    if n > 1:
        raise ValueError(
            f"{where} has {n} columns named {name!r}. Rename all but one, or keep the first of "
            f"each name: {where} = {where}.loc[:, ~{where}.columns.duplicated()]"
        )
    return table[name]
