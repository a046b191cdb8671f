"""Risks by Cox regression with a ridge, fitted to some samples and computed for others."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .._core.extras import extra
from .folds import Fold

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Covariates (n, p), times (n,) and events (n,)."""


def cox_risk(train: Arrays, new: np.ndarray, ridge: float) -> np.ndarray:
    """Return the log of the hazards of new samples, beside that of the mean training sample.

    Parameters
    ----------
    train
        What is fitted to. Covariates are divided by their spread there; constant ones are left
        out.
    new
        Covariates of the new samples, (m, p).
    ridge
        Half of it times the sum of the squared coefficients is taken from the mean log partial
        likelihood; it is the `penalizer` of lifelines.

    Returns
    -------
    ndarray
        Float64 (m,), 0 for all if no covariate varies.

    Raises
    ------
    ValueError
        If the regression does not converge.
    """
    X, time, event = train
    scaled, scaled_new = _standardised(X, new)
    if not scaled.shape[1]:
        return np.zeros(len(new))
    fitted = _fitted(scaled, time, event, ridge)
    # A product of matrices would round rows differently, and part samples that are tied.
    risk: np.ndarray = (scaled_new * fitted.params_.to_numpy(dtype=np.float64)).sum(axis=1)
    return risk


def best_ridge(train: Arrays, ridges: Sequence[float], folds: Sequence[Fold]) -> float:
    """Return the ridge with the greatest partial likelihood of the samples left out.

    Parameters
    ----------
    train
        As in :func:`cox_risk`.
    ridges
        What is to be chosen from.
    folds
        Of these samples. One in which nothing can be fitted or tested is left out.
    """
    if len(ridges) == 1:
        return ridges[0]
    X, time, event = train
    total = np.zeros(len(ridges))
    for fold in folds:
        scaled, scaled_new = _standardised(X[fold.train], X[fold.test])
        if not scaled.shape[1] or not event[fold.train].any() or not event[fold.test].any():
            continue
        for i, ridge in enumerate(ridges):
            fitted = _fitted(scaled, time[fold.train], event[fold.train], ridge)
            table = _table(scaled_new, time[fold.test], event[fold.test])
            total[i] += len(fold.test) * fitted.score(table, scoring_method="log_likelihood")
    return ridges[int(np.argmax(total))]


def _standardised(train: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both in units of the spread of the training samples, without constant columns."""
    varies = np.ptp(train, axis=0) > 0
    train, new = train[:, varies].astype(np.float64), new[:, varies].astype(np.float64)
    mean, spread = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / spread, (new - mean) / spread


def _fitted(X: np.ndarray, time: np.ndarray, event: np.ndarray, ridge: float) -> Any:
    lifelines = extra("lifelines", "survival", "tl.survival")
    with warnings.catch_warnings():
        # Covariates that tell events apart without fail are what a ridge is for.
        warnings.simplefilter("ignore")
        try:
            return lifelines.CoxPHFitter(penalizer=ridge).fit(
                _table(X, time, event), "time", "event"
            )
        except lifelines.exceptions.ConvergenceError as error:
            raise ValueError(
                f"the Cox regression with ridge={ridge:g} does not converge; give a greater ridge."
            ) from error


def _table(X: np.ndarray, time: np.ndarray, event: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    return table.assign(time=time, event=event.astype(int))
