"""Some entries of a matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Entries:
    """Some entries of a matrix, sorted by row, then column.

    Attributes
    ----------
    rows, cols
        Where they are, int64 (n,).
    values
        What the matrix holds there, float32 (n,).
    """

    rows: np.ndarray
    cols: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def observed(self) -> Entries:
        """Return those that are not missing."""
        seen = ~np.isnan(self.values)
        return Entries(self.rows[seen], self.cols[seen], self.values[seen])
