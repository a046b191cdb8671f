"""The colours of differences, which begin at those of the page."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap

from ._text import is_dark, paper

ON_DARK = "#b8e0ff", "#4393e0", "#e0543c", "#ffc8b8"
"""Blue and red that are the brighter the farther they are from the middle."""


def differences_map(ax: Axes, cmap: str | Colormap | None) -> Colormap:
    """Return the colour map of differences: `cmap`, or if it is None, from blue to red.

    Its middle, where nothing differs, is like the page, be that light or dark.
    """
    if cmap is not None:
        return mpl.colormaps.get_cmap(cmap)
    if not is_dark(ax):
        return mpl.colormaps["RdBu_r"]
    low, less, more, high = ON_DARK
    return LinearSegmentedColormap.from_list("differences", [low, less, paper(ax), more, high])
