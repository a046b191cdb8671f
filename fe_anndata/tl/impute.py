"""Predictions where values are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData
from scipy import sparse

from .._access.decoding import Decoding, decoding_of
from .._access.inputs import matrix
from .._core.keys import DEFAULT_KEY
from .._core.log import logger
from .._core.warn import warn_user
from ..matrix.audit import looks_like_counts


def impute(
    adata: AnnData,
    layer_added: str = "fe_imputed",
    *,
    reference: AnnData | str | Path | None = None,
    layer: str | None = None,
    key: str = DEFAULT_KEY,
    copy: bool = False,
) -> AnnData | None:
    """Write a layer in which predictions stand for missing values (NaN), and all else as it was.

    Values that are there, zeros too, are not changed by a bit.

    Parameters
    ----------
    adata
        Trained, samples may have been left out since, genes not; or, with a `reference`, new
        samples that :func:`fe_anndata.tl.transform` has placed in it. The values must be in the
        units of the training.
    layer_added
        The layer to write.
    reference
        For new samples: the AnnData that was trained, or its path. Genes are found by name.
    layer
        Fill the gaps of these values, not those of ``adata.X``.
    key
        The `key_added` of the training.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy if ``copy=True``, otherwise None. Written is ``layers[layer_added]``, of the kind
        of the input (dense or sparse, same type of number). NaN stays, with a warning, for genes
        not trained on and for samples that were placed nowhere.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, new samples have not been placed, or there is no such
        layer.
    ValueError
        If `layer_added` is the layer to fill, the values are in another unit, the AnnData was
        subset by genes or concatenated since, or new samples have no gene in common with the
        reference.
    TypeError
        If the matrix is not in memory.

    Examples
    --------
    >>> import numpy as np
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(40, 30, 4)
    >>> adata.X[3, :10] = np.nan
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.tl.impute(adata)
    >>> bool(np.isnan(adata.layers["fe_imputed"]).any())
    False
    """
    decoding = decoding_of(adata, key, reference)
    X = matrix(adata, layer)
    _check(X, layer, layer_added, decoding)
    filled = _fill_sparse(X, decoding) if sparse.issparse(X) else _fill_dense(X, decoding)
    before, after = _missing(X), _missing(filled)
    result = adata.copy() if copy else adata
    result.layers[layer_added] = filled
    if before == 0:
        more = ", and zeros count as values" if sparse.issparse(X) else ""
        warn_user(
            f"nothing is missing: there is no NaN in the matrix{more}; layers[{layer_added!r}] "
            "is the same."
        )
    elif after:
        warn_user(
            f"{after} of {before} missing values stay NaN: they are of genes that were not "
            "trained on, or of samples that were placed nowhere."
        )
    logger.info("filled %d of %d gaps; wrote layers[%r]", before - after, before, layer_added)
    return result if copy else None


def _check(X: Any, layer: str | None, layer_added: str, decoding: Decoding) -> None:
    """Raise before anything is computed."""
    if not isinstance(X, np.ndarray) and not sparse.issparse(X):
        raise TypeError(
            f"cannot fill the gaps of a {type(X).__name__}; load it into memory first: "
            "adata = adata.to_memory()."
        )
    if X.dtype.kind not in "fiub":
        raise TypeError(f"the matrix holds {X.dtype} values; it must be numeric.")
    if layer_added in (layer, decoding.layer):
        raise ValueError(
            f"layers[{layer_added!r}] holds the values whose gaps are to be filled, or that were "
            "trained on; choose another layer_added."
        )
    stored = X.data if sparse.issparse(X) else X
    if looks_like_counts(stored) and not decoding.counts:
        raise ValueError(
            "the values look like raw counts, but the model was trained on other values, in which "
            "it predicts; transform them as those were, for example sc.pp.normalize_total(adata); "
            "sc.pp.log1p(adata)."
        )


def _missing(X: Any) -> int:
    """Return how many values are NaN."""
    values = X.data if sparse.issparse(X) else X
    step = max(1, (1 << 22) // max(1, int(np.prod(values.shape[1:]))))
    return sum(
        int(np.isnan(values[first : first + step]).sum()) for first in range(0, len(values), step)
    )


def _fill_dense(X: np.ndarray, decoding: Decoding) -> np.ndarray:
    filled = np.array(X)
    for part in decoding.parts():
        some = part.start + np.flatnonzero(np.isnan(filled[part]).any(axis=1))
        if len(some):
            block = filled[some]
            np.copyto(block, decoding.rows(some), where=np.isnan(block), casting="same_kind")
            filled[some] = block
    return filled


def _fill_sparse(X: Any, decoding: Decoding) -> Any:
    """Return a copy of a sparse matrix; only stored values can be missing."""
    filled = X.tocsr(copy=True)
    gaps = np.flatnonzero(np.isnan(filled.data))
    row_of_gap = np.searchsorted(filled.indptr, gaps, side="right") - 1
    for part in decoding.parts():
        here = slice(*np.searchsorted(row_of_gap, [part.start, part.stop]))
        some, row = np.unique(row_of_gap[here], return_inverse=True)
        if len(some):
            filled.data[gaps[here]] = decoding.rows(some)[row, filled.indices[gaps[here]]]
    return filled.asformat(X.format)
