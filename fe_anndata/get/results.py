"""The record of a training, and its model."""

from __future__ import annotations

import pandas as pd
from anndata import AnnData
from torch import nn

from .._access.results import require_trained, trained_model
from .._core.keys import DEFAULT_KEY
from ..store.uns import unpack_history


def history(adata: AnnData, *, key: str = DEFAULT_KEY) -> pd.DataFrame:
    """Return the history of a training.

    Parameters
    ----------
    adata
        Trained; ``uns["fe"]`` is read.
    key
        The `key_added` of the training.

    Returns
    -------
    DataFrame
        One row per evaluation: ``step``, ``epoch``, ``seconds`` since the call, ``train_loss`` and
        ``validation_loss`` (mean squared errors per entry in the units of the matrix; the first is
        the mean over the steps since the last evaluation, under the noise of training) and
        ``entries_per_second``.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.get.history(adata)["step"].tolist()
    [0, 15, 20]
    """
    return unpack_history(require_trained(adata, key)["history"])


def model(adata: AnnData, *, key: str = DEFAULT_KEY) -> nn.Module:
    """Return the trained model as a torch module on the CPU.

    Parameters
    ----------
    adata
        Trained.
    key
        The `key_added` of the training.

    Returns
    -------
    torch.nn.Module
        Its tables are those of the samples of `adata` and of the genes trained on.

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
    >>> fe.get.model(adata).architecture["decoder"]
    'inner'
    """
    return trained_model(adata, key)[0].module
