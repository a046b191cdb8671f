"""Batches of samples, such as donors or runs, as numbers that a model takes beside a sample."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .._core.warn import warn_user
from ..training.problem import Batches
from .columns import column_of
from .samples import as_categories, is_categorical

COLUMNS = ("column", "level", "mean", "scale")
SMALL = 5
"""Samples of a batch that tell what it does."""
FEW = 20
"""Whole numbers that may be names."""
SMALLEST = 1e-30
"""Least scale of numbers; the largest is one over it."""
SHOWN = 5
"""Levels that a message names."""


@dataclass(frozen=True)
class Design:
    """How columns of obs become covariates, zero at the mean over the training samples.

    A level of a column of groups has a covariate that says whether a sample is of it; a column of
    numbers is one covariate.

    Attributes
    ----------
    table
        A row per covariate: ``column`` of obs, ``level`` (empty for numbers), and the ``mean`` and
        ``scale`` that are taken from it.
    """

    table: pd.DataFrame

    @property
    def keys(self) -> list[str]:
        """Names of the columns of obs."""
        return list(dict.fromkeys(self.table["column"]))

    @property
    def digest(self) -> str:
        """A hash of the table, which tells it from others."""
        said = self.table.to_csv(index=False, float_format="%.9g")
        return hashlib.sha256(said.encode()).hexdigest()

    def is_numeric(self, key: str) -> bool:
        """Return whether a column holds numbers."""
        return bool((self._of(key)["level"] == "").all())

    def levels(self, key: str) -> list[str]:
        """Return the levels of a column of groups."""
        return list(self._of(key)["level"])

    def _of(self, key: str) -> pd.DataFrame:
        return self.table[self.table["column"] == key]

    def covariates(self, obs: pd.DataFrame) -> np.ndarray:
        """Return the covariates of samples, float32 (n_obs, q).

        They are zero, as at the mean of the training, where a level was not seen in training, a
        value is missing, or there is no such column.
        """
        found = np.zeros((len(obs), len(self.table)), dtype=np.float32)
        for key in self.keys:
            if key not in obs:
                continue
            column = column_of(obs, key, "adata.obs")
            rows = self._of(key)
            at = np.flatnonzero(self.table["column"] == key)
            if self.is_numeric(key):
                values = pd.to_numeric(obs[key], errors="coerce").to_numpy(
                    np.float64, na_value=np.nan
                )
                raw = np.where(np.isfinite(values), values, rows["mean"].iloc[0])[:, None]
                known = np.ones(len(obs), dtype=bool)
            else:
                levels = _levels(column)
                raw = (levels[:, None] == rows["level"].to_numpy(dtype=object)).astype(np.float64)
                known = raw.any(axis=1)
            scaled = (raw - rows["mean"].to_numpy()) / rows["scale"].to_numpy()
            found[:, at] = np.where(known[:, None], scaled, 0)
        return found

    def without_number(self, obs: pd.DataFrame) -> dict[str, int]:
        """Return how many samples have no finite number, by the column of numbers, if any."""
        numeric = [key for key in self.keys if self.is_numeric(key)]
        missing = {
            key: int((~np.isfinite(_numbers(obs[key]))).sum()) if key in obs else len(obs)
            for key in numeric
        }
        return {key: n for key, n in missing.items() if n}

    def of(self, obs: pd.DataFrame) -> Batches:
        """Return the batches of samples to train on."""
        named = [_levels(obs[key]).astype(str) for key in self.keys if not self.is_numeric(key)]
        joined = pd.MultiIndex.from_arrays(named).factorize()[0] if named else np.zeros(len(obs))
        return Batches(self.covariates(obs), joined.astype(np.int64))

    def unknown(self, obs: pd.DataFrame) -> np.ndarray:
        """Return the level of each sample that training has not seen, object (n_obs,); else None.

        Levels of several columns are joined to one.
        """
        found = np.full(len(obs), None, dtype=object)
        for key in self.keys:
            if self.is_numeric(key):
                continue
            levels = _levels(obs[key]) if key in obs else np.full(len(obs), None, dtype=object)
            new = ~np.isin(levels.astype(str), self.levels(key))
            joined = [
                f"{key}={level}" if before is None else f"{before}, {key}={level}"
                for before, level in zip(found[new], levels[new], strict=True)
            ]
            found[new] = joined
        return found


def learned(obs: pd.DataFrame, keys: Sequence[str] | None) -> Design | None:
    """Return the design of some columns of obs; None if there are none.

    Raises
    ------
    KeyError, ValueError
        If there is no such column, a value is missing or infinite, or all are the same.
    """
    if keys is None:
        return None
    if not keys or len(set(keys)) < len(keys):
        raise ValueError("batch_key names no column, or one twice; name each column of obs once.")
    parts = [_part(obs, key) for key in keys]
    return Design(pd.concat(parts, ignore_index=True))


def _part(obs: pd.DataFrame, key: str) -> pd.DataFrame:
    column = column_of(obs, key, "adata.obs")
    missing = column.isna().to_numpy()
    cure = "fill it, leave such samples out, or leave the column out of batch_key."
    if missing.any():
        first = obs.index[np.flatnonzero(missing)[0]]
        raise ValueError(
            f"batch_key: adata.obs[{key!r}] is missing for {missing.sum()} samples, such as "
            f"{str(first)!r}; {cure}"
        )
    if is_categorical(column):
        codes = as_categories(column).remove_unused_categories()
        levels = list(map(str, codes.categories))
        if len(levels) == len(obs):
            raise ValueError(
                f"batch_key: adata.obs[{key!r}] has another value for each sample; a batch is of "
                "several samples."
            )
        sizes = np.bincount(codes.codes, minlength=len(levels))
        mean, scale = sizes / len(obs), 1.0
        if np.median(sizes) < SMALL:
            warn_user(
                f"batch_key: most batches in adata.obs[{key!r}] have fewer than {SMALL} samples; "
                "what is learned of so few is mostly noise: join them, or leave the column out."
            )
    else:
        values = column.to_numpy(np.float64)
        if not np.isfinite(values).all():
            first = obs.index[np.flatnonzero(~np.isfinite(values))[0]]
            raise ValueError(
                f"batch_key: adata.obs[{key!r}] is infinite for the sample {str(first)!r}; {cure}"
            )
        levels = [""] if values.min() < values.max() else []
        _warn_of_names(values, key)
        with np.errstate(over="ignore"):
            mean, scale = np.array([values.mean()]), float(values.std())
        if levels and not (SMALLEST < scale < 1 / SMALLEST):
            raise ValueError(
                f"batch_key: the numbers in adata.obs[{key!r}] are too large or too small to be "
                "scaled; bring them nearer to 1."
            )
    if len(levels) < 2 and levels != [""]:
        raise ValueError(
            f"batch_key: adata.obs[{key!r}] has the same value for all samples, which tells no "
            "batches apart; leave it out."
        )
    return pd.DataFrame(
        {"column": key, "level": np.array(levels, dtype=object), "mean": mean, "scale": scale}
    )


def _warn_of_names(values: np.ndarray, key: str) -> None:
    """Warn if numbers look like names of batches."""
    distinct = np.unique(values)
    if len(distinct) <= FEW and 2 * len(distinct) <= len(values) and (distinct % 1 == 0).all():
        warn_user(
            f"batch_key: adata.obs[{key!r}] holds few whole numbers, and they count as numbers; if "
            f"they name batches: adata.obs[{key!r}] = adata.obs[{key!r}].astype(str)."
        )


def _numbers(column: pd.Series) -> np.ndarray:
    """Return the numbers of a column, NaN for what is none."""
    found: np.ndarray = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return found


def _levels(column: pd.Series) -> np.ndarray:
    """Return the names of the levels of a column, None where missing."""
    named = as_categories(column)
    found: np.ndarray = np.array([*named.categories, None], dtype=object)[named.codes]
    return found


def warn_of_confounded(obs: pd.DataFrame, design: Design, label: str | None) -> None:
    """Warn if classes cannot be told from batches, because each batch holds samples of one."""
    if label is None or label not in obs:
        return
    for key in design.keys:
        if design.is_numeric(key):
            continue
        counts = pd.crosstab(obs[key].astype(str), obs[label].astype(str)) > 0
        if (counts.sum(axis=1) == 1).all():
            warn_user(
                f"each level of adata.obs[{key!r}] has samples of one {label!r} alone: what is of "
                "the batch cannot be told from what is of the class, and both are taken out."
            )


def unpacked(section: Any, place: str) -> Design | None:
    """Return the design that a result holds; None if it was trained without batches.

    Raises
    ------
    ValueError
        If the table of the result is damaged.
    """
    if section is None:
        return None
    table = section.get("design")
    if not isinstance(table, pd.DataFrame) or not set(COLUMNS) <= set(table.columns):
        raise ValueError(f"{place}['batches']['design'] is no table of covariates: train again.")
    # A tour through another program may make a missing value of an empty text.
    text = {
        name: table[name].astype(object).where(table[name].notna(), "").astype(str)
        for name in COLUMNS[:2]
    }
    numbers = {name: table[name].astype(np.float64) for name in COLUMNS[2:]}
    return Design(pd.DataFrame({**text, **numbers}).reset_index(drop=True))


@dataclass(frozen=True)
class NewBatches:
    """The batches of new samples.

    Attributes
    ----------
    covariates
        Of each sample, float32 (n_obs, q); those of a batch not trained on are of the mean.
    unknown
        Which batch that was not trained on each sample is of, int64 (n_obs,); -1 for others.
    names
        Of these batches.
    estimated
        Whether what they do is to be estimated from their samples; else they count as the mean.
    """

    covariates: np.ndarray
    unknown: np.ndarray
    names: pd.Index
    estimated: bool

    @classmethod
    def of(
        cls, obs: pd.DataFrame, design: Design, *, estimated: bool, estimable: bool = True
    ) -> NewBatches:
        """Return the batches of new samples; warn of what was not trained on, or is missing."""
        for key, n in design.without_number(obs).items():
            warn_user(
                f"{n} samples have no number in adata.obs[{key!r}], which the model was trained "
                "with as batch_key: they count as its mean."
            )
        codes, names = pd.factorize(design.unknown(obs))
        if len(names):
            shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
            how = "they count as the mean of those."
            if estimated:
                how = "what they do is estimated from their samples together."
            elif estimable:
                how = f"{how[:-1]}; fe.tl.transform(..., new_batches='estimate') tells more."
            n = int((codes >= 0).sum())
            warn_user(f"{n} samples are of batches that were not trained on ({shown}): {how}")
        used = estimated and bool(len(names))
        return cls(design.covariates(obs), codes.astype(np.int64), pd.Index(names), used)
