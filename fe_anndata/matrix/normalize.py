"""Steps from counts or TPM to logarithms, each applied to some rows at a time, and undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import sparse

from .findings import greatest_of, like_logs
from .rows import InMemory
from .values import Values, stored

Normalize: TypeAlias = Literal["auto", "log1p_cp10k", "log10p1", "log2_tpm"] | None
SCALE = np.float32(1e4)
"""To which total counts are brought by ``"log1p_cp10k"``, as Scanpy's tutorials do."""


@dataclass(frozen=True)
class Step:
    """What is done to values before they are trained on.

    Attributes
    ----------
    name
        As the user types it.
    said
        What it is, in words.
    of_totals
        Whether samples are first brought to one total.
    covered
        Which share of that total the genes at hand hold.
    refuses_logs
        Whether samples that look like logarithms already are an error.
    """

    name: str
    said: str
    of_totals: bool
    _log: Callable[[np.ndarray], np.ndarray]
    _power: Callable[[np.ndarray], np.ndarray]
    covered: float = 1.0
    refuses_logs: bool = False

    def forward(self, rows: Values) -> Values:
        """Return some rows, with all their genes, in the units of the training.

        A sparse matrix stays one. Missing values, NaN, stay missing and count nothing in a total.

        Raises
        ------
        ValueError
            If a value is negative.
        """
        values = stored(rows)
        with np.errstate(invalid="ignore"):
            if values.size and np.nanmin(values) < 0:
                raise ValueError(
                    f"normalize={self.name!r} takes logarithms, but there are negative values, "
                    f"such as {np.nanmin(values):g}: these are logarithms or scaled values "
                    "already. Leave them as they are with normalize=None."
                )
            if self.refuses_logs and like_logs(greatest_of(rows)).any():
                raise ValueError(
                    "some samples hold logarithms, and others counts or TPM: bring all of them to "
                    "one unit first."
                )
            scale = self._scale(rows)
            if sparse.issparse(rows):
                data = rows.data
                if scale is not None:
                    data = data * np.repeat(scale, np.diff(rows.indptr))
                parts = self._log(data), rows.indices, rows.indptr
                made = sparse.csr_matrix(parts, shape=rows.shape, copy=False)
                made.has_canonical_format = rows.has_canonical_format
                return made
            dense: np.ndarray = self._log(rows if scale is None else rows * scale[:, None])
            return dense

    def _scale(self, rows: Values) -> np.ndarray | None:
        if not self.of_totals:
            return None
        totals = totals_of(rows)
        scale = self.covered * SCALE / np.where(totals > 0, totals, SCALE)
        return np.asarray(scale, dtype=np.float32)

    def backward(self, values: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """Return values of the training, (n, m), in the units of the matrix, whose totals are (n,).

        Values that the model predicts may lie below zero, where nothing is; they become zero.
        """
        found: np.ndarray = np.maximum(self._power(values), 0)
        if self.of_totals:
            found = found * (totals / (self.covered * SCALE))[:, None].astype(found.dtype)
        return found


def totals_of(rows: Values) -> np.ndarray:
    """Return the sum of the observed values of each row, float64 (n,)."""
    if sparse.issparse(rows):
        data = np.nan_to_num(rows.data)
        row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        sums: np.ndarray = np.bincount(row, weights=data, minlength=rows.shape[0])
        return sums
    return np.asarray(np.nansum(rows, axis=1, dtype=np.float64))


def _log10p1(values: np.ndarray) -> np.ndarray:
    return np.log10(values + np.float32(1))


def _log2p1(values: np.ndarray) -> np.ndarray:
    return np.log2(values + np.float32(1))


STEPS = {
    step.name: step
    for step in (
        Step("log1p_cp10k", "log(x + 1) of counts per 10,000", True, np.log1p, np.expm1),
        Step("log10p1", "log10(x + 1)", False, _log10p1, lambda y: np.float32(10) ** y - 1),
        Step("log2_tpm", "log2(x + 1)", False, _log2p1, lambda y: np.exp2(y) - 1),
    )
}
"""By name."""


def normalized(values: Values, step: Step, columns: np.ndarray | None) -> Values:
    """Return a matrix after a step, as a new one, and of it some columns."""
    blocks = [step.forward(block) for _, block in InMemory(values).blocks()]
    blocks = blocks if columns is None else [block[:, columns] for block in blocks]
    return sparse.vstack(blocks, "csr") if sparse.issparse(values) else np.concatenate(blocks)
