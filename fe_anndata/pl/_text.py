"""Letters: text of the user is drawn as it is typed, in the colours of the page."""

from __future__ import annotations

from textwrap import wrap
from typing import Any
from unicodedata import category

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from ._vision import luminance

AS_TYPED: dict[str, Any] = {"parse_math": False, "usetex": False}
"""For text in which $ is no formula and _ no index, also where the user has all set by TeX."""

READABLE = 4.5  # the least contrast of letters
WIDE = 60  # letters of a name in a legend, before it goes on in another line


def lines_of(name: str, width: int = WIDE) -> str:
    """Return a name in lines of at most `width` letters; what no font has letters for is spelt."""
    lines = "".join(map(_drawable, name)).split("\n")
    return "\n".join("\n".join(wrap(line, width)) for line in lines)


def draw_as_typed(ax: Axes) -> None:
    """Let no text of a panel and of what is drawn beside it be read as a formula or by TeX.

    The numbers of an axis are left alone, since matplotlib itself writes some as formulas.
    """
    for panel in (ax, *ax.child_axes):
        texts: list[Text] = [panel.title]
        legend = panel.get_legend()
        if legend is not None:
            texts += legend.get_texts()
        for axis in (panel.xaxis, panel.yaxis):
            texts.append(axis.label)
            if isinstance(axis.get_major_locator(), FixedLocator):
                for tick in axis.get_major_ticks():
                    texts += [tick.label1, tick.label2]
        for text in texts:
            text.set(**AS_TYPED)


def paper(ax: Axes) -> str:
    """Return the colour behind `ax`."""
    figure = ax.get_figure(root=True)
    behind = [ax.get_facecolor(), *([] if figure is None else [figure.get_facecolor()])]
    return next((to_hex(color) for color in behind if to_rgba(color)[3] > 0), "#ffffff")


def ink(ax: Axes, share: float = 1.0) -> str:
    """Return a colour that is `share` of the way from that of the paper to that of the letters.

    On dark paper it is somewhat nearer to the letters, since faint marks would be lost there.
    Letters beside a panel may have the colour of the paper in it; then they are black or white.
    """
    behind, letters = paper(ax), _letters(ax)
    share = share**0.75 if is_dark(ax) else share
    mixed = (a + share * (b - a) for a, b in zip(to_rgb(behind), to_rgb(letters), strict=True))
    red, green, blue = mixed
    return to_hex((red, green, blue))


def is_dark(ax: Axes) -> bool:
    """Return whether the paper is darker than the letters."""
    return luminance(paper(ax)) < luminance(_letters(ax))


def _letters(ax: Axes) -> str:
    behind, letters = paper(ax), to_hex(ax.xaxis.label.get_color())
    if _contrast(behind, letters) >= READABLE:
        return letters
    return max(("#000000", "#ffffff"), key=lambda color: _contrast(behind, color))


def _contrast(a: str, b: str) -> float:
    """Return the contrast of two colours by the guidelines of the web (WCAG), from 1 to 21."""
    low, high = sorted(map(luminance, (a, b)))
    return (high + 0.05) / (low + 0.05)


def _drawable(letter: str) -> str:
    if letter == "\n" or category(letter) not in ("Cc", "Cs"):  # control, half of a pair
        return letter
    return " " if letter.isspace() else letter.encode("unicode_escape").decode()
