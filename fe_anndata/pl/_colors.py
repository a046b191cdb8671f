"""Colours of categories, kept in ``uns["<column>_colors"]`` as Scanpy does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from anndata import AnnData
from matplotlib.colors import Colormap, is_color_like, to_hex

from .._core.errors import near
from .._core.log import logger

Palette = str | Sequence[str] | Mapping[str, str]

MISSING = "#d9d9d9"
PLAIN = "#0072b2"
NEW = "#e69f00"

# Of Okabe and Ito (2008): they can be told apart with any kind of colour vision.
FEW = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#000000"]

# The same without black, continued greedily: each colour is the farthest from all before it and
# from white, black and MISSING, in CIELAB and in CIELAB as a deuteranope sees it. The first 33
# are at least 26 apart, all 64 at least 18.
# fmt: off
MANY = [
    *FEW[:7],
    "#0000ff", "#ff1eff", "#00f000", "#5a0087", "#78001e", "#3c4b00", "#0069ff", "#ff0069",
    "#69a50f", "#a5875a", "#00f096", "#005a5a", "#c387ff", "#c30096", "#3c2d5a", "#b4d287",
    "#00e1e1", "#ff8778", "#9600e1", "#874b0f", "#ffb4ff", "#ff002d", "#ffc378", "#00781e",
    "#874b5a", "#1e00b4", "#874b96", "#a50000", "#4b96ff", "#b40f5a", "#96e13c", "#787800",
    "#ff69d2", "#004bb4", "#964bd2", "#0096a5", "#c34b4b", "#78005a", "#5a784b", "#8787b4",
    "#00c34b", "#87b496", "#b4a53c", "#ffb4b4", "#ff6996", "#00d2a5", "#5a3c1e", "#78a55a",
    "#ff0096", "#b4b4ff", "#b4781e", "#c37878", "#005a2d", "#3c3cf0", "#ff964b", "#ff00c3",
    "#c300c3",
]
# fmt: on


def colors_of(
    adata: AnnData, name: str, labels: Sequence[str], palette: Palette | None
) -> list[str]:
    """Return one colour per label: from `palette` if it is given, else those stored, else new ones.

    Raises
    ------
    ValueError
        If `palette` has too few colours, lacks a label, or holds something that is not a colour.
    """
    if palette is not None:
        return _from_palette(palette, labels)
    stored = [str(c) for c in adata.uns.get(f"{name}_colors", [])]
    if len(stored) == len(labels) and all(map(is_color_like, stored)):
        return stored
    return new_colors(name, labels)


def new_colors(name: str, labels: Sequence[str], palette: Palette | None = None) -> list[str]:
    """Return one colour per label: from `palette` if it is given, else as different as can be.

    Raises
    ------
    ValueError
        As :func:`colors_of`.
    """
    if palette is not None:
        return _from_palette(palette, labels)
    if len(labels) > len(MANY):
        logger.warning(f"the {len(labels)} categories of {name!r} share {len(MANY)} colours")
    base = FEW if len(labels) <= len(FEW) else MANY
    return [base[i % len(base)] for i in range(len(labels))]


def extended(
    adata: AnnData,
    name: str,
    colors: Sequence[str],
    labels: Sequence[str],
    palette: Palette | None,
) -> list[str]:
    """Return colours of `labels`, the first of which have `colors` in `adata`.

    Raises
    ------
    ValueError
        As :func:`colors_of`.
    """
    if palette is not None or f"{name}_colors" not in adata.uns:
        return colors_of(adata, name, labels, palette)
    unused = [color for color in MANY if color not in colors] or MANY
    added = [unused[i % len(unused)] for i in range(len(labels) - len(colors))]
    return [*colors, *added]


def store(adata: AnnData, name: str, colors: Sequence[str]) -> None:
    """Write the colours, but not to a view, which would then copy its whole matrix."""
    key = f"{name}_colors"
    if len(colors) and not adata.is_view and list(adata.uns.get(key, [])) != list(colors):
        adata.uns[key] = list(colors)


def require_cmap(cmap: str | Colormap) -> None:
    """Raise ValueError if matplotlib has no such colour map."""
    if not isinstance(cmap, Colormap) and cmap not in mpl.colormaps:
        raise ValueError(f"matplotlib has no colour map {cmap!r}: {near(str(cmap), mpl.colormaps)}")


def _from_palette(palette: Palette, labels: Sequence[str]) -> list[str]:
    n = len(labels)
    if isinstance(palette, str):
        require_cmap(palette)
        colours = mpl.colormaps[palette]
        if colours.N < 256:  # a list of colours, such as "tab20", is taken in its order
            palette = [to_hex(colours(i)) for i in range(colours.N)]
        else:
            palette = [to_hex(c) for c in colours(np.linspace(0, 1, n))]
    if isinstance(palette, Mapping):
        lacking = [label for label in labels if label not in palette]
        if lacking:
            raise ValueError(f"palette has no colour for {', '.join(map(repr, lacking[:8]))}.")
        palette = [palette[label] for label in labels]
    if len(palette) < n:
        raise ValueError(f"palette has {len(palette)} colours, but there are {n} categories.")
    wrong = [c for c in palette if not is_color_like(c)]
    if wrong:
        raise ValueError(f"palette holds {wrong[0]!r}, which is no colour to matplotlib.")
    return [to_hex(c) for c in palette[:n]]
