"""Panels and what is drawn beside them, which must not cover a panel or be cut off."""

from __future__ import annotations

import math
from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.registry import BackendFilter, backend_registry
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from .._core.keys import axis_name
from ._short import LINES, shortened
from ._text import AS_TYPED, WIDE, draw_as_typed, lines_of

MARGIN = 0.08  # inches around a panel and all that is drawn beside it
SMALL = "small"  # 8.3 pt at matplotlib's default font size
SIZES = (0.83, 0.7, 0.6)  # of the letters of a legend, as shares of the default; the fewer names
ROW = 1.53  # of the height of letters: a line of a legend
ENOUGH = 16  # letters of a name, for whose sake letters are made smaller
FEWEST = 6  # letters that a name keeps in any case


def panels(
    n: int, ncols: int, ax: Axes | None, show: bool | None, size: tuple[float, float]
) -> list[Axes]:
    """Return `n` axes: `ax`, or those of a new figure, of `size` in inches.

    New axes all fill the figure until :func:`make_room` arranges them. pyplot, which keeps every
    figure until it is closed, does not know of a figure that is not to be shown.

    Raises
    ------
    ValueError
        If one `ax` is given for several panels, or `ncols` is less than 1.
    TypeError
        If `ax` is no matplotlib Axes.
    """
    if ncols < 1:
        raise ValueError(f"ncols must be at least 1, got {ncols}.")
    if ax is not None:
        if not isinstance(ax, Axes):
            raise TypeError(f"ax must be one matplotlib Axes, not {type(ax).__name__}.")
        if n > 1:
            raise ValueError(f"{n} panels do not fit into one ax: draw them one by one.")
        return [ax]
    if show is None or show:
        figure = plt.figure(figsize=size)
    else:
        figure = Figure(figsize=size)
        FigureCanvasAgg(figure)
    figure.set_layout_engine("none")
    return [figure.add_axes((0, 0, 1, 1), label=str(i)) for i in range(n)]


def bare(ax: Axes, basis: str, dimensions: Sequence[int]) -> None:
    """Make `ax` a square map: its axes have names and no ticks, as coordinates have no unit."""
    x, y = (axis_name(basis.removeprefix("X_"), d) for d in dimensions)
    ax.set(xticks=[], yticks=[], xlabel=x, ylabel=y)
    ax.set_box_aspect(1)
    ax.grid(False)  # Scanpy's style draws one over all axes


def per_row(n: int, ncols: int | None, most: int = 4) -> int:
    """Return how many of `n` panels stand in a row: `ncols`, or a number that looks well.

    Up to three are one row, and more are about a square that is at most `most` panels wide.
    """
    if ncols is not None:
        return ncols
    return max(1, n) if n <= 3 else min(most, math.ceil(math.sqrt(n)))


def legend_beside(ax: Axes, labels: Sequence[str], colors: Sequence[str]) -> Legend:
    """Explain the colours to the right of `ax`, in a legend that is no wider than `ax`.

    Names lose letters, and many names have smaller ones, until that is so.
    """
    width, height = ax.get_position().size * figure_of(ax).get_size_inches()
    for share in SIZES:
        size = share * mpl.rcParams["font.size"]
        lines = int(np.clip(height * 72 / (size * ROW * max(1, len(labels))), 1, LINES))
        letters = WIDE
        while True:
            shown = shortened(labels, letters, lines)
            named = zip(colors, shown, strict=True)
            legend = markers_beside(ax, [Patch(color=c, label=name) for c, name in named], size)
            for text in legend.get_texts():
                text.set(**AS_TYPED)
            wider = legend.get_window_extent().width / (width * figure_of(ax).dpi)
            if wider <= 1 or letters <= FEWEST:
                break
            letters = max(FEWEST, min(letters - 1, int(_longest(shown) / wider)))
        if wider <= 1 and (letters >= ENOUGH or _longest(labels) <= letters):
            break
    return legend


def _longest(labels: Sequence[str]) -> int:
    """Return how many letters the longest line has."""
    return max((len(line) for label in labels for line in label.split("\n")), default=0)


def markers_beside(ax: Axes, handles: Sequence[Artist], size: float | None = None) -> Legend:
    """Explain `handles` by their labels, to the right of `ax`, in letters of `size` points."""
    size = 0.83 * mpl.rcParams["font.size"] if size is None else size
    rows = sum(1 + str(handle.get_label()).count("\n") for handle in handles)
    height = ax.get_position().height * figure_of(ax).get_figheight() * 72
    return ax.legend(
        handles=handles,
        ncols=int(np.ceil(rows * size * ROW / height)),
        loc="upper left",
        bbox_to_anchor=(1.03, 1),
        borderaxespad=0,
        fontsize=size,
        frameon=False,
        handlelength=0.8,
        handleheight=0.8,
        labelspacing=0.4,
        columnspacing=1.2,
    )


def legend_below(ax: Axes, handles: Sequence[Artist]) -> None:
    """Explain markers in a row below `ax` and its label, in addition to any other legend."""
    legend = Legend(
        ax,
        handles,
        [str(handle.get_label()) for handle in handles],
        ncols=len(handles),
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=ax.transAxes,
        borderaxespad=2,
        fontsize=SMALL,
        frameon=False,
        handlelength=1.2,
        handletextpad=0.3,
        columnspacing=1.5,
    )
    for text in legend.get_texts():
        text.set(**AS_TYPED)
    ax.add_artist(legend)
    legend.set_clip_on(False)  # make_room does not see what is clipped


def colour_bar(ax: Axes, mappable: ScalarMappable, label: str) -> Colorbar:
    """Draw a colour bar to the right of `ax`, and as high as it is; it is never transparent."""
    beside = ax.inset_axes((1.03, 0, 0.04, 1))
    beside.grid(False)
    opaque = ScalarMappable(mappable.norm, mappable.cmap)
    bar = figure_of(ax).colorbar(opaque, cax=beside, label=lines_of(label, 45))
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
    return bar


def shared_colour_bar(
    ax: Axes,
    drawn: Sequence[ScalarMappable],
    label: str,
    scale: tuple[float, float],
    log: bool,
) -> None:
    """Give all of `drawn` one colour scale, and draw its colour bar to the right of `ax`."""
    low, high = scale
    norm = LogNorm(low, high) if log else Normalize(0, high)
    for mappable in drawn:
        mappable.set_norm(norm)
    bar = colour_bar(ax, drawn[0], label)
    if log:
        steps = (1, 2, 5) if high / low < 1000 else (1,)
        bar.ax.yaxis.set_major_locator(LogLocator(subs=steps))
        bar.ax.yaxis.set_major_formatter("{x:,g}")
        bar.ax.minorticks_off()


def most(hexagons: Sequence[ScalarMappable]) -> float:
    """Return the greatest count, but at least 2, because a colour scale cannot go from 1 to 1."""
    counts = [h.get_array() for h in hexagons]
    return max(2.0, *(float(c.max()) for c in counts if c is not None and len(c)))


def make_room(axes: Sequence[Axes], ncols: int, own: bool) -> None:
    """Give titles, legends and colour bars the room they take, and draw their text as typed.

    In our own figure every panel keeps its size and the figure grows around it, so that nothing
    is cut off, not in a saved file either. (The layout engines of matplotlib keep the size of the
    figure instead, and cut legends beside square panels.) In a figure of the user, the panel
    shrinks, to no less than a third of its width, unless a layout engine takes care of that.
    """
    for ax in axes:
        draw_as_typed(ax)
    if own:
        _arrange(axes, min(ncols, len(axes)))
    elif figure_of(axes[0]).get_layout_engine() is None:
        x, y, width, height = axes[0].get_position().bounds
        beside = _overhang(axes[0])[2] / figure_of(axes[0]).get_figwidth()
        axes[0].set_position((x, y, max(width - beside, width / 3), height))
        axes[0].set_in_layout(True)  # set_position takes it out of a later tight_layout


def _arrange(axes: Sequence[Axes], ncols: int) -> None:
    """Place all panels, row by row, and set the size of their figure."""
    figure = figure_of(axes[0])
    size = figure.get_size_inches()  # of a panel, as each still fills the figure
    nrows = -(-len(axes) // ncols)
    hangs = np.zeros((nrows * ncols, 4))
    hangs[: len(axes)] = [_overhang(ax) for ax in axes]
    left, bottom, right, top = hangs.reshape(nrows, ncols, 4).transpose(2, 0, 1) + MARGIN
    left, right = left.max(axis=0), right.max(axis=0)
    bottom, top = bottom.max(axis=1), top.max(axis=1)
    x = np.cumsum(left + size[0] + right) - right - size[0]
    y = np.cumsum(top + size[1] + bottom) - bottom  # lower edges, measured from the top
    width, height = x[-1] + size[0] + right[-1], y[-1] + bottom[-1]
    figure.set_size_inches(width, height)
    for i, ax in enumerate(axes):
        row, column = divmod(i, ncols)
        place = (x[column] / width, 1 - y[row] / height)
        ax.set_position((*place, size[0] / width, size[1] / height))


def _overhang(ax: Axes) -> NDArray[np.float64]:
    """Return how far what is drawn beside `ax` reaches over its edges, in inches.

    The edges are left, lower, right and upper, (4,).
    """
    outer, inner = ax.get_tightbbox(), ax.get_window_extent()
    if outer is None:
        return np.zeros(4)
    pixels = np.array(
        [inner.x0 - outer.x0, inner.y0 - outer.y0, outer.x1 - inner.x1, outer.y1 - inner.y1]
    )
    inches: NDArray[np.float64] = np.maximum(pixels, 0) / figure_of(ax).dpi
    return inches


def finish(axes: Sequence[Axes], own: bool, show: bool | None) -> Axes | np.ndarray:
    """Show the figure if `show` says so; return the panel, or an array if there are several."""
    interactive = backend_registry.list_builtin(BackendFilter.INTERACTIVE)  # type: ignore[no-untyped-call]
    windows = [name.casefold() for name in interactive]
    if show is None:
        show = own and plt.get_backend().casefold() in windows and not plt.isinteractive()
    if show:
        plt.show()
    if len(axes) == 1:
        return axes[0]
    return np.array(axes, dtype=object)


def figure_of(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    assert figure is not None  # only axes that were removed have none
    return figure
