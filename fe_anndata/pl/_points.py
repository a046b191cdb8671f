"""Points and their names, which :func:`fe_anndata.pl.embedding` draws into one panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import Colormap, Normalize, to_rgba, to_rgba_array
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ._axes import colour_bar, legend_below, legend_beside
from ._colors import NEW, PLAIN, numbers_map
from ._labels import write_on
from ._text import ink, lines_of
from ._values import Classes, Numbers

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

MISSING = 0.15  # the grey of a missing value: this share of ink on the paper
GREY = 0.35  # and that of a marker which stands for all colours
TITLE = 40  # letters in a line of a title
LEAST = 2.0  # area of the smallest points, in points squared
FULL = 40_000  # more points than this let each other through
MANY_POINTS = 50_000  # more points than this are an image, even in a PDF


@dataclass(frozen=True)
class Layer:
    """Points with one marker: those of the training, or the new ones above them."""

    which: Indices  # in the order of drawing
    style: dict[str, Any]
    plain: str  # the colour if nothing else colours them
    label: str


class Shades(NamedTuple):
    """The colours of samples, and what explains them."""

    colors: Floats  # (n, 4), red, green, blue and opacity
    entries: list[tuple[str, str]]  # of a legend: names and colours
    scale: ScalarMappable | None  # of a colour bar


def shades(
    look: Classes | Numbers | None, which: Indices, grey: str, cmap: str | Colormap
) -> Shades:
    """Return the colours of some samples; `grey` is that of a missing value."""
    if look is None:
        return Shades(np.tile(to_rgba(PLAIN), (len(which), 1)), [], None)
    if isinstance(look, Classes):
        codes = look.codes[which]
        entries = [(look.labels[c], look.colors[c]) for c in look.among(codes)]
        entries += [("missing", grey)] if (codes < 0).any() else []
        return Shades(to_rgba_array([*look.colors, grey])[codes], entries, None)
    values = look.values[which]
    known = np.isfinite(values)
    colors = np.tile(to_rgba(grey), (len(which), 1))
    if not known.any():
        return Shades(colors, [], None)
    scale = ScalarMappable(Normalize(values[known].min(), values[known].max()), cmap)
    colors[known] = scale.to_rgba(values[known])
    return Shades(colors, [], scale)


def layers(order: Indices, size: float | None, alpha: float | None) -> list[Layer]:
    """Return one layer of all points; their size and opacity suit their number.

    Points smaller than two pixels of a screen would look like a lattice. So many points have that
    size and let each other through, between the pixels too.
    """
    n = max(1, len(order))
    if alpha is None and n > FULL:
        alpha = max(0.15, FULL / n)
    style = {
        "s": np.clip(120_000 / n, LEAST, 20) if size is None else size,
        "alpha": alpha,
        "linewidths": 0,
        "rasterized": n > MANY_POINTS,
        "snap": False,
    }
    return [Layer(order, style, PLAIN, "trained on")]


def layers_with_new(
    order: Indices, n_obs: int, size: float | None, alpha: float | None, edge: str
) -> list[Layer]:
    """Return two layers: faint small circles, and triangles for the points from `n_obs` on."""
    (plain,) = layers(order, size, alpha)
    new = order[order >= n_obs]
    area = np.clip(60_000 / max(1, len(new)), 4, 26) if size is None else 2 * size
    faint = {**plain.style, "alpha": 0.45 * (plain.style["alpha"] or 1) if alpha is None else alpha}
    edged = {
        **plain.style,
        "s": area,
        "marker": "^",
        "alpha": alpha,
        "edgecolors": edge,
        "linewidths": 0.12 * area**0.5,
    }
    if size is None:
        faint["s"] *= 0.6
    return [
        Layer(order[order < n_obs], faint, PLAIN, "trained on"),
        Layer(new, edged, NEW, "new"),
    ]


def draw_plain(ax: Axes, points: Floats, drawn: Sequence[Layer]) -> None:
    """Draw the points in one colour per layer."""
    for layer in drawn:
        _scatter(ax, points, layer.which, layer.style, color=layer.plain)


def draw_classes(
    ax: Axes, points: Floats, drawn: Sequence[Layer], look: Classes, legend: bool
) -> None:
    """Draw the points coloured by class, and beside them the legend."""
    any_missing = False
    grey = ink(ax, MISSING)
    for layer in drawn:
        missing = look.codes[layer.which] < 0
        _scatter(ax, points, layer.which[missing], layer.style, color=grey)
        known = layer.which[~missing]
        colors = to_rgba_array(look.colors)[look.codes[known]]
        _scatter(ax, points, known, layer.style, c=colors)
        any_missing |= bool(missing.any())
    ax.set_title(lines_of(look.name, TITLE))
    if legend:
        entries = [(look.labels[code], look.colors[code]) for code in look.present]
        entries += [("missing", grey)] if any_missing else []
        legend_beside(ax, [name for name, _ in entries], [color for _, color in entries])


def draw_numbers(
    ax: Axes,
    points: Floats,
    drawn: Sequence[Layer],
    look: Numbers,
    cmap: str | Colormap | None,
    vmin: float | None,
    vmax: float | None,
) -> None:
    """Draw the points coloured by number, and beside them the colour bar."""
    ax.set_title(lines_of(look.name, TITLE))
    values = look.values[np.concatenate([layer.which for layer in drawn])]
    values = values[np.isfinite(values)]
    if len(values):  # one scale for all layers
        vmin = values.min() if vmin is None else vmin
        vmax = values.max() if vmax is None else vmax
    coloured = None
    for layer in drawn:
        missing = ~np.isfinite(look.values[layer.which])
        _scatter(ax, points, layer.which[missing], layer.style, color=ink(ax, MISSING))
        known = layer.which[~missing]
        scale = {"cmap": numbers_map(ax, cmap), "vmin": vmin, "vmax": vmax}
        found = _scatter(ax, points, known, layer.style, c=look.values[known], **scale)
        coloured = found if len(known) else coloured
    if coloured is not None:
        colour_bar(ax, coloured, look.name + look.origin)


def name_markers(ax: Axes, drawn: Sequence[Layer], plain: bool) -> None:
    """Explain below the panel what the marker of each layer means."""
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            label=layer.label,
            marker=layer.style.get("marker", "o"),
            color=layer.plain if plain else ink(ax, GREY),
            markeredgecolor=layer.style.get("edgecolors", "none"),
            markeredgewidth=0.6,
            markersize=5,
        )
        for layer in drawn
    ]
    legend_below(ax, handles)


def name_on_data(ax: Axes, points: Floats, look: Classes) -> None:
    """Write the name of each class on its points, in a panel of its final size."""
    named = np.isfinite(points).all(axis=1) & (look.codes >= 0)
    write_on(ax, points[named], look.codes[named], look.labels)


def _scatter(
    ax: Axes, points: Floats, which: Indices, style: dict[str, Any], **colour: Any
) -> PathCollection:
    if style["rasterized"] and "color" in colour:
        # matplotlib would round the places of markers of one colour to whole pixels.
        colour = {"c": np.tile(to_rgba_array(colour["color"]), (len(which), 1))}
    return ax.scatter(points[which, 0], points[which, 1], **style, **colour)
