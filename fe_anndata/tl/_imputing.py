"""The ways of :func:`fe_anndata.tl.impute` to fill gaps: by a model, by regression, by both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from anndata import AnnData
from scipy import sparse

from .._access.decoding import Decoding
from .._access.files import opened
from .._access.inputs import rows_of, stored
from .._access.results import require_trained, trained_model
from .._core.keys import Keys
from .._core.log import logger, warnings_only
from .._core.random import generator
from ..kernels.kernel_ridge import KernelRidge
from ..models.kinds import plain
from ..models.option import AUTO
from ..models.options import Options
from ..models.trained import Trained
from ._starts import ARRAY, MODEL
from .train import train

METHODS = ("model", "ridge", "auto")
FEWEST = 10
"""Complete samples from which a regression may be learned."""
MOST = 4000
"""Of more samples a regression is learned from an evenly spaced choice."""
MOST_SETS = 8
"""Sets of seen genes that have a regression each."""
PART = 5
"""One of so many samples is kept aside to weigh a model and a regression."""

Fill: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From some rows and their profiles, NaN where missing, to what is expected of the missing."""


@dataclass(frozen=True)
class Learned:
    """Samples without gaps, of which a regression is learned.

    Attributes
    ----------
    X
        In the units of the training, (n, genes of the samples that are to be filled).
    adata
        They, with all genes that were trained on.
    columns
        Keywords of training that name columns of obs.
    """

    X: np.ndarray
    adata: AnnData
    columns: Mapping[str, Any]


def filling(
    method: str,
    adata: AnnData,
    reference: Any,
    key: str,
    decoding: Decoding,
    sets_of: Callable[[], np.ndarray],
) -> Fill:
    """Return what fills the gaps of profiles, by one of :data:`METHODS`.

    Parameters
    ----------
    adata, reference, key
        As for :func:`fe_anndata.tl.impute`.
    decoding
        Of these samples.
    sets_of
        Returns the different sets of genes that samples with gaps miss, bool (sets, genes).

    Raises
    ------
    ValueError
        If there is nothing that a regression can be learned from.
    """
    if method == "model":
        return decoding.expected
    if decoding.model.per_total:
        raise ValueError(
            f"method={method!r} needs a model of logarithms or other values on one scale, and this "
            "one is of counts: leave method out."
        )
    found, sets = _learned(method, adata, reference, key, decoding), sets_of()
    if not len(sets):
        return decoding.expected  # there is nothing to fill
    ridge = Ridge(found.X, decoding.expected, len(sets) <= MOST_SETS)
    if method == "ridge":
        return ridge
    share = _share(found, decoding.model, decoding.genes, sets)
    logger.info("method='auto': the model counts %.2f, ridge regression %.2f", share, 1 - share)

    def both(rows: np.ndarray, profiles: np.ndarray) -> np.ndarray:
        mixed = share * decoding.expected(rows, profiles) if share else 0
        rest = (1 - share) * ridge(rows, profiles) if share < 1 else 0
        return np.asarray(mixed + rest, dtype=np.float32)

    return both


class Ridge:
    """Kernel ridge regression from the genes that a sample shows to those that it misses.

    Parameters
    ----------
    X
        Samples without gaps, (n, m).
    expected
        What a model expects of the genes that are missing.
    each
        Whether each set of seen genes has a regression of its own. Otherwise one is from all genes
        to all of them, and what the model expects stands in the gaps.
    """

    def __init__(self, X: np.ndarray, expected: Fill, each: bool) -> None:
        self.X, self.expected, self.each = X, expected, each
        self._fitted: dict[bytes, KernelRidge] = {}

    def __call__(self, rows: np.ndarray, profiles: np.ndarray) -> np.ndarray:
        """Return the predictions for genes that are missing; NaN for samples without any gene."""
        hidden = ~np.isfinite(profiles)
        predicted = np.full(profiles.shape, np.nan, dtype=np.float32)
        able = np.flatnonzero(~hidden.all(1))
        if not self.each:
            filled = np.where(hidden, self.expected(rows, profiles), profiles)
            able = able[np.isfinite(filled[able]).all(1)]
            predicted[able] = self._of(np.zeros(profiles.shape[1], bool))(filled[able])
            return predicted
        sets, of = np.unique(hidden[able], axis=0, return_inverse=True)
        for number, missing in enumerate(sets):
            if missing.any():
                alike = able[of.reshape(-1) == number]
                found = self._of(missing)(profiles[alike][:, ~missing])
                predicted[np.ix_(alike, np.flatnonzero(missing))] = found
        return predicted

    def _of(self, missing: np.ndarray) -> KernelRidge:
        name = missing.tobytes()
        if name not in self._fitted:
            targets = self.X[:, missing] if missing.any() else self.X
            self._fitted[name] = KernelRidge(self.X[:, ~missing], targets)
        return self._fitted[name]


def _learned(method: str, adata: AnnData, reference: Any, key: str, decoding: Decoding) -> Learned:
    """Return the samples without gaps of the reference, or of the AnnData itself."""
    given, what = (adata, "adata") if reference is None else (reference, "the reference")
    with opened(given, "reference") as source:
        params = require_trained(source.adata, key)["params"]
        trained = source.adata.var[Keys(key).trained].to_numpy(dtype=bool)
        try:
            values = stored(source, params["layer"] or None, params["normalize"] or None)
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"method={method!r} learns from the values that the model was trained on, and "
                f"{what} has none of them: give it as it was trained, or take method='model', "
                "which needs the model alone."
            ) from error
        blocks = rows_of(values, np.flatnonzero(trained)).blocks()
        X = np.concatenate([b.toarray() if sparse.issparse(b) else b for _, b in blocks])
        obs, var = source.adata.obs, source.adata.var[[]][trained]
    complete = np.flatnonzero(np.isfinite(X).all(1))
    if len(complete) < FEWEST:
        raise ValueError(
            f"method={method!r} learns from samples without missing values, of which {what} has "
            f"only {len(complete)}: take method='model'."
        )
    complete = complete[:: -(-len(complete) // MOST)]
    part = AnnData(np.ascontiguousarray(X[complete]), obs=obs.iloc[complete].copy(), var=var)
    columns = {name: plain(params.get(name)) for name in ("batch_key", "labels_key", "factors")}
    return Learned(part.X[:, decoding.genes], part, {n: c for n, c in columns.items() if c})


def _share(found: Learned, model: Trained, genes: np.ndarray, sets: np.ndarray) -> float:
    """Return how much the model is to count, by samples that neither it nor the regression knows.

    A fifth is kept aside, and shows the genes that the samples to be filled show; the model is
    trained again without it. Batches of the samples kept aside are not told.
    """
    n = len(found.X)
    order = generator(0, "imputing").permutation(n)
    out, kept = np.sort(order[: n // PART]), np.sort(order[n // PART :])
    part, key = found.adata[kept].copy(), "again"
    options = _again(model.options, part.shape)
    with warnings_only():
        train(part, options, normalize=None, key_added=key, progress=False, **found.columns)
    again, _ = trained_model(part, key)
    hidden = sets[generator(0, "sets").integers(len(sets), size=len(out))]
    truth = found.X[out]
    profiles = np.where(hidden, np.float32(np.nan), truth)
    place = again.placing(genes)

    def expected(rows: np.ndarray, profiles: np.ndarray) -> np.ndarray:
        return again.complete(place(profiles).u, profiles, genes)

    rows = np.arange(len(out))
    of_model = expected(rows, profiles)
    ridge = Ridge(found.X[kept], expected, len(sets) <= MOST_SETS)(rows, profiles)
    used = hidden & np.isfinite(of_model) & np.isfinite(ridge)
    apart = (of_model - ridge)[used].astype(np.float64)
    squares = float(apart @ apart)
    return float(np.clip(apart @ (truth - ridge)[used] / squares, 0, 1)) if squares > 0 else 0.0


def _again(options: Options, shape: tuple[int, ...]) -> Options:
    """Return options with which to train once more, without what was given to begin with.

    Fewer samples allow of fewer dimensions.
    """
    changed: dict[str, Any] = {}
    for name, value in options.chosen().items():
        if isinstance(value, str) and value in (ARRAY, MODEL):
            changed[name] = AUTO
        elif name in ("sample_dim", "gene_dim") and value >= min(shape):
            changed[name] = min(shape) - 1
    return replace(options, **changed)
