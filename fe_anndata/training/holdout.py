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


@dataclass(frozen=True)
class Holdout:
    """What is held out.

    Attributes
    ----------
    cells
        The validation cells.
    counted
        Bool (n_obs,): False for samples held out whole, whose vectors are fitted to their other
        cells but which shape nothing that is shared.
    """

    cells: CellSet
    counted: np.ndarray


def draw(X: Values, validation: float | str, by: str, seed: int, names: Names) -> Holdout:
    """Return what is held out of `X`; missing cells are never among the validation cells.

    Parameters
    ----------
    X
        The matrix.
    validation
        Fraction of all cells or samples, or ``"auto"``.
    by
        ``"cells"`` anywhere, or half of the cells of some ``"samples"``.
    seed, names
        They alone decide, not the order of samples or genes.
    """
    n_obs, n_vars = X.shape
    counted = np.ones(n_obs, dtype=bool)
    if by == "cells":
        drawn = Permutation(n_obs * n_vars, seed, "validation")(
            np.arange(_number(validation, n_obs * n_vars, AUTO_CELLS))
        )
        rows, cols = names.rows[drawn // n_vars], names.cols[drawn % n_vars]
    else:
        n = _number(validation, n_obs, 2 * AUTO_CELLS // n_vars)
        n = max(n, 1) if validation else 0
        samples = names.rows[Permutation(n_obs, seed, "samples")(np.arange(n))]
        counted[samples] = False
        half = Permutation(max(n * n_vars, 1), seed, "halves")(np.arange(n * n_vars // 2))
        rows, cols = samples[half // n_vars], names.cols[half % n_vars]
    order = np.lexsort((cols, rows))
    rows, cols = rows[order], cols[order]
    values = cells(X, rows, cols)
    seen = ~np.isnan(values)
    return Holdout(CellSet(rows[seen], cols[seen], values[seen]), counted)


def _number(validation: float | str, of: int, most: int) -> int:
    if validation == "auto":
        return min(int(AUTO_FRACTION * of), most)
    return int(float(validation) * of)


def hidden_cells(X: Values, held_out: CellSet) -> CellSet:
    """Return all cells that training must not see: held out, or missing (with value zero)."""
    missing_rows, missing_cols = missing_cells(X)
    rows = np.concatenate([held_out.rows, missing_rows])
    cols = np.concatenate([held_out.cols, missing_cols])
    values = np.concatenate([held_out.values, np.zeros(len(missing_rows), np.float32)])
    order = np.lexsort((cols, rows))
    return CellSet(rows[order], cols[order], values[order])
