"""The entries held out for validation, drawn before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..matrix.entries import Entries
from ..matrix.rows import Rows
from .order import Permutation
from .ranks import Ranks

AUTO_FRACTION = 0.05
AUTO_ENTRIES = 50_000
"""``validation="auto"``: 5 % of the entries, but no more than tell the loss to 1 %."""


@dataclass(frozen=True)
class Holdout:
    """What is held out.

    Attributes
    ----------
    entries
        The validation entries.
    counted
        Bool (n_obs,): False for samples held out whole, whose vectors are fitted to their other
        entries but which shape nothing that is shared.

    Where processes have rows of their own, both are of these.
    """

    entries: Entries
    counted: np.ndarray


def draw(rows: Rows, validation: float | str, by: str, seed: int, ranks: Ranks) -> Holdout:
    """Return what is held out; missing entries are never among the validation entries.

    Parameters
    ----------
    rows
        The matrix.
    validation
        Fraction of all entries or samples, or ``"auto"``.
    by
        ``"entries"`` anywhere, or half of the entries of some ``"samples"``.
    seed, ranks
        They alone decide, not the order of samples or genes.
    """
    (n_obs, n_vars), own = (len(ranks.samples), len(ranks.genes)), ranks.own
    counted = np.ones(n_obs, dtype=bool)
    if by == "entries":
        drawn = Permutation(n_obs * n_vars, seed, "validation")(
            np.arange(_number(validation, n_obs * n_vars, AUTO_ENTRIES))
        )
        row, col = ranks.rows[drawn // n_vars], ranks.cols[drawn % n_vars]
    else:
        n = _number(validation, n_obs, 2 * AUTO_ENTRIES // n_vars)
        n = max(n, 1) if validation else 0
        samples = ranks.rows[Permutation(n_obs, seed, "samples")(np.arange(n))]
        counted[samples] = False
        half = Permutation(max(n * n_vars, 1), seed, "halves")(np.arange(n * n_vars // 2))
        row, col = samples[half // n_vars], ranks.cols[half % n_vars]
    inside = (row >= own.start) & (row < own.stop)
    row, col = row[inside] - own.start, col[inside]
    order = np.lexsort((col, row))
    drawn_entries = rows.entries(row[order], col[order])
    return Holdout(drawn_entries.observed(), counted[own])


def _number(validation: float | str, of: int, most: int) -> int:
    if validation == "auto":
        return min(int(AUTO_FRACTION * of), most)
    return int(float(validation) * of)


def hidden_entries(rows: Rows, held_out: Entries) -> Entries:
    """Return all entries that training must not see: held out, or missing (with value zero)."""
    missing = rows.missing()
    row = np.concatenate([held_out.rows, missing.rows])
    col = np.concatenate([held_out.cols, missing.cols])
    values = np.concatenate([held_out.values, missing.values])
    order = np.lexsort((col, row))
    return Entries(row[order], col[order], values[order])
