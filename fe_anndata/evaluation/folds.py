"""Folds of samples, with every class in each fold and no group in two."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from .._core.errors import require_at_least_two, require_positive
from .._core.random import generator

STRATA = 5
"""Parts of equal size into which numbers are cut, so that every fold has small and large ones."""

ATTEMPTS = 20
"""How often a deal is dealt again at most, on average, until it is of use."""


class Fold(NamedTuple):
    """The samples to fit to, and those to test on, by their numbers."""

    train: np.ndarray
    test: np.ndarray


def outer_folds(
    labels: np.ndarray, k: int, *, groups: np.ndarray | None = None, seed: int = 0
) -> list[Fold]:
    """Return `k` folds, after checking that each can be trained and tested.

    Parameters
    ----------
    labels
        Names of classes, or numbers (float).
    k
        Number of folds.
    groups
        Names of groups, such as patients or donors, which must not be on both sides of a fold.
    seed
        Seed of the shuffling.

    Raises
    ------
    ValueError
        If the classes or the groups cannot be divided into folds; the message says what to do.
    """
    require_at_least_two(k, "folds")
    if len(labels) < 2 * k:
        raise ValueError(f"{len(labels)} samples with a label are too few for {k} folds.")
    _require_classes(labels, k)
    if groups is not None:
        _require_groups(labels, groups, k)
    splits = split(labels, k, groups=groups, seed=seed)
    for fold in splits:
        lacking = _lacking(labels, fold)
        if lacking or not len(fold.test):
            what = f"no sample of {lacking[0]!r} to train on" if lacking else "no sample to test on"
            raise ValueError(
                f"the groups leave a fold with {what}: take fewer folds, or leave out the "
                "classes that are in few groups."
            )
    return splits


def deals_of_folds(
    labels: np.ndarray, k: int, n: int, *, groups: np.ndarray | None = None, seed: int = 0
) -> list[list[Fold]]:
    """Return `n` deals of the same samples into `k` folds; the first is that of one deal.

    A deal that leaves a class out, or is an earlier one again, is dealt again.

    Parameters
    ----------
    labels, k, groups, seed
        As in :func:`outer_folds`.
    n
        Number of deals.

    Raises
    ------
    ValueError
        If the first deal cannot be trained and tested, or there are not so many that can.
    """
    require_positive(n, "deals")
    deals = [outer_folds(labels, k, groups=groups, seed=seed)]
    why = ""
    for attempt in range(ATTEMPTS * (n - 1)):
        if len(deals) == n:
            break
        of_deal = int(generator(seed, "deal", attempt).integers(2**31))
        try:
            dealt = outer_folds(labels, k, groups=groups, seed=of_deal)
        except ValueError as error:
            why = str(error)
            continue
        if not any(_same(dealt, other) for other in deals):
            deals.append(dealt)
    if len(deals) < n:
        why = why or "the groups or samples are too few to be put together otherwise."
        raise ValueError(f"only {len(deals)} of {n} deals were found: {why} Or give fewer deals.")
    return deals


def _same(a: list[Fold], b: list[Fold]) -> bool:
    """Return whether two deals put the same samples together."""
    return {fold.test.tobytes() for fold in a} == {fold.test.tobytes() for fold in b}


def folds_of_any(
    n_obs: int,
    k: int,
    *,
    spread: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    seed: int = 0,
) -> list[Fold]:
    """Return `k` folds of samples that have no labels, after checking that there are so many.

    Parameters
    ----------
    n_obs
        Number of samples.
    spread
        Names of what is spread over the folds as evenly as can be; those of fewer samples than
        there are folds are allowed.
    k, groups, seed
        As in :func:`outer_folds`.

    Raises
    ------
    ValueError
        If samples or groups are too few.
    """
    require_at_least_two(k, "folds")
    if n_obs < 2 * k:
        raise ValueError(f"{n_obs} samples are too few for {k} folds.")
    if groups is not None:
        _require_enough(groups, k)
    spread = np.full(n_obs, "") if spread is None else spread
    return split(spread, k, groups=groups, seed=seed)


def split(
    labels: np.ndarray, k: int, *, groups: np.ndarray | None = None, seed: int = 0
) -> list[Fold]:
    """Return `k` shuffled folds with the classes (or strata of numbers) as even as can be."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    classes = _strata(labels, k) if labels.dtype.kind == "f" else labels
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    with warnings.catch_warnings():
        # A class with fewer samples than folds is refused where it matters, by outer_folds.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        splits = kind(k, shuffle=True, random_state=seed).split(classes, classes, groups)
        return [Fold(train, test) for train, test in splits]


def _strata(numbers: np.ndarray, k: int) -> np.ndarray:
    """Return the stratum of each number; strata are of equal size, from small to large."""
    rank = np.argsort(np.argsort(numbers, kind="stable"), kind="stable")
    strata: np.ndarray = rank * min(STRATA, max(1, len(numbers) // k)) // len(numbers)
    return strata


def _lacking(labels: np.ndarray, fold: Fold) -> list[str]:
    if labels.dtype.kind == "f":
        return []
    return [str(c) for c in np.setdiff1d(labels[fold.test], labels[fold.train])]


def _require_classes(labels: np.ndarray, k: int) -> None:
    classes, sizes = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise ValueError(
            f"the label has one value, {str(classes[0])!r}: there is nothing to tell apart. Name "
            "another column of adata.obs."
        )
    small = np.flatnonzero(sizes < k)
    if labels.dtype.kind != "f" and len(small):
        shown = ", ".join(f"{str(classes[i])!r} ({sizes[i]})" for i in small[:5])
        raise ValueError(
            f"{len(small)} classes have fewer samples than the {k} folds, such as {shown}: leave "
            f"these samples out, or take folds={max(2, sizes.min())} if that is enough."
        )


def _require_enough(groups: np.ndarray, k: int) -> None:
    number = len(np.unique(groups))
    if number < k:
        raise ValueError(
            f"there are {number} groups, fewer than the {k} folds, and none may be in two: "
            + (f"take folds={number}." if number > 1 else "name other groups, or none.")
        )


def _require_groups(labels: np.ndarray, groups: np.ndarray, k: int) -> None:
    _require_enough(groups, k)
    if labels.dtype.kind == "f":
        return
    for name in np.unique(labels):
        groups_of_class = np.unique(groups[labels == name])
        if len(groups_of_class) < 2:
            raise ValueError(
                f"the class {str(name)!r} is in one group alone, {str(groups_of_class[0])!r}: "
                "when that is tested, no sample of the class is left to train on. Leave out the "
                "samples of that class, or name other groups."
            )
