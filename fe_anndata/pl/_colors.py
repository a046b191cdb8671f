"""Colours of categories, kept in ``uns["<column>_colors"]`` as Scanpy does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from anndata import AnnData
from cycler import Cycler
from matplotlib.colors import Colormap, is_color_like, to_hex

from .._core.errors import near
from .._core.log import logger

Palette: TypeAlias = (
    str | Sequence[Any] | Mapping[str, Any] | np.ndarray | Cycler[Any, Any] | Colormap
)
"""A colour map or its name, colours, a mapping from label to colour, or one colour for all."""

PLAIN = "#0072b2"
NEW = "#e69f00"

# The first seven are those of Okabe and Ito (2008), which can be told apart with any kind of
# colour vision, without their black, which a dark page would hide. They are continued greedily:
# each colour is the farthest from all before it and from white, black and the grey of missing
# values, in CIELAB and in CIELAB as a deuteranope sees it. The first 33 are at least 26 apart, all
# 64 at least 18.
# fmt: off
MANY = [
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442",
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


def require_cmap(cmap: str | Colormap) -> None:
    """Raise ValueError if matplotlib has no such colour map."""
    if not isinstance(cmap, Colormap) and cmap not in mpl.colormaps:
        raise ValueError(f"matplotlib has no colour map {cmap!r}: {near(str(cmap), mpl.colormaps)}")


def _stored(adata: AnnData, name: str, labels: Sequence[str]) -> list[Any]:
    """Return what is stored for each label, or None; more colours than labels are left alone."""
    stored = adata.uns.get(f"{name}_colors")
    if isinstance(stored, Mapping):
        return [stored.get(label) for label in labels]
    if not isinstance(stored, Iterable) or is_color_like(stored):
        stored = [stored]
    return [*stored, *[None] * len(labels)][: len(labels)]


def _completed(name: str, colors: Sequence[str | None]) -> list[str]:
    """Return the colours, with new ones in the place of None."""
    unused = [color for color in MANY if color not in colors] or MANY
    if colors.count(None) > len(unused):
        logger.warning(f"the {len(colors)} categories of {name!r} share {len(MANY)} colours")
    n = iter(range(len(colors)))
    return [unused[next(n) % len(unused)] if color is None else color for color in colors]


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
