"""Sums over the samples of each group, which add up over blocks of samples."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np


@dataclass(frozen=True)
class GroupSums:
    """Sums whose first axis is that of groups, as the fields of a subclass."""

    def __add__(self, other: Self) -> Self:
        """Return the sums over the samples of both."""
        return type(self)(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def of(self, groups: np.ndarray) -> Self:
        """Return the sums over some groups together."""
        return type(self)(*(getattr(self, f.name)[groups].sum(0) for f in fields(self)))


def members(codes: np.ndarray, k: int) -> np.ndarray:
    """Return 1 for each sample in the row of its group, of `k`, and else 0: its product sums."""
    of_group = np.zeros((k, len(codes)))
    of_group[codes, np.arange(len(codes))] = 1
    return of_group
