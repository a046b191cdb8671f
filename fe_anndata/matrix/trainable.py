"""What can be trained on, and what is warned of: errors that name the place, and the cure."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import sparse

from .._core import processes
from .._core.warn import warn_user
from .audit import Audit
from .extremes import LARGEST, Extremes
from .rows import Rows

LEAST = 1e-36
"""Mean square of deviations, below which squares are nothing in float32."""
MOST = 0.5
"""Of the squares of the deviations: if one sample holds more, little else shapes the result."""
FEW = 8
"""Of fewer samples one may hold so much by chance."""


def require_trainable(found: Audit, rows: Rows, genes: pd.Index, samples: pd.Index) -> None:
    """Raise ValueError if what was found cannot be trained on; warn of what seems wrong.

    Parameters
    ----------
    found
        The audit.
    rows
        What it is of; looked at again for the place of what is wrong.
    genes, samples
        Their names.
    """
    require_size(found.shape)
    require_observed(found, rows, genes, samples)
    require_variance(found)
    warn_of_sentinel(found.extremes)
    _warn_of_weight(found, genes, samples)


def require_variance(found: Audit, which: str = "all samples") -> None:
    """Raise ValueError if samples do not differ; `which` of them the message says."""
    if found.deviations.vary and found.deviations.total > LEAST * math.prod(found.shape):
        return
    least, greatest = found.extremes.least, found.extremes.greatest
    what = (
        f"every value of the matrix is {least:g}"
        if least == greatest
        else f"{which} have the same values"
    )
    raise ValueError(
        f"{what} (in float32, in which all is computed), so there is nothing to tell samples "
        "apart by. Is it the right layer? Very small or very large values have to be brought "
        "to an ordinary scale first."
    )


def require_size(shape: tuple[int, int]) -> None:
    """Raise ValueError if there is nothing, or too little, to embed."""
    n_obs, n_vars = shape
    if n_obs == 0 or n_vars == 0:
        raise ValueError(f"the matrix is empty ({n_obs} samples x {n_vars} genes).")
    if n_obs < 3 or n_vars < 3:
        raise ValueError(
            f"{n_obs} samples x {n_vars} genes are too few to embed; at least 3 of each are needed."
        )


def require_observed(found: Audit, rows: Rows, genes: pd.Index, samples: pd.Index) -> None:
    """Raise ValueError if values are infinite or too large, or a sample has none."""
    if found.extremes.infinite:
        raise infinite_values("the matrix holds", place(rows, np.isinf, genes, samples))
    if not found.observed.any():
        raise ValueError("every value of the matrix is missing (NaN).")
    empty = found.empty_rows
    if len(empty):
        raise ValueError(
            f"{len(empty)} samples have no observed value (such as {samples[empty[0]]!r}); "
            "remove them first."
        )
    if found.extremes.too_large:
        raise too_large_values(found.extremes, place(rows, too_large, genes, samples))


def infinite_values(who: str, where: str) -> ValueError:
    """Return the error of infinite values; `who` begins the sentence."""
    return ValueError(
        f"{who} infinite values ({where}), perhaps log(0); use log(x + 1), or set them to NaN to "
        "treat them as missing."
    )


def too_large_values(extremes: Extremes, where: str) -> ValueError:
    """Return the error of values that are too large."""
    value = extremes.greatest if extremes.greatest > LARGEST else extremes.least
    return ValueError(
        f"the matrix holds {value:.3g} ({where}), which is too large to compute with: the largest "
        f"is {LARGEST:g}. If it stands for a missing value, set it to NaN."
    )


def too_large(values: np.ndarray) -> np.ndarray:
    """Return which values are too large."""
    wrong: np.ndarray = np.abs(values) > LARGEST
    return wrong


def place(
    rows: Rows, wrong: Callable[[np.ndarray], np.ndarray], genes: pd.Index, samples: pd.Index
) -> str:
    """Return the sample and the gene of the first value that is wrong, by their names."""
    found = processes.exchanged(_place(rows, wrong, genes, samples))
    return next((where for where in found if where), "in a place that has changed since")


def _place(
    rows: Rows, wrong: Callable[[np.ndarray], np.ndarray], genes: pd.Index, samples: pd.Index
) -> str:
    for part, block in rows.blocks():
        if sparse.issparse(block):
            at = np.flatnonzero(wrong(block.data))[:1]
            row, col = np.searchsorted(block.indptr, at, side="right") - 1, block.indices[at]
        else:
            row, col = (found[:1] for found in np.nonzero(wrong(block)))
        if len(row):
            sample = samples[rows.first + part.start + row[0]]
            return f"sample {sample!r}, gene {genes[col[0]]!r}"
    return ""


def require_one_unit(mixed: tuple[int, int] | None, samples: pd.Index) -> None:
    """Raise ValueError if some samples are counts and others logarithms."""
    if mixed is not None:
        counts, logs = (samples[row] for row in mixed)
        raise ValueError(
            f"some samples hold counts, such as {counts!r}, and others logarithms, such as "
            f"{logs!r}: bring all of them to one unit first."
        )


def warn_of_sentinel(extremes: Extremes) -> None:
    """Warn of a value that stands for missing ones elsewhere."""
    if extremes.sentinel is not None:
        value = f"{extremes.sentinel:g}"
        warn_user(
            f"{value} is the least value, and occurs {extremes.n_least} times: if it stands for "
            f"missing values, set these to NaN, for example adata.X[adata.X == {value}] = np.nan."
        )


def _warn_of_weight(found: Audit, genes: pd.Index, samples: pd.Index) -> None:
    """Warn if one sample, or one value, holds most of the squares of all deviations."""
    most = found.deviations
    if found.shape[0] < FEW or most.largest <= MOST * most.total:
        return
    what, holds = f"the sample {samples[most.row]!r}", most.largest
    if most.of_value > MOST * most.total:
        what = f"the value {most.value:.5g} of the gene {genes[most.column]!r} in {what}"
        holds = most.of_value
    warn_user(
        f"{what} holds {holds / most.total:.0%} of the squared deviations from the gene means, so "
        "that it shapes the result more than all others together. Is it an error? Leave it out, "
        "or set it to NaN."
    )
