"""Classes of new samples, by a reference that has learned them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.files import opened
from .._access.new_samples import new_samples
from .._access.reference import reference_of, require_classes
from .._access.storable import require_storable
from .._core.keys import DEFAULT_KEY, Keys
from .._core.log import logger
from .._core.settings import settings
from ..models.classes import named
from ..models.trained import Placed
from ._place import place


def predict_labels(
    adata: AnnData | str | Path,
    reference: AnnData | str | Path,
    *,
    layer: str | None = None,
    key: str = DEFAULT_KEY,
    key_added: str | None = None,
    least: float = 0.5,
    progress: bool | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Name the classes of samples by a reference that was trained with ``labels_key``.

    The samples are placed as by :func:`fe_anndata.tl.transform`, and each gets the class that is
    most probable there. None is named, and the sample abstains, where the probability of that
    class is less than `least`, and where the profile is unlike all of the training. Probabilities
    are calibrated: scores are divided by a temperature that was fitted to held-out samples at the
    end of the training (``uns[key]["labels"]["temperature"]``; 1 where fewer than 20 of them had
    a label). ``uns[key]["labels"]["calibration_error"]`` has the expected calibration error
    without and with it, of samples whose label the temperature was not fitted to. Of samples of
    another kind than those of the training, such as another tissue, no probability is right.

    Parameters
    ----------
    adata
        Samples, in memory or as the path of an .h5ad file, in the units of the training; the
        reference itself may be given, to name those of its samples that had no label.
    reference
        An AnnData that was trained with ``labels_key``, or its path.
    layer
        Read the samples from this layer, not from ``adata.X``.
    key
        The `key_added` of the training.
    key_added
        The name under which results are written; the default is `key`.
    least
        The probability from which on a class is named, from 0 to 1; with 0 outliers alone abstain.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy with the results if ``copy=True``, for a path an AnnData with the results,
        otherwise None; that of a path or of a backed AnnData is without the matrix. Written are

        ``obs["exceiver_predicted_label"]``
            The class, categorical; missing where the sample abstains. Where numbers were learned,
            the number, float32; there is no probability then.
        ``obs["exceiver_predicted_probability"]``
            The probability of the most probable class, also where the sample abstains; NaN for a
            sample without a value.
        ``obs["exceiver_abstained"]``
            Whether the sample abstains, bool.

    Raises
    ------
    KeyError, ValueError, TypeError
        If the reference has learned no classes, `least` is no probability, or for what
        :func:`fe_anndata.tl.transform` refuses. Nothing is written then.

    Examples
    --------
    >>> import numpy as np
    >>> import anndata as ad
    >>> import fe_anndata as fe
    >>> draw = np.random.default_rng(0)
    >>> kind = np.arange(80) % 2
    >>> rates = draw.gamma(1.0, 2.0, (2, 150))
    >>> counts = ad.AnnData(draw.poisson(rates[kind]).astype(np.float32))
    >>> counts.obs["kind"] = np.array(["a", "b"])[kind]
    >>> few = dict(sample_dim=4, width=8, latents=2, heads=2, steps=20, progress=False)
    >>> fe.tl.train(counts, "exceiver", labels_key="kind", **few)
    >>> new = ad.AnnData(draw.poisson(rates[[1, 0]]).astype(np.float32))
    >>> fe.tl.predict_labels(new, counts, key="exceiver", progress=False)
    >>> new.obs["exceiver_predicted_label"].tolist()
    ['b', 'a']
    """
    keys = Keys(key if key_added is None else key_added)
    least = _probability(least)
    shown = settings.shows(progress)
    learned = reference_of(reference, key)
    with opened(adata) as source, source.unchanged(), source.named():
        in_place = source.adata is adata
        require_classes(learned, key)
        if in_place and not copy:
            source.require_room()
        if not in_place:
            require_storable(source.adata, source.path)
        placed = place(new_samples(source, learned, layer), learned, shown)
    result = source.copied() if copy and in_place else source.adata
    if learned.model.tells_numbers:
        _write_numbers(result, keys, placed)
    else:
        _write(result, keys, placed, learned.model.classes, least)
    return None if in_place and not copy else result


def _probability(least: object) -> float:
    if isinstance(least, bool) or not isinstance(least, int | float | np.number):
        raise TypeError(f"least must be a probability from 0 to 1, not {least!r}.")
    if not 0 <= least <= 1:
        raise ValueError(f"least must be a probability from 0 to 1, not {least!r}.")
    return float(least)


def _write_numbers(adata: AnnData, keys: Keys, placed: Placed) -> None:
    """Write the numbers, and log where they are; a sample unlike the training has none."""
    abstained = np.asarray(placed.facts.get("outlier", np.zeros(len(placed.u), dtype=bool)))
    abstained = abstained | ~np.isfinite(placed.facts["label"])
    label = keys.of_sample("predicted_label")
    adata.obs[label] = np.where(abstained, np.nan, placed.facts["label"]).astype(np.float32)
    adata.obs[keys.of_sample("abstained")] = abstained
    logger.info("predicted a number for %d of %d samples; wrote obs[%r]",
                np.sum(~abstained), len(abstained), label)  # fmt: skip


def _write(
    adata: AnnData, keys: Keys, placed: Placed, classes: Sequence[str], least: float
) -> None:
    """Write the classes, and log where they are."""
    codes, probability, abstained = named(placed, least)
    label, sure = keys.of_sample("predicted_label"), keys.of_sample("predicted_probability")
    adata.obs[label] = pd.Categorical.from_codes(codes, categories=list(classes))
    adata.obs[sure] = probability
    adata.obs[keys.of_sample("abstained")] = abstained
    logger.info(
        "named %d of %d samples (%d abstain, %d of them unlike the training); wrote obs[%r], "
        "obs[%r] and obs[%r]",
        np.sum(~abstained), len(abstained), np.sum(abstained),
        np.sum(placed.facts.get("outlier", False)), label, sure, keys.of_sample("abstained"),
    )  # fmt: skip
