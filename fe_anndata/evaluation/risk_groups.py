"""Groups of samples by their risk, and how many of each are left over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from .._core.extras import extra

NEEDS = "pl.survival"


@dataclass(frozen=True)
class Curve:
    """The estimate of Kaplan and Meier, a step at each time.

    Attributes
    ----------
    time, share, low, high
        Share of the samples without an event after each time, and its 95 % interval.
    """

    time: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray


def risk_groups(risk: np.ndarray, within: np.ndarray, n_groups: int) -> np.ndarray:
    """Return groups of about equal size from the least risk (0) to the greatest, int (n,).

    Parameters
    ----------
    risk
        Of each sample, (n,).
    within
        Codes of what is cut apart, (n,), such as folds, whose risks have scales of their own.
        Samples with the same code and the same risk are in the same group.
    n_groups
        How many groups.
    """
    groups = np.empty(len(risk), dtype=int)
    for code in np.unique(within):
        of_code = within == code
        place = (rankdata(risk[of_code]) - 0.5) / of_code.sum()
        groups[of_code] = np.floor(place * n_groups)
    return groups


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> Curve:
    """Return the share of samples that have had no event yet."""
    lifelines = extra("lifelines", "survival", NEEDS)
    fitted = lifelines.KaplanMeierFitter().fit(time, event)
    curve = fitted.survival_function_
    low, high = fitted.confidence_interval_.to_numpy().T
    return Curve(curve.index.to_numpy(), curve.iloc[:, 0].to_numpy(), low, high)


def log_rank(time: np.ndarray, event: np.ndarray, groups: np.ndarray) -> float:
    """Return the p-value of the log-rank test; NaN if there is one group alone."""
    if len(np.unique(groups)) < 2:
        return float("nan")
    statistics = extra("lifelines.statistics", "survival", NEEDS)
    return float(statistics.multivariate_logrank_test(time, groups, event).p_value)
