"""The cells held out for validation, drawn before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..matrix.values import Values, cells, missing_cells
from .batches import Permutation
from .names import Names

AUTO_FRACTION = 0.05
AUTO_CELLS = 50_000
"""``validation="auto"``: 5 % of the cells, but no more than it takes to know the loss to 1 %."""


@dataclass(frozen=True)
class CellSet:
    """Some cells of a matrix, sorted by row, then column, and their values."""

    rows: np.ndarray
    cols: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def draw(X: Values, validation: float | str, seed: int, names: Names) -> CellSet:
    """Return the validation cells of `X`; missing cells are never among them.

    Parameters
    ----------
    X
        The matrix.
    validation
        Fraction of all cells, or ``"auto"``.
    seed, names
        They alone decide, not the order of samples or genes.
    """
    n_cells = X.shape[0] * X.shape[1]
    if validation == "auto":
        n = min(int(AUTO_FRACTION * n_cells), AUTO_CELLS)
    else:
        n = int(float(validation) * n_cells)
    drawn = Permutation(n_cells, seed, "validation")(np.arange(n))
    rows, cols = names.rows[drawn // X.shape[1]], names.cols[drawn % X.shape[1]]
    order = np.lexsort((cols, rows))
    rows, cols = rows[order], cols[order]
    values = cells(X, rows, cols)
    seen = ~np.isnan(values)
    return CellSet(rows[seen], cols[seen], values[seen])


def hidden_cells(X: Values, held_out: CellSet) -> CellSet:
    """Return all cells that training must not see: held out, or missing (with value zero)."""
    missing_rows, missing_cols = missing_cells(X)
    rows = np.concatenate([held_out.rows, missing_rows])
    cols = np.concatenate([held_out.cols, missing_cols])
    values = np.concatenate([held_out.values, np.zeros(len(missing_rows), np.float32)])
    order = np.lexsort((cols, rows))
    return CellSet(rows[order], cols[order], values[order])
