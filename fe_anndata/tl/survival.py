"""How well embeddings predict the time to an event, of samples they were not fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.followed import followed
from .._access.labelled import labelled
from .._access.samples import groups as grouped
from .._core.errors import require_at_least_two, require_choice
from .._core.extras import extra
from .._core.progress import progress_bar
from .._core.random import Rng, global_state_kept, seed_of
from .._core.settings import settings
from ._bases import bases_of
from ._evaluation import sides
from ._foretold import Plan
from ._methods import keywords_of_each, layers_of, named, want_logarithms
from ._outcome import Model, outcome_of
from .evaluate import require_dims

RIDGES = (0.01, 0.1, 1.0)
INNER_FOLDS = 3
"""Of the training samples, in which a ridge is chosen."""


@dataclass(frozen=True)
class Survival:
    """How well the time to an event is predicted.

    :func:`fe_anndata.tl.survival` returns it.

    Attributes
    ----------
    table
        DataFrame, one row per basis, dimension and kind of pairs: ``basis``; ``dim``, the
        dimension of its embeddings, 0 for columns of obs alone; ``pairs``, ``"all"`` or
        ``"within <column>"``; ``c_index`` with its 95 % interval ``low`` and ``high``;
        ``difference`` to the c-index of the baseline, ``difference_low`` and ``difference_high``,
        NaN without a baseline; ``n`` samples, of which ``events`` had one; ``n_pairs``, the number
        of comparable pairs; and ``ridge``, the median over folds of those chosen.
    risks
        DataFrame, one row per basis, dimension and sample: ``basis``, ``dim``, ``sample``,
        ``fold``, ``within`` (the value of that column, empty without one), ``time``, ``event``
        (bool) and ``risk``, the log hazard by a model that has not seen the sample. Risks of
        different folds are those of different models, and have no common scale.
    """

    __module__ = "fe_anndata.tl"  # where it is public

    table: pd.DataFrame
    risks: pd.DataFrame


@global_state_kept()
def survival(
    adata: AnnData,
    time: str,
    event: str,
    *,
    bases: Sequence[str | Sequence[str]] = ("fe", "pca"),
    dims: Sequence[int] = (2, 8, 32),
    baseline: str | None = None,
    within: str | None = None,
    folds: int = 5,
    groups: str | None = None,
    ridge: float | Sequence[float] = RIDGES,
    resamples: int = 10_000,
    layer: str | None = None,
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    n_top_genes: int | None = None,
    train: Mapping[str, Any] | None = None,
    rng: Rng = 0,
    progress: bool | None = None,
) -> Survival:
    """Measure how well embeddings predict the time to an event, such as death.

    In each fold everything is fitted to the training samples alone: the choice of genes, the
    embedding, the ridge and the Cox regression of the times on the coordinates. The samples of the
    test fold are then placed, as :func:`fe_anndata.tl.transform` places new samples, and their
    risk is computed from their places. Needs the extra ``survival`` (lifelines).

    Parameters
    ----------
    adata
        Samples x genes of log expression.
    time, event
        Columns of ``adata.obs``: the time to the event, or to when the sample was last seen, 0 or
        more in any unit; and whether there was an event (1, True) or not (0, False).
    bases
        What risks are computed from, each on its own: a method of :func:`fe_anndata.tl.evaluate`
        by its name, such as ``"fe"``, ``"pca"`` or ``"umap"``; a column of ``adata.obs``, such as
        ``"age"`` (numbers) or ``"cancer_type"`` (categories, one covariate each); or several of
        them together, ``"fe+age"`` or ``["fe", "age"]``. A name that is both means the method.
    dims
        Dimensions of the embeddings.
    baseline
        The basis whose c-index is subtracted from that of each other one, of the same dimension if
        it has one.
    within
        Column of ``adata.obs``, such as the type of cancer. Beside the c-index of all pairs stands
        that of the pairs that have the same value, to which this column itself says nothing.
    folds
        Number of folds. Events are spread over them as evenly as possible.
    groups
        Column of ``adata.obs`` whose groups, such as patients, are each kept in one fold. They are
        then drawn into resamples as a whole.
    ridge
        Penalty of the Cox regression on standardised covariates, the `penalizer` of lifelines; of
        several the one is taken that is best in three folds of the training samples, by the
        partial likelihood.
    resamples
        Number of bootstrap resamples for the intervals.
    layer
        Embed these values, not ``adata.X``.
    mask_var
        Genes to use: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or names
        of genes.
    n_top_genes
        Number of genes to use: in each fold those that vary most among the training samples.
    train
        Keywords of :func:`fe_anndata.tl.train` for all families, or for each method its own, such
        as ``{"fe": {"steps": 100}}``.
    rng
        Seed, or a numpy Generator.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.

    Returns
    -------
    Survival
        ``table``, one row per basis, dimension and kind of pairs, and ``risks``, one row per
        basis, dimension and sample. Nothing is written to `adata`.

    Raises
    ------
    KeyError, ValueError, TypeError
        If a column or a name is unknown, times are negative, events are not 0 and 1, there is
        none, or a fold has none that can be compared; and what the methods raise.
    ImportError
        If lifelines, or what a method needs, is not installed.

    Notes
    -----
    Samples without a time, an event, or a value in any of the columns named are left out of all,
    with a warning, so that all bases are judged on the same samples.

    The c-index (Harrell et al., 1982) is the share of comparable pairs in which the sample with
    the earlier event has the greater risk, and 0.5 by chance. Only samples of the same fold are
    compared, since risks of different folds have no common scale; the pairs of all folds count
    alike. Intervals are percentiles of the same resamples for all bases. They hold for these
    folds and models: that other training samples would have given other models is not in them.

    Examples
    --------
    >>> import numpy as np
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> hazard = np.exp(adata.obsm["factors"][:, 0])
    >>> adata.obs["days"] = 100 * np.random.default_rng(0).exponential(1 / hazard)
    >>> adata.obs["died"] = adata.obs["days"] < 150
    >>> found = fe.tl.survival(
    ...     adata, "days", "died", bases=["pca", "group"], dims=[2], progress=False
    ... )
    >>> found.table["basis"].tolist(), bool(found.table["c_index"][0] > 0.6)
    (['pca', 'group'], True)
    """
    seed = seed_of(rng)
    require_at_least_two(resamples, "resamples")
    ridges = _ridges(ridge)
    chosen = bases_of(adata, bases, (time, event))
    if baseline is not None:
        require_choice(baseline, [basis.name for basis in chosen], "baseline")
    methods = list(dict.fromkeys(name for basis in chosen for name in basis.methods))
    options = dict(train or {})
    keywords = keywords_of_each(methods, options, dims, "tl.survival")
    embedders = {name: named(name, keywords.get(name, {})) for name in methods}
    columns = [name for basis in chosen for name in basis.columns]
    if within is not None:
        grouped(adata.obs, within)  # names groups, or this says what to do
        columns.append(within)
    extra("lifelines", "survival", "tl.survival")
    known = followed(adata, time, event, list(dict.fromkeys(columns)))
    others = layers_of([options, *(of for of in options.values() if isinstance(of, Mapping))])
    rows, logs = adata[known.known], want_logarithms(keywords.items())
    samples = labelled(rows, None, groups, layer, mask_var, others, logarithms=logs)
    outcome = outcome_of(known, samples.groups, within, folds, seed)
    samples = replace(samples, labels=outcome.spread)
    if methods:
        require_dims(dims, samples, outcome.folds, n_top_genes)

    plan = Plan(embedders, chosen, dims, ridges)
    risks = {model: np.empty(len(known.time)) for model in plan.models}
    chosen_ridges: dict[Model, list[float]] = {model: [] for model in plan.models}
    total = len(outcome.folds) * plan.fits
    with progress_bar(total, shown=settings.shows(progress), unit="fit") as bar:
        for fold in outcome.folds:
            data = sides(samples, fold, n_top_genes, INNER_FOLDS, seed)
            for model, risk, best in plan.of_fold(data, fold, known, seed, bar.update):
                risks[model][fold.test] = risk
                chosen_ridges[model].append(best)
    return Survival(
        outcome.table(risks, chosen_ridges, baseline, resamples, seed),
        outcome.risks(samples.samples, risks),
    )


def _ridges(given: float | Sequence[float]) -> list[float]:
    """Return the ridges to choose from, from small to large."""
    values = np.atleast_1d(np.asarray(given))
    positive = values.dtype.kind in "fiu" and len(values) > 0 and (values > 0).all()
    if not positive or not np.isfinite(values).all():
        raise ValueError(
            f"ridge must be a positive number, or several to choose from, such as [0.01, 0.1, 1], "
            f"not {given!r}."
        )
    return [float(value) for value in np.unique(values)]
