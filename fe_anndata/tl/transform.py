"""Place new samples in a trained embedding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from anndata import AnnData

from .._access.files import opened
from .._access.new_samples import new_samples
from .._access.reference import reference_of
from .._core.keys import DEFAULT_KEY, Keys
from .._core.log import logger
from .._core.settings import settings
from .._core.warn import warn_user
from ..models.base import Placed
from ._place import place


def transform(
    adata: AnnData | str | Path,
    reference: AnnData | str | Path,
    *,
    layer: str | None = None,
    key: str = DEFAULT_KEY,
    key_added: str | None = None,
    progress: bool | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Place new samples in the embedding of a trained reference; all that was learned is fixed.

    Every sample is sought over the whole embedding (a lattice in two dimensions, and the places of
    training samples), the best places are refined by damped Gauss-Newton steps, and the one at
    which its profile is most likely is kept. Likely means: by the error that the training has
    left, of which a part is noise of single genes and a part is shared by genes. A sample's place
    depends on its own values alone: neither order, company nor number of the samples matter. The
    training samples themselves come out where they were, but for those that fit two places
    equally well.

    Parameters
    ----------
    adata
        New samples, in memory or as the path of an .h5ad file, whose matrix is then read by parts.
        Values in the units of the training; NaN marks a missing one. Genes are found by name, in
        any order; those that are not there count as missing, others are not used.
    reference
        An AnnData that was trained, or its path.
    layer
        Place these values, not ``adata.X``.
    key
        The `key_added` of the training.
    key_added
        Names the places of the result; the default is `key`.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy with the results if ``copy=True``, for a path an AnnData with the results,
        otherwise None; that of a path or of a backed AnnData is without the matrix. Written are

        ``obsm["X_fe"]``
            Coordinates, float32 (n_obs, sample_dim); NaN for a sample without a value.
        ``obsm["X_fe_se"]``
            Their standard errors, float32 (n_obs, sample_dim), in units of the coordinates.
        ``obs["fe_r2"]``
            Share of the squared deviations from the gene means of the training that is predicted.
        ``obs["fe_n_genes"]``
            Number of genes with a value.
        ``obs["fe_distance"]``
            Distance to the nearest training sample, in units of the median such distance among
            these.
        ``obs["fe_outlier"]``
            Whether the profile is unlike anything trained on: its residual, in units of the noise
            of each gene, is beyond those of the training samples by far.

    Raises
    ------
    KeyError, ValueError, TypeError
        If there is no gene in common, the values are in another unit, or the reference is not
        trained, was changed since or comes from a newer version. Nothing is written then.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> reference, new = adata[:600].copy(), adata[600:].copy()
    >>> fe.tl.train(reference, steps=20, progress=False)
    >>> fe.tl.transform(new, reference, progress=False)
    >>> new.obsm["X_fe"].shape
    (100, 2)
    """
    keys = Keys(key if key_added is None else key_added)
    learned = reference_of(reference, key)
    with opened(adata) as source, source.unchanged():
        _require_no_model(source.adata, keys)
        new = new_samples(source, learned, layer)
        placed = place(new, learned, settings.progress if progress is None else progress)
    in_place = source.adata is adata
    result = source.copied() if copy and in_place else source.adata
    _write(result, keys, len(learned.genes), placed)
    return None if in_place and not copy else result


def _require_no_model(adata: AnnData, keys: Keys) -> None:
    if keys.uns in adata.uns and keys.obsm in adata.obsm:
        raise ValueError(
            f"adata was itself trained as {keys.key!r}: its model would be lost with "
            f"obsm[{keys.obsm!r}]. Choose another key_added."
        )


def _write(adata: AnnData, keys: Keys, n_trained: int, placed: Placed) -> None:
    """Write the places of the contract, and say so."""
    adata.obsm[keys.obsm] = placed.u
    if placed.error is not None:
        adata.obsm[keys.error] = placed.error
    adata.obs[keys.of_sample("n_genes")] = placed.n_genes
    for name, values in placed.facts.items():
        adata.obs[keys.of_sample(name)] = values
    lost = np.flatnonzero(placed.n_genes == 0)
    if len(lost):
        warn_user(
            f"{len(lost)} samples have no value or only zeros, such as "
            f"{adata.obs_names[lost[0]]!r}: they were placed nowhere (NaN)."
        )
    logger.info(
        "placed %d samples by %d of %d genes (%d unlike the training); wrote obsm[%r] %s and "
        "obs[%r], ...",
        len(placed.u),
        placed.n_genes.max(initial=0),
        n_trained,
        np.sum(placed.facts.get("outlier", False)),
        keys.obsm,
        placed.u.shape,
        keys.of_sample("n_genes"),
    )
