"""Classes of samples that a model learns to name."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from ..training.problem import Labels
from .columns import column_of
from .samples import as_categories, is_categorical


def labels_of(adata: AnnData, key: str | None) -> Labels | None:
    """Return the classes of the samples by a column of obs; None if there is no key.

    Raises
    ------
    KeyError, ValueError
        If there is no such column, or it does not tell two classes apart.
    """
    if key is None:
        return None
    column = column_of(adata.obs, key, "adata.obs")
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
