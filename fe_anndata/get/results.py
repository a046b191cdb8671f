"""The record of a training, and its model."""

from __future__ import annotations

import pandas as pd
from anndata import AnnData
from torch import nn

from .._access.results import require_trained, trained_model
from .._core.keys import DEFAULT_KEY


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
        One row per evaluation: ``step``, ``epoch``, ``seconds`` since the call, ``train_loss``,
        ``validation_loss`` and ``entries_per_second``. ``uns["fe"]["loss"]`` names the loss; that
        of factorized embeddings is the mean squared error per entry, in squared units of the
        matrix. The training loss is the mean over the steps since the evaluation before, and
        includes the noise that training adds.

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
    history: pd.DataFrame = require_trained(adata, key)["history"]
    return history


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
        Its tables hold the vectors of the samples of `adata` and of the genes that were trained on.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If the AnnData was subset by genes or concatenated after the training.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.get.model(adata).architecture["decoder"]
    'inner'
    """
    return trained_model(adata, key)[0].module
