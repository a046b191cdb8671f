"""Expression as the model predicts it."""

from __future__ import annotations

import numpy as np
import torch
from anndata import AnnData

from .._access.inputs import require_anndata
from .._access.results import require_trained, trained_model
from .._core.keys import DEFAULT_KEY
from .._core.log import logger
from ..models.factorized import Factorized

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
    if layer_added == require_trained(adata, key)["params"]["layer"]:
        raise ValueError(
            f"layers[{layer_added!r}] holds the values that were trained on; choose another "
            "layer_added."
        )
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
