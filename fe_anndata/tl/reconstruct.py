"""The expression that a model predicts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from anndata import AnnData

from .._access.decoding import decoding_of, modality_of
from .._access.files import written_to
from .._core.errors import require_choice
from .._core.keys import DEFAULT_KEY, Keys, require_writable_name
from .._core.log import logger


def reconstruct(
    adata: AnnData,
    layer_added: str = "fe",
    *,
    reference: AnnData | str | Path | None = None,
    key: str = DEFAULT_KEY,
    batches: Literal["own", "mean"] = "own",
    modality: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Write the predicted expression of every sample and gene to a layer.

    It is what the model says of the coordinates of a sample alone. What else the values of a sample
    say of those that are missing is added by :func:`fe_anndata.tl.impute`.

    An Exceiver model predicts expected counts: those of every sample add up to the median total of
    the training samples, whatever its own total is.

    Parameters
    ----------
    adata
        A trained AnnData, which may have lost samples since, but no genes; or, with a `reference`,
        new samples that :func:`fe_anndata.tl.transform` has placed in it.
    layer_added
        The layer to write.
    reference
        For new samples: the AnnData that was trained, or its path. Genes are found by name.
    key
        The `key_added` of the training.
    batches
        If the model was trained with ``batch_key``: predict each sample in its own batch
        (``"own"``), or all of them in the mean of the batches trained on (``"mean"``), which is
        the expression without batches. A batch that was not trained on counts as the mean.
    modality
        Of a model of several modalities (:func:`fe_anndata.pp.join_modalities`): write the values
        of this one alone, in its own units. `adata` need not hold any of its features.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy if ``copy=True``, otherwise None. The predictions are written to
        ``layers[layer_added]``, float32 (n_obs, n_vars), in the units of the training matrix.
        Genes that were not trained on and samples that were placed nowhere are NaN. Those of a
        `modality` are written to ``obsm["fe_<modality>"]`` instead, a DataFrame (n_obs, features)
        of float32. If the model
        knows how counts of a gene spread (Exceiver with ``likelihood="nb"``), there is also

        ``var["exceiver_dispersion"]``
            Float32: counts of a gene around their expected number vary by m + this x m², where m
            is the expected number at the total of the sample.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or new samples have not been placed.
    ValueError
        If the AnnData was subset by genes or concatenated after the training, or new samples have
        no gene in common with the reference.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> reference, new = adata[:600].copy(), adata[600:].copy()
    >>> fe.tl.train(reference, steps=20, progress=False)
    >>> fe.tl.reconstruct(reference)
    >>> reference.layers["fe"].shape
    (600, 765)
    >>> fe.tl.transform(new, reference, progress=False)
    >>> fe.tl.reconstruct(new, reference=reference)
    >>> new.layers["fe"].shape
    (100, 765)
    """
    require_choice(batches, ("own", "mean"), "batches")
    decoding = decoding_of(adata, key, reference, with_batches=batches == "own")
    require_writable_name(layer_added, "layer_added")
    if layer_added == decoding.layer:
        raise ValueError(
            f"layers[{layer_added!r}] holds the values that were trained on; choose another "
            "layer_added."
        )
    if modality is not None:
        table = modality_of(adata, key, reference, modality, decoding)
        result = written_to(adata, copy=copy)
        result.obsm[Keys(key).of_modality(modality)] = table
        logger.info("wrote obsm[%r] %s", Keys(key).of_modality(modality), table.shape)
        return result if copy else None
    result = written_to(adata, copy=copy)
    predicted = np.empty(adata.shape, dtype=np.float32)
    for rows in decoding.parts():
        predicted[rows] = decoding.rows(rows)
    result.layers[layer_added] = predicted
    logger.info("wrote layers[%r] %s", layer_added, predicted.shape)
    dispersion = decoding.dispersion()
    if dispersion is not None:
        result.var[Keys(key).dispersion] = dispersion
        logger.info("wrote var[%r]", Keys(key).dispersion)
    return result if copy else None
