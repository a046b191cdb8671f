"""Colours of categories, kept in ``uns["<column>_colors"]`` as Scanpy does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle, islice
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from anndata import AnnData
from cycler import Cycler
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, is_color_like, to_hex

from .._core.errors import near
from .._core.log import logger
from ._text import is_dark
from ._vision import farthest

Palette: TypeAlias = (
    str | Sequence[Any] | Mapping[str, Any] | np.ndarray | Cycler[Any, Any] | Colormap
)
"""A colour map or its name, colours, a mapping from label to colour, or one colour for all."""

# Chosen by benchmarks/palette.py. The lightness of all lies between 43 and 80, so that each is seen
# on a white and on a black page, wherever a stored colour is drawn; and their chroma between 28 and
# 72, so that none outshines the others. In CIELAB the 12 are at least 38 apart, and 17 as a
# deuteranope or a protanope sees them; the first 40 of the others 18 and 8, all 64 13 and 5.
# All are at least 16 from pages and the grey of missing values on them, to any reader.
# fmt: off
FEW = [
    "#1e78b4", "#e1a51e", "#2dd287", "#d287ff", "#007869", "#96784b", "#c34b0f", "#4bd2f0",
    "#d287b4", "#e12d78", "#a5c35a", "#1e69e1",
]
MANY = [
    "#1e78b4", "#e1a51e", "#00e196", "#c32d2d", "#f0a5f0", "#695ad2", "#c30f78", "#5ab4b4",
    "#b4785a", "#96a54b", "#0f782d", "#d2691e", "#87d25a", "#0096ff", "#a56996", "#b43ca5",
    "#ff8778", "#00c3a5", "#ffb496", "#a578d2", "#007878", "#0fb4ff", "#f078d2", "#3c9678",
    "#5a961e", "#965a00", "#5a69c3", "#ff5a78", "#d2c378", "#1ed2ff", "#c3a53c", "#e1b4e1",
    "#b4d24b", "#a55a5a", "#a5874b", "#b469e1", "#2da569", "#4ba5c3", "#f08796", "#2d78f0",
    "#ff78a5", "#a54b96", "#c3873c", "#0f784b", "#e13c78", "#d26996", "#a5c387", "#c35a3c",
    "#c396ff", "#c34b4b", "#9678b4", "#4b874b", "#b44b69", "#d24b96", "#3cc35a", "#78a55a",
    "#c37887", "#875aa5", "#5a96c3", "#5a87e1", "#ffb469", "#87a5e1", "#965a2d", "#ffa53c",
]
# fmt: on
PLAIN, NEW = FEW[:2]
DARKEST = 0.22  # of the default map of numbers, which is left out on a dark page


def colors_of(
    adata: AnnData, name: str, labels: Sequence[str], palette: Palette | None
) -> list[str]:
    """Return one colour per label: from `palette` if it is given, else those stored, else new ones.

    Colours are stored in the order of the labels. A label for which none is stored, or nothing
    that is a colour, gets a new one.

    Raises
    ------
    ValueError
        If `palette` has too few colours, lacks a label, or holds something that is not a colour.
    """
    if palette is not None:
        return _from_palette(palette, labels)
    stored = _stored(adata, name, labels)
    colors = [None if color is None else _hex(color) for color in stored]
    wrong = [c for c, found in zip(stored, colors, strict=True) if c is not None and found is None]
    if wrong:
        logger.warning(
            f"adata.uns['{name}_colors'] holds {wrong[0]!r}, which is no colour to matplotlib; "
            "another one is drawn"
        )
    return _completed(name, colors)


def new_colors(name: str, labels: Sequence[str], palette: Palette | None = None) -> list[str]:
    """Return one colour per label: from `palette` if it is given, else as different as can be.

    Raises
    ------
    ValueError
        As :func:`colors_of`.
    """
    if palette is not None:
        return _from_palette(palette, labels)
    return _completed(name, [None] * len(labels))


def store(adata: AnnData, name: str, colors: Sequence[str]) -> None:
    """Write the colours unless others are stored, or to a view, which would copy its matrix."""
    if len(colors) and not adata.is_view:
        adata.uns.setdefault(f"{name}_colors", list(colors))


def require_cmap(cmap: str | Colormap | None) -> None:
    """Raise ValueError if matplotlib has no such colour map."""
    if cmap is not None and not isinstance(cmap, Colormap) and cmap not in mpl.colormaps:
        raise ValueError(f"matplotlib has no colour map {cmap!r}: {near(str(cmap), mpl.colormaps)}")


def numbers_map(ax: Axes, cmap: str | Colormap | None, default: str = "viridis") -> Colormap:
    """Return the colour map of numbers: `cmap`, or if it is None, one that is seen on the paper.

    A dark page would hide the dark end of the default, which is left out there.
    """
    if cmap is not None:
        return mpl.colormaps.get_cmap(cmap)
    whole = mpl.colormaps[default]
    if not is_dark(ax):
        return whole
    first, last = (0, 1 - DARKEST) if default.endswith("_r") else (DARKEST, 1)
    return ListedColormap(whole(np.linspace(first, last, 256)), f"{default}, without its dark end")


def _stored(adata: AnnData, name: str, labels: Sequence[str]) -> list[Any]:
    """Return what is stored for each label, or None; more colours than labels are left alone."""
    stored = adata.uns.get(f"{name}_colors")
    if isinstance(stored, Mapping):
        return [stored.get(label) for label in labels]
    if not isinstance(stored, Iterable) or is_color_like(stored):
        stored = [stored]
    return [*stored, *[None] * len(labels)][: len(labels)]


def _completed(name: str, colors: Sequence[str | None]) -> list[str]:
    """Return the colours, with new ones in the place of None, far from those that are there."""
    lacking = colors.count(None)
    found = [color for color in colors if color is not None]
    unused = [c for c in (FEW if len(colors) <= len(FEW) else MANY) if c not in found]
    if lacking > len(unused):
        logger.warning(f"the {len(colors)} categories of {name!r} share {len(MANY)} colours")
        new = list(islice(cycle(unused or MANY), lacking))
    elif found:
        new = farthest(unused, found, lacking)
    else:
        new = unused
    following = iter(new)
    return [next(following) if color is None else color for color in colors]


def _hex(color: Any) -> str | None:
    """Return a colour as hexadecimal digits, those of its opacity only if it has one, or None."""
    color = color.decode("utf-8", "replace") if isinstance(color, bytes) else color
    if not is_color_like(color):
        return None
    red_green_blue, opacity = to_hex(color), to_hex(color, keep_alpha=True)[7:]
    return red_green_blue + opacity.removesuffix("ff")


def _from_palette(palette: Palette, labels: Sequence[str]) -> list[str]:
    n = len(labels)
    given = _listed(palette, labels)
    colors = [_hex(color) for color in given]
    if None in colors:
        wrong = given[colors.index(None)]
        raise ValueError(f"palette holds {wrong!r}, which is no colour to matplotlib.")
    if len(colors) < n:
        raise ValueError(f"palette has {len(colors)} colours, but there are {n} categories.")
    return [str(color) for color in colors[:n]]


def _listed(palette: Palette, labels: Sequence[str]) -> list[Any]:
    """Return the colours of a palette in the order of the labels."""
    n = len(labels)
    if isinstance(palette, str) and palette in mpl.colormaps:
        palette = mpl.colormaps[palette]
    if isinstance(palette, Colormap):
        # A list of colours, such as "tab20", is taken in its order.
        places = range(palette.N) if palette.N < 256 else np.linspace(0, 1, n)
        return [palette(place) for place in places]
    if is_color_like(palette):
        return [palette] * n
    if isinstance(palette, str):
        known = [*mpl.colormaps, *mpl.colors.CSS4_COLORS]
        raise ValueError(
            f"palette is {palette!r}, which is neither a colour map nor a colour: "
            f"{near(palette, known)}"
        )
    if isinstance(palette, Cycler):
        if "color" not in palette.keys:
            raise ValueError("palette is a cycler without colours: cycler(color=[...]).")
        return [entry["color"] for entry in islice(palette(), n)]
    if isinstance(palette, Mapping):
        by_label = {str(label): color for label, color in palette.items()}
        lacking = [label for label in labels if label not in by_label]
        if lacking:
            raise ValueError(f"palette has no colour for {', '.join(map(repr, lacking[:8]))}.")
        return [by_label[label] for label in labels]
    if not isinstance(palette, Iterable):
        raise TypeError(f"palette must be colours or a colour map, not {type(palette).__name__}.")
    return list(palette)
