"""Place new samples in a trained embedding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.files import opened
from .._access.new_samples import new_samples
from .._access.reference import reference_of
from .._access.storable import require_storable
from .._core.keys import DEFAULT_KEY, Keys
from .._core.log import logger
from .._core.settings import settings
from .._core.warn import warn_user
from ..matrix.normalize import Normalize
from ..models.trained import Placed
from ._place import place


def transform(
    adata: AnnData | str | Path,
    reference: AnnData | str | Path,
    *,
    layer: str | None = None,
    key: str = DEFAULT_KEY,
    key_added: str | None = None,
    normalize: Normalize = "auto",
    min_overlap: float | None = None,
    new_batches: Literal["mean", "estimate"] = "mean",
    progress: bool | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Place new samples in the embedding of a trained reference; all that was learned is fixed.

    The coordinates of a sample are those at which its profile is most likely. They are searched
    for over the whole embedding, on a lattice in two dimensions and at the coordinates of training
    samples; the best ones found are refined by damped Gauss-Newton steps, and the best of these is
    kept. How likely a profile is follows from the errors that the training left: each gene has
    noise of its own, and some errors are shared by many genes. The coordinates of a sample depend
    on its own values alone, and not on the order, the number or the values of the other samples.
    Training samples return to their coordinates, except those that fit two positions equally well.

    Samples of a GeneRAIN or Exceiver model are embedded by a pass through its network instead, one
    by one.

    Parameters
    ----------
    adata
        New samples, in memory or as the path of a file; the matrix of an .h5ad or .zarr file is
        read by parts. Values must be in the units of the training; NaN, or a mask, marks a missing
        one. Genes are found by name, in any order; Ensembl and RefSeq ids if need be without their
        versions. If names find few of them, columns of ``var`` of both sides are tried, such as one
        of Ensembl ids. A warning says what was joined by. A gene of the training that is not there
        counts as missing, and genes that are not of the training are not used.
    reference
        An AnnData that was trained, or its path.
    layer
        Place the samples by this layer, not by ``adata.X``.
    key
        The `key_added` of the training.
    key_added
        The name under which results are written; the default is `key`.
    normalize
        What is done to the values. ``"auto"`` does what was done in the training, unless they look
        as if it had been done to them already; the others are those of
        :func:`fe_anndata.tl.train`.
    min_overlap
        How many of the trained genes must be there, or which share of them if it is less than 1.
        By default a tenth, and fifty unless that is half of them or more.
    new_batches
        A model that was trained with ``batch_key`` takes away what is known of the batch of each
        sample, by the same columns of ``adata.obs``. A batch that was not trained on counts as
        the mean of those that were (``"mean"``), or what it does is estimated from all its new
        samples together (``"estimate"``): then their coordinates depend on each other. A warning
        names such batches.
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
            Coordinates, float32 (n_obs, sample_dim); NaN for a sample that has no value.
        ``obsm["X_fe_se"]``
            Their standard errors, float32 (n_obs, sample_dim), in units of the coordinates.
        ``obs["fe_r2"]``
            Share of the squared deviations from the gene means of the training that the model
            predicts.
        ``obs["fe_n_genes"]``
            Number of genes with a value.
        ``obs["fe_distance"]``
            Distance to the nearest training sample. The unit is the median distance from a
            training sample to its nearest other one.
        ``obs["fe_outlier"]``
            Whether the profile is unlike all of the training: its residual, in units of the noise
            of each gene, is far greater than those of the training samples.

        ``uns["fe_placed_in"]``
            What tells the model from others, so that they are not decoded by another one.
        ``uns["fe_placed_by"]``
            The step that the values went through, if any.

        Other families write what they know: GeneRAIN ``obs["generain_cross_entropy"]`` (nats per
        gene of the list; ``"generain_squared_error"`` of hidden expression), Exceiver
        ``obs["exceiver_nll"]`` (nats, of counts that are hidden; ``"exceiver_squared_error"`` of
        the z-scores that the recipe ``"exceiver2022"`` hides), and outliers by it.
        Where classes were learned, also the most probable one, ``obs["generain_label"]``, with
        ``obs["generain_label_probability"]``, and all in ``obsm["generain_probabilities"]``.
        Probabilities are calibrated by held-out samples, see
        :func:`fe_anndata.tl.predict_labels`, which lets samples abstain.

    Raises
    ------
    KeyError, ValueError, TypeError
        If too few genes are in common, the values as a whole are in another unit, one is infinite
        or too large, the indices of a sparse matrix are damaged, or the reference was not trained,
        was changed after its training or comes from a newer version. Nothing is written then.

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
    normalize = normalize or None
    shown = settings.shows(progress)
    learned = reference_of(reference, key)
    with opened(adata) as source, source.unchanged(), source.named():
        in_place = source.adata is adata
        if in_place and not copy:
            source.require_room()
        if not in_place:
            require_storable(source.adata, source.path)
        _require_no_model(source.adata, keys)
        new = new_samples(source, learned, layer, normalize, new_batches, min_overlap)
        placed = place(new, learned, shown)
    result = source.copied() if copy and in_place else source.adata
    numbers = len(new.alignment.known), len(learned.genes)
    _write(result, keys, numbers, placed, learned.model.classes)
    result.uns[keys.placed_in] = learned.mark
    result.uns[keys.placed_by] = new.normalize or ""
    return None if in_place and not copy else result


def _require_no_model(adata: AnnData, keys: Keys) -> None:
    if keys.uns in adata.uns and keys.obsm in adata.obsm:
        raise ValueError(
            f"adata was itself trained as {keys.key!r}, and would lose its model with "
            f"obsm[{keys.obsm!r}]. Choose another key_added."
        )


def _write(
    adata: AnnData, keys: Keys, numbers: tuple[int, int], placed: Placed, classes: Sequence[str]
) -> None:
    """Write the results, and log where they are; `numbers` are of genes shared and trained on."""
    n_shared, n_trained = numbers
    adata.obsm[keys.obsm] = placed.u
    if placed.error is not None:
        adata.obsm[keys.error] = placed.error
    adata.obs[keys.of_sample("n_genes")] = placed.n_genes
    for name, values in placed.facts.items():
        adata.obs[keys.of_sample(name)] = values
    if placed.probabilities is not None:
        _write_classes(adata, keys, placed.probabilities, classes)
    empty = np.flatnonzero(placed.n_genes == 0)
    if len(empty):
        warn_user(
            f"{len(empty)} samples have no value or only zeros, such as "
            f"{adata.obs_names[empty[0]]!r}: they were placed nowhere (NaN)."
        )
    logger.info(
        "placed %d samples by %d of %d genes (%d unlike the training); wrote obsm[%r] %s and "
        "obs[%r], ...",
        len(placed.u),
        n_shared,
        n_trained,
        np.sum(placed.facts.get("outlier", False)),
        keys.obsm,
        placed.u.shape,
        keys.of_sample("n_genes"),
    )


def _write_classes(
    adata: AnnData, keys: Keys, probabilities: np.ndarray, classes: Sequence[str]
) -> None:
    """Write the most probable class of each sample, none for one that was placed nowhere."""
    known = np.isfinite(probabilities).all(axis=1)
    best = np.where(known[:, None], probabilities, 0).argmax(axis=1)
    codes = np.where(known, best, -1)
    adata.obs[keys.of_sample("label")] = pd.Categorical.from_codes(codes, categories=list(classes))
    adata.obs[keys.of_sample("label_probability")] = probabilities.max(axis=1)
    adata.obsm[keys.probabilities] = probabilities
