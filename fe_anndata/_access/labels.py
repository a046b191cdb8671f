"""Classes of samples that a model learns to name."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..training.problem import Labels
from .columns import column_of
from .samples import as_categories, is_categorical

LARGEST = 1e15
"""Numbers that can be learned are smaller."""


def labels_of(obs: pd.DataFrame, key: str | None, *, numbers: bool = False) -> Labels | None:
    """Return the classes of the samples by a column of obs; None if there is no key.

    With `numbers` the column may hold such.

    Raises
    ------
    KeyError, ValueError
        If there is no such column, or it does not tell two classes apart.
    """
    if key is None:
        return None
    column = column_of(obs, key, "adata.obs")
    if numbers and not is_categorical(column):
        return _numbers(column, key)
    if not is_categorical(column):
        raise ValueError(
            f"labels_key: adata.obs[{key!r}] holds numbers, not classes; if they are names of "
            f"classes: adata.obs[{key!r}] = adata.obs[{key!r}].astype(str)."
        )
    found = as_categories(column).remove_unused_categories()
    if len(found.categories) < 2:
        raise ValueError(
            f"labels_key: adata.obs[{key!r}] holds {len(found.categories)} classes; at least two "
            "are needed to tell them apart."
        )
    return Labels(tuple(map(str, found.categories)), np.asarray(found.codes, dtype=np.int64))


def _numbers(column: pd.Series, key: str) -> Labels:
    """Return the numbers of a column.

    Raises
    ------
    ValueError
        If one is infinite, or all are the same.
    """
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise ValueError(
            f"labels_key: adata.obs[{key!r}] is infinite for the sample "
            f"{str(column.index[infinite[0]])!r}: put a number there, or NaN if it is not known."
        )
    known = values[np.isfinite(values)]
    if len(known) and not np.abs(known).max() < LARGEST:
        raise ValueError(
            f"labels_key: adata.obs[{key!r}] holds numbers above {LARGEST:g}; bring "
            "them nearer to 1."
        )
    if not len(known) or known.min() == known.max():
        raise ValueError(
            f"labels_key: adata.obs[{key!r}] holds fewer than two different numbers, of which "
            "nothing can be learned."
        )
    return Labels((), np.where(np.isfinite(values), 0, -1), values)
