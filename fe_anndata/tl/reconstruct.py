"""Expression as the model predicts it."""

from __future__ import annotations

import numpy as np
import torch
from anndata import AnnData

from .._access.inputs import canonical_names, expression, require_anndata
from .._access.results import require_intact, require_trained, trained_model
from .._core.keys import DEFAULT_KEY
from .._core.log import logger
from .._core.random import generator
from ..matrix.values import cells as values_at
from ..models.factorized import Factorized
from ..store import uns
from ..training.holdout import draw

CHUNK_CELLS = 1 << 22


def reconstruct(
    adata: AnnData, layer_added: str = "fe", *, key: str = DEFAULT_KEY, copy: bool = False
) -> AnnData | None:
    """Write the predicted expression of every trained sample and gene to a layer.

    Parameters
    ----------
    adata
        Trained; samples may have been left out since, genes not.
    layer_added
        The layer to write.
    key
        The `key_added` of the training.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy if ``copy=True``, otherwise None. Written is ``layers[layer_added]``, float32
        (n_obs, n_vars) in the units of the training matrix, NaN for genes not trained on.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If the AnnData was subset by genes or concatenated since.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.tl.reconstruct(adata)
    >>> adata.layers["fe"].shape
    (700, 765)
    """
    require_anndata(adata)
    model, trained = trained_model(adata, key)
    predicted = _predict_all(model, trained)
    result = adata.copy() if copy else adata
    result.layers[layer_added] = predicted
    logger.info("wrote layers[%r] %s", layer_added, predicted.shape)
    return result if copy else None


@torch.no_grad()
def _predict_all(model: Factorized, trained: np.ndarray) -> np.ndarray:
    n_obs, genes = len(model.samples), torch.arange(len(model.genes))
    predicted = np.full((n_obs, len(trained)), np.nan, dtype=np.float32)
    # A tile of the concat decoder holds its hidden activations, so tiles are kept small.
    width = max(1, sum(model.architecture["hidden"]))
    rows = max(1, CHUNK_CELLS // (len(genes) * width))
    for first in range(0, n_obs, rows):
        samples = torch.arange(first, min(first + rows, n_obs))
        predicted[first : first + rows, trained] = model.tile(samples, genes).numpy()
    return predicted


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
    if cells == "validation":
        require_intact(adata, key, same_samples=True)
        config = uns.unpack_config(stored["params"])
        held_out = draw(
            X if trained.all() else X[:, trained],
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
