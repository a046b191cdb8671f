"""Vectors of genes in the context of samples."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from .._access.inputs import matrix, rows_of
from .._access.results import require_trained, trained_model
from .._core.errors import require_key
from .._core.keys import DEFAULT_KEY
from .._core.log import logger
from ..kernels.device import compute
from ..kernels.workers import workers


def embed_genes(
    adata: AnnData,
    samples: str | np.ndarray | None = None,
    *,
    key: str = DEFAULT_KEY,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Write the vectors that genes have in some samples: hidden states, averaged over them.

    ``varm["generain"]`` is one vector of a gene for all samples. In a sample, a transformer changes
    it by the genes beside it. Call this for one group of samples after another to compare them.

    Parameters
    ----------
    adata
        Trained by ``tl.train(adata, "generain")``.
    samples
        Which samples: a boolean column of ``adata.obs`` or an array; all by default.
    key
        The `key_added` of the training, ``"generain"`` if none was given.
    key_added
        The name in ``varm``; by default `key` with ``"_context"`` behind.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy if ``copy=True``, otherwise None. Written is

        ``varm["generain_context"]``
            Float32 (n_vars, width); NaN for genes that no list of these samples shows.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or there is no such column.
    ValueError
        If the model has no such vectors, or no sample is chosen.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(40, 60, 3)
    >>> few = dict(tokens=20, width=8, steps=2, zero=float(adata.X.min()), progress=False)
    >>> fe.tl.train(adata, "generain", **few)
    >>> fe.tl.embed_genes(adata, key="generain")
    >>> adata.varm["generain_context"].shape
    (60, 8)
    """
    stored = require_trained(adata, key)
    model, trained = trained_model(adata, key)
    chosen = _chosen(adata, samples)
    params = stored["params"]
    values = matrix(adata, params["layer"], params["normalize"])
    rows = rows_of(values, np.flatnonzero(trained))
    known = np.arange(int(trained.sum()))
    sums = np.zeros((len(known), model.genes().shape[1]))
    number = np.zeros(len(known))
    with workers(compute("cpu").threads):
        for part, block in rows.blocks(model.rows_at_a_time):
            X = block[np.flatnonzero(chosen[part])]
            dense = X if isinstance(X, np.ndarray) else X.toarray()
            for genes, vectors in model.contexts(dense, known):
                sums[genes] += vectors
                number[genes] += 1
    found = np.full((adata.n_vars, sums.shape[1]), np.nan, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        found[trained] = sums / number[:, None]
    result = adata.copy() if copy else adata
    name = f"{key}_context" if key_added is None else key_added
    result.varm[name] = found
    logger.info("wrote varm[%r] %s, by %d samples", name, found.shape, chosen.sum())
    return result if copy else None


def _chosen(adata: AnnData, samples: str | np.ndarray | None) -> np.ndarray:
    """Return which samples are meant, bool (n_obs,)."""
    if samples is None:
        return np.ones(adata.n_obs, dtype=bool)
    if isinstance(samples, str):
        require_key(samples, adata.obs.columns, "column of adata.obs")
        mask: np.ndarray = adata.obs[samples].to_numpy()
    else:
        mask = np.asarray(samples)
    if mask.shape != (adata.n_obs,) or mask.dtype != bool:
        raise ValueError(
            f"samples must be {adata.n_obs} booleans, one per sample, not {mask.dtype} of shape "
            f"{mask.shape}."
        )
    if not mask.any():
        raise ValueError("samples selects no sample.")
    return mask
