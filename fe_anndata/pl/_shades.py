"""Colour maps whose colours are seen on the page they are drawn on."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap, to_hex

from ._vision import luminance

SEEN = 2.0  # the least contrast of a single mark that is neither letter nor line
ON_DARK = ["#b8e0ff", "#4393e0", "#e0543c", "#ffc8b8"]
"""Blue and red that are the brighter the farther they are from the middle."""


def contrast(a: str, b: str) -> float:
    """Return the contrast of two colours by the guidelines of the web (WCAG), from 1 to 21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def diverging(paper: str) -> Colormap:
    """Return a colour map from blue to red, whose middle, where nothing differs, is like paper."""
    if luminance(paper) > 0.2:
        return mpl.colormaps["RdBu_r"]
    low, less, more, high = ON_DARK
    return LinearSegmentedColormap.from_list("diverging", [low, less, paper, more, high])


def seen(cmap: str | Colormap, paper: str) -> Colormap:
    """Return a colour map without those first colours that are not seen on the paper.

    It is for counts, of which the least must be seen where they stand alone.
    """
    found = mpl.colormaps[cmap] if isinstance(cmap, str) else cmap
    colors = found(np.linspace(0, 1, 256))
    lost = [contrast(to_hex(color), paper) < SEEN for color in colors[:128]]
    first = lost.index(False) if False in lost else 0
    return ListedColormap(colors[first:], name=found.name) if first else found
