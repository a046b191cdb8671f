"""Observed and predicted values of the cells of a trained AnnData."""

from __future__ import annotations

import numpy as np
import torch
from anndata import AnnData

from .._core.random import generator
from ..matrix.values import cells as values_at
from ..store import uns
from ..training.holdout import draw
from .inputs import canonical_names, expression, require_same_values
from .results import require_intact, require_trained, trained_model


@torch.no_grad()
def observed_and_predicted(
    adata: AnnData, key: str, cells: str, max_cells: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return observed and predicted values of cells: held out, or any.

    Parameters
    ----------
    adata
        Trained.
    key
        The `key_added` of the training.
    cells
        ``"validation"`` for those held out from the training, ``"all"`` for a random choice.
    max_cells
        At most so many, drawn at random.
    seed
        Decides which.
    """
    stored = require_trained(adata, key)
    model, trained = trained_model(adata, key)
    X = expression(adata, stored["params"]["layer"])
    at = np.flatnonzero(trained)
    seen = X if trained.all() else X[:, trained]
    if cells == "validation":
        require_intact(adata, key, same_samples=True)
        require_same_values(seen, stored["preprocessing"]["sum"])
        config = uns.unpack_config(stored["params"])
        held_out = draw(
            seen,
            config.validation,
            config.validation_by,
            int(stored["params"]["rng"]),
            canonical_names(adata, trained),
        ).cells
        if not len(held_out):
            raise ValueError(
                "no cells were held out in this training (validation=0); use cells='all', or "
                "train with validation=0.05."
            )
        rows, cols = held_out.rows, held_out.cols
    else:
        drawn = generator(seed, "cells").integers(len(model.samples) * len(at), size=max_cells)
        rows, cols = np.divmod(np.unique(drawn), len(at))
    if len(rows) > max_cells:
        kept = np.sort(generator(seed, "cells").permutation(len(rows))[:max_cells])
        rows, cols = rows[kept], cols[kept]
    observed = values_at(X, rows, at[cols])
    predicted = [
        model.cells(torch.from_numpy(r), torch.from_numpy(c)).numpy()
        for r, c in zip(
            *(np.array_split(a, len(a) // 65536 + 1) for a in (rows, cols)), strict=True
        )
    ]
    seen = ~np.isnan(observed)
    return observed[seen], np.concatenate(predicted)[seen]
