"""Where the samples were while they were trained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from .._core.keys import Keys
from ..store.records import unpack_records
from .results import require_intact, require_trained


class Recorded(NamedTuple):
    """Tables of samples, the last of which is the result.

    Attributes
    ----------
    steps
        After which step each was kept, (r,); the last number is that of the step whose result it
        is.
    tables
        Coordinates, float32 (r, n_obs, d), all in those of the result.
    """

    steps: NDArray[np.int64]
    tables: NDArray[np.float32]


def recorded(adata: AnnData, key: str) -> Recorded:
    """Return the recorded tables up to the step whose model was kept, and the result after them.

    Raises
    ------
    KeyError, ValueError
        If nothing was trained under `key`, or recorded; or the samples are others now.
    """
    stored = require_trained(adata, key)
    if "records" not in stored:
        raise KeyError(
            f"no records in adata.uns[{key!r}]: train with record_every=..., such as "
            "fe.tl.train(adata, record_every=5)."
        )
    require_intact(adata, key, same_samples=True)
    records, change = unpack_records(stored["records"], f"adata.uns[{key!r}]")
    best = int(stored["params"]["best_step"])
    result = np.asarray(adata.obsm[Keys(key).obsm], dtype=np.float32)
    kept = [(step, table) for step, table in records if step <= best]
    if any(table.shape != result.shape for _, table in kept):
        raise ValueError(
            f"the records in adata.uns[{key!r}] are of another embedding: train again."
        )
    tables = [(table @ change).astype(np.float32) for _, table in kept]
    steps = np.array([*(step for step, _ in kept), best], dtype=np.int64)
    return Recorded(steps, np.stack([*tables, result]))
