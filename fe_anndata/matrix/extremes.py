"""What values are like, wherever they stand: how large, and whether they count something."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LARGEST = 1e18
"""Squares of values beyond it, and sums of them, are infinite in float32."""
SENTINELS = (-9999.0, -999.0, -99.0)
"""Numbers that stand for missing values in files of others."""
THOUSANDS = 1000.0
"""No logarithm of expression comes near to it, and no z-score of fewer than a million samples."""
STEPS = 2
"""Whole numbers that reach no further above the least are answers or alleles, not counts."""
COMMON, OFTEN, HIGH = 0.4, 3, 0.2
"""The greatest value is no end of a tail if it is that common, of one for all that are even, occurs
so often, and the mean is not lower in the range."""
FLAT = ((0.42, 0.58), (0.25, 0.33))
"""Mean and standard deviation, of the range, of values that lie evenly in it (0.5 and 0.29)."""


class Extremes:
    """What is found of values that are added piece by piece.

    Attributes
    ----------
    n, total, squares
        How many they are, their sum and that of their squares.
    least, greatest
        Of the finite values; NaN if there is none.
    n_least, n_greatest
        How often these occur; known of whole numbers and of halves, and of sentinels.
    infinite
        Whether a value is infinite.
    whole_numbers
        Whether all are whole numbers that are not negative.
    halves
        The same for their doubles, as of ranks in which ties share the mean.
    """

    def __init__(self) -> None:
        self.n = 0
        self.total = self.squares = 0.0
        self.least = self.greatest = np.nan
        self.n_least = self.n_greatest = 0
        self.infinite = False
        self.whole_numbers = self.halves = True

    def add(self, values: np.ndarray) -> None:
        """Take note of finite values, of any shape."""
        if not values.size:
            return
        plain = values.ravel()
        least, greatest = float(plain.min()), float(plain.max())
        self.whole_numbers = self.whole_numbers and least >= 0 and _whole(plain)
        if not self.whole_numbers:
            self.halves = self.halves and least >= 0 and _whole(plain, 2)
        self._note(least, greatest, lambda value: int(np.count_nonzero(plain == value)))
        self.n += plain.size
        # Not by BLAS, whose threads would wait for each other in a busy loop.
        self.squares += float(np.einsum("i,i->", plain, plain, dtype=np.float64))
        if self.halves:
            self.total += float(plain.sum(dtype=np.float64))

    def add_zeros(self, n: int) -> None:
        """Take note of `n` zeros."""
        if n:
            self._note(0.0, 0.0, lambda value: n)
            self.n += n

    def join(self, other: Extremes) -> None:
        """Take note of what others have found."""
        self.whole_numbers = self.whole_numbers and other.whole_numbers
        self.halves = self.halves and other.halves
        self.infinite = self.infinite or other.infinite
        least = float(np.fmin(self.least, other.least))
        greatest = float(np.fmax(self.greatest, other.greatest))
        both = self, other
        self.n_least, self.n_greatest = (
            sum(of.n_least for of in both if of.least == least),
            sum(of.n_greatest for of in both if of.greatest == greatest),
        )
        self.least, self.greatest = least, greatest
        self.n += other.n
        self.total += other.total
        self.squares += other.squares

    def _note(self, least: float, greatest: float, number: Callable[[float], int]) -> None:
        """Take note of the extremes of a piece; `number` tells how often a value is in it."""
        counted = self.halves or least in SENTINELS
        if not self.least <= least:
            self.n_least = 0
        if not self.greatest >= greatest:
            self.n_greatest = 0
        self.least = float(np.fmin(self.least, least))
        self.greatest = float(np.fmax(self.greatest, greatest))
        if counted and least == self.least:
            self.n_least += number(least)
        if self.halves and greatest == self.greatest:
            self.n_greatest += number(greatest)

    @property
    def counts(self) -> bool:
        """Whether they look like raw counts."""
        return self.whole_numbers and self.greatest - self.least > STEPS and not self.even

    @property
    def even(self) -> bool:
        """Whether they look like ranks, bins or categories.

        These lie all over their range, and the greatest is about as common as others. Counts fall
        off: most are far below the greatest, which is the end of a tail. The least value is left
        aside, since zeros may be many in all of them.
        """
        steps, above = self.greatest - self.least, self.n - self.n_least
        if not self.halves or not above:
            return False
        mean = (self.total - self.n_least * self.least) / above
        square = (self.squares - self.n_least * self.least**2) / above
        place = (mean - self.least) / steps, max(square - mean**2, 0) ** 0.5 / steps
        flat = all(low <= of <= high for of, (low, high) in zip(place, FLAT, strict=True))
        common = self.n_greatest >= OFTEN and self.n_greatest / above * steps >= COMMON
        return flat or (common and place[0] >= HIGH)

    @property
    def in_thousands(self) -> bool:
        """Whether they reach the thousands, where no logarithm is, and are no ranks or bins."""
        return self.greatest >= THOUSANDS and not self.even

    @property
    def too_large(self) -> bool:
        """Whether one is too large for the arithmetic of training."""
        return bool(max(-self.least, self.greatest) > LARGEST)

    @property
    def sentinel(self) -> float | None:
        """The least value, if it is one that stands for missing values elsewhere."""
        return self.least if self.least in SENTINELS else None


def _whole(values: np.ndarray, times: int = 1) -> bool:
    """Return whether values, or so many times these, are whole numbers."""
    # A look at some before all: most matrices hold no whole numbers.
    for some in (values[:: max(1, values.size // 1000)], values):
        with np.errstate(over="ignore"):  # of values that are refused for their size later
            multiple = some if times == 1 else times * some
        if not np.array_equal(multiple, np.rint(multiple)):
            return False
    return True
