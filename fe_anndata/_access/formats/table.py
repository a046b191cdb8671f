"""A table with names, as it stands in a file, before it is known which side is the genes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Table:
    """Names, and how to get the values.

    Attributes
    ----------
    rows, columns
        Names.
    beside
        What is said of the rows in other columns.
    fill
        Writes the values to a float32 array (n_rows, n_columns), whatever its order in memory.
    """

    rows: pd.Index
    columns: pd.Index
    beside: pd.DataFrame
    fill: Callable[[np.ndarray], None]

    def matrix(self, *, turned: bool) -> np.ndarray:
        """Return the values, float32 (n_rows, n_columns), or turned."""
        shape = (len(self.rows), len(self.columns))
        made = np.empty(shape[::-1] if turned else shape, dtype=np.float32)
        self.fill(made.T if turned else made)
        return made


def held(rows: pd.Index, columns: pd.Index, beside: pd.DataFrame, values: np.ndarray) -> Table:
    """Return a table whose values are in memory."""

    def fill(made: np.ndarray) -> None:
        made[...] = values

    return Table(rows, columns, beside, fill)
