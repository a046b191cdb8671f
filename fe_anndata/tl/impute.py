"""Predictions where values are missing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from anndata import AnnData
from scipy import sparse

from .._access.decoding import Decoding, decoding_of
from .._access.files import written_to
from .._access.inputs import matrix
from .._core.errors import require_choice
from .._core.keys import DEFAULT_KEY, require_writable_name
from .._core.log import logger
from .._core.warn import warn_user
from ..matrix.findings import extremes_of
from ..matrix.values import unmasked
from ._imputing import METHODS, Fill, filling


def impute(
    adata: AnnData,
    layer_added: str = "fe_imputed",
    *,
    reference: AnnData | str | Path | None = None,
    method: Literal["model", "ridge", "auto"] = "model",
    layer: str | None = None,
    key: str = DEFAULT_KEY,
    copy: bool = False,
) -> AnnData | None:
    """Write the matrix as a layer, with predictions in place of missing values (NaN or masked).

    All other values, zeros among them, stay exactly as they are.

    With factorized embeddings, a prediction is what :func:`fe_anndata.tl.reconstruct` says of the
    place of the sample, and what is to be expected of a missing value given those that are there:
    genes have errors in common, of which the model knows the covariance. What is added is weighed
    by how well it predicted held-out entries in the training, so it costs nothing where it does
    not help. In more than three dimensions samples are moved for it to where they lie under that
    noise; ``obsm`` stays as it is. Files of earlier versions know no such errors.

    Expected counts of an Exceiver
    model are filled in the units of the sample: multiplied so that those of its genes that are not
    missing add up to its counts of them. They are means, not whole numbers.

    Parameters
    ----------
    adata
        A trained AnnData, which may have lost samples since, but no genes; or, with a `reference`,
        new samples that :func:`fe_anndata.tl.transform` has placed in it. Its values must be in
        the units of the training.
    layer_added
        The layer to write.
    reference
        For new samples: the AnnData that was trained, or its path. Genes are found by name.
    method
        ``"model"`` needs the model alone. ``"ridge"`` is kernel ridge regression from the genes
        that a sample has to those it misses, learned from the samples without gaps that the model
        was trained on, at most 4000 of them; the reference must hold their values. ``"auto"`` is
        the mean of both, weighed by how well they predict a fifth of these samples that is kept
        aside; for this the model is trained once more without it.
    layer
        Fill the gaps of this layer, not those of ``adata.X``.
    key
        The `key_added` of the training.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy if ``copy=True``, otherwise None. The filled matrix is written to
        ``layers[layer_added]``, dense or sparse and of the same type of number as the input. Genes
        that were not trained on and samples that were placed nowhere keep their NaN, with a
        warning.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, new samples have not been placed, or there is no such
        layer.
    ValueError
        If `layer_added` is the layer to fill, the values are in another unit, the AnnData was
        subset by genes or concatenated after the training, or new samples have no gene in common
        with the reference; or there are no samples that a regression can be learned from.
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
    require_choice(method, METHODS, "method")
    decoding = decoding_of(adata, key, reference)
    X = unmasked(matrix(adata, layer).X)
    _check(X, layer, layer_added, decoding)
    result = written_to(adata, copy=copy)
    fill = filling(method, adata, reference, key, decoding, partial(_sets, X, decoding))
    filled = _filled(X, decoding, fill)
    before, after = _missing(X), _missing(filled)
    result.layers[layer_added] = filled
    if before == 0:
        zeros = ", and zeros count as values" if sparse.issparse(X) else ""
        warn_user(
            f"nothing is missing: there is no NaN in the matrix{zeros}; layers[{layer_added!r}] "
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
    """Raise an error, before anything is computed, for what cannot be filled."""
    if not isinstance(X, np.ndarray) and not sparse.issparse(X):
        raise TypeError(
            f"cannot fill the gaps of a {type(X).__name__}; load it into memory first: "
            "adata = adata.to_memory()."
        )
    if X.dtype.kind not in "fiub":
        raise TypeError(f"the matrix holds {X.dtype} values; it must be numeric.")
    require_writable_name(layer_added, "layer_added")
    if layer_added in (layer, decoding.layer):
        raise ValueError(
            f"layers[{layer_added!r}] holds the values that are to be filled or that were trained "
            "on; choose another layer_added."
        )
    in_other_unit = decoding.normalize is None and not decoding.whole_numbers
    if in_other_unit and extremes_of(X).counts:
        raise ValueError(
            "the values look like raw counts, but the model was trained on other values and "
            "predicts these; transform the counts as they were for the training, for example "
            "sc.pp.normalize_total(adata); sc.pp.log1p(adata)."
        )


def _missing(X: Any) -> int:
    """Return how many values are NaN."""
    values = X.data if sparse.issparse(X) else X
    step = max(1, (1 << 22) // max(1, int(np.prod(values.shape[1:]))))
    return sum(
        int(np.isnan(values[first : first + step]).sum()) for first in range(0, len(values), step)
    )


def _filled(X: Any, decoding: Decoding, fill: Fill) -> Any:
    return (_fill_sparse if sparse.issparse(X) else _fill_dense)(X, decoding, fill)


def _fill_dense(X: np.ndarray, decoding: Decoding, fill: Fill) -> np.ndarray:
    filled = np.array(X)
    for part in decoding.parts():
        rows = part.start + np.flatnonzero(np.isnan(filled[part]).any(axis=1))
        if len(rows):
            block = filled[rows]
            expected = decoding.beside(fill(rows, decoding.profiles(block)), block)
            np.copyto(block, expected, where=np.isnan(block), casting="same_kind")
            filled[rows] = block
    return filled


def _fill_sparse(X: Any, decoding: Decoding, fill: Fill) -> Any:
    """Return a copy of a sparse matrix; only stored values can be missing."""
    filled = X.tocsr(copy=True)
    gaps = np.flatnonzero(np.isnan(filled.data))
    row_of_gap = np.searchsorted(filled.indptr, gaps, side="right") - 1
    for part in decoding.parts():
        within = slice(*np.searchsorted(row_of_gap, [part.start, part.stop]))
        rows, row = np.unique(row_of_gap[within], return_inverse=True)
        if len(rows):
            at, block = gaps[within], filled[rows].toarray()
            expected = decoding.beside(fill(rows, decoding.profiles(block)), block)
            filled.data[at] = expected[row, filled.indices[at]]
    return filled.asformat(X.format)


def _sets(X: Any, decoding: Decoding) -> np.ndarray:
    """Return the different sets of genes that samples miss, bool (sets, genes), () if none do."""
    found = [np.zeros((0, len(decoding.genes)), dtype=bool)]
    X = X.tocsr() if sparse.issparse(X) else X
    for part in decoding.parts():
        block = X[part].toarray() if sparse.issparse(X) else X[part]
        missing = np.isnan(block[:, decoding.columns])
        found.append(np.unique(missing[missing.any(1)], axis=0))
    return np.unique(np.concatenate(found), axis=0)
