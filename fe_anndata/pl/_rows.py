"""Room for names: how large letters are, and how many inches their lines take."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl

LINE = 1.3  # of the size of letters: from one line to the next
LEAST = 6.5  # points, the smallest letters that can be read


def small() -> float:
    """Return the size of small letters in points, in the style of the user."""
    return 0.833 * float(mpl.rcParams["font.size"])


def line(points: float | None = None) -> float:
    """Return the height of a line in inches, of small letters or of so many points."""
    return LINE * (small() if points is None else points) / 72


def letters(n: int, inches: float) -> float:
    """Return the size of letters for `n` lines: small ones, or less to take `inches`.

    They can always be read, so that very many lines take more.
    """
    return min(small(), max(LEAST, inches * 72 / LINE / n))


def most_lines(names: Sequence[str]) -> int:
    """Return how many lines the longest of some names has."""
    return max((1 + name.count("\n") for name in names), default=1)
