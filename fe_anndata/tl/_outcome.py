"""What risks are judged by: followed samples in their folds, and which pairs are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .._access.followed import Followed
from ..evaluation import Fold, folds_of_any
from ..evaluation.concordance import (
    Block,
    c_index,
    comparable_pairs,
    n_pairs,
    resampled_c_indices,
)

INTERVAL = (2.5, 97.5)
Model = tuple[str, int]
"""A basis, and the dimension of its embeddings."""


@dataclass(frozen=True)
class Outcome:
    """Samples that were followed, in folds.

    Attributes
    ----------
    samples
        Their times and events.
    folds
        Into which they are split.
    fold
        The number of the fold in which each sample is new, int (n,).
    spread
        Names of what was spread over the folds: events, and with `within` its values.
    pairs
        Those that are compared, by what the table calls them.
    within
        Values of that column, "" without one.
    units
        What a resample draws: codes of samples, or of groups, (n,).
    """

    samples: Followed
    folds: list[Fold]
    fold: np.ndarray
    spread: np.ndarray
    pairs: dict[str, list[Block]]
    within: np.ndarray
    units: np.ndarray

    def risks(self, names: pd.Index, found: Mapping[Model, np.ndarray]) -> pd.DataFrame:
        """Return a row per model and sample."""
        common = {
            "fold": self.fold,
            "within": self.within,
            "time": self.samples.time,
            "event": self.samples.event,
        }
        tables = [
            pd.DataFrame({"basis": basis, "dim": dim, "sample": names, **common, "risk": risk})
            for (basis, dim), risk in found.items()
        ]
        return pd.concat(tables, ignore_index=True)

    def table(
        self,
        risks: Mapping[Model, np.ndarray],
        ridges: Mapping[Model, list[float]],
        baseline: str | None,
        resamples: int,
        seed: int,
    ) -> pd.DataFrame:
        """Return a row per model and kind of pairs, with intervals.

        Parameters
        ----------
        risks, ridges
            Of each model: risks of all samples, each as a new one; and its ridge in each fold.
        baseline
            The basis with which the others are compared, if any.
        resamples, seed
            Number of resamples, and the seed of their draws.
        """
        models = list(risks)
        values = np.array(list(risks.values()))
        drawn = {
            kind: resampled_c_indices(blocks, values, self.units, resamples, seed)
            for kind, blocks in self.pairs.items()
        }
        rows = []
        for i, (basis, dim) in enumerate(models):
            other = _beside(models, baseline, dim) if basis != baseline else None
            for kind, blocks in self.pairs.items():
                low, high = _interval(drawn[kind][:, i])
                row: dict[str, Any] = {
                    "basis": basis,
                    "dim": dim,
                    "pairs": kind,
                    "c_index": c_index(blocks, values[i]),
                    "low": low,
                    "high": high,
                }
                row |= dict.fromkeys(("difference", "difference_low", "difference_high"), np.nan)
                if other is not None:
                    low, high = _interval(drawn[kind][:, i] - drawn[kind][:, other])
                    row["difference"] = row["c_index"] - c_index(blocks, values[other])
                    row |= {"difference_low": low, "difference_high": high}
                row |= {"n": len(self.fold), "events": int(self.samples.event.sum())}
                row |= {"n_pairs": n_pairs(blocks), "ridge": np.median(ridges[basis, dim])}
                rows.append(row)
        return pd.DataFrame(rows)


def outcome_of(
    samples: Followed, groups: np.ndarray | None, within: str | None, k: int, seed: int
) -> Outcome:
    """Return the samples in `k` folds, each with pairs that can be compared.

    Parameters
    ----------
    samples
        Those of which all is known.
    groups
        Names of groups that are each kept in one fold, or None.
    within
        The column whose values are compared apart as well, or None.
    k, seed
        Number of folds, and the seed of their shuffling.

    Raises
    ------
    ValueError
        If there are too few samples, groups or events, or no pairs within.
    """
    n, event = len(samples.time), samples.event
    values = np.full(n, "") if within is None else samples.columns[within].to_numpy(dtype=str)
    spread = _spread(event, values, k)
    splits = folds_of_any(n, k, spread=spread, groups=groups, seed=seed)
    fold = np.empty(n, dtype=int)
    for number, split in enumerate(splits):
        fold[split.test] = number
    pairs = {"all": comparable_pairs(samples.time, event, fold)}
    if len(pairs["all"]) < k:
        raise ValueError(
            f"{event.sum()} events leave a fold with no pair of samples to compare: take fewer "
            f"folds than {k}."
        )
    if within is not None:
        codes = np.unique(values, return_inverse=True)[1]
        pairs[f"within {within}"] = comparable_pairs(samples.time, event, fold + k * codes)
        if not pairs[f"within {within}"]:
            raise ValueError(
                f"within={within!r}: no two samples of a fold that can be compared have the same "
                "value; name a column with fewer values."
            )
    units = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    return Outcome(samples, splits, fold, spread, pairs, values, units)


def _spread(event: np.ndarray, values: np.ndarray, k: int) -> np.ndarray:
    """Return names of what is spread over folds; a value of few samples is spread with others."""
    happened = np.where(event, "event", "none")
    both = pd.Series(np.char.add(happened, values))
    common = both.map(both.value_counts()) >= k
    names: np.ndarray = both.where(common, happened).to_numpy(dtype=str)
    return names


def _beside(models: list[Model], baseline: str | None, dim: int) -> int | None:
    """Return which model another one of this dimension is compared with."""
    places = [i for i, (basis, of) in enumerate(models) if basis == baseline and of in (0, dim)]
    return places[0] if places else None


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval; resamples without a pair do not count."""
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, INTERVAL) if len(known) else (np.nan, np.nan)
    return float(low), float(high)
