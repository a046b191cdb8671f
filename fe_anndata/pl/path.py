"""The genes that change most along a path through the embedding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import matplotlib as mpl
import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from numpy.typing import NDArray

from .._access.decoding import decoding_of
from .._access.genes import as_list
from .._access.mapped import predicted, trained_among
from .._access.stops import Stop, stops_of
from .._core.errors import require_at_least_two, require_choice, require_whole
from .._core.keys import DEFAULT_KEY
from ..evaluation.changes import by_turn, most_changed
from ..matrix.nearness import nearness
from ..matrix.places import along
from ._axes import SMALL, colour_bar, figure_of, finish, legend_beside, make_room, panels
from ._colors import new_colors, require_cmap
from ._maps import require_reach
from ._shades import differences_map
from ._text import ink, lines_of

Floats = NDArray[np.float64]

MOST = {"heat map": 100, "lines": 20}
"""Genes whose names, or colours, can still be told apart."""
ROW = 0.0155  # inches for a gene in a heat map, per point of the default height of letters
LETTER = 0.02  # width of a letter, as a share of that of a panel
STRIP = 0.08  # inches, the height of the strip that says where no sample is near


def path(
    adata: AnnData,
    stops: Sequence[Stop],
    genes: str | Sequence[str] | None = None,
    *,
    n_genes: int | None = None,
    kind: Literal["heat map", "lines"] = "heat map",
    key: str = DEFAULT_KEY,
    points: int = 100,
    reach: float = 1.0,
    cmap: str | Colormap | None = None,
    gene_symbols: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw how the predicted expression of genes changes along a path through the embedding.

    The path goes straight from stop to stop, as that of :func:`fe_anndata.get.path`. Where it is
    far from all samples, a prediction means little: there the strip above the panel is grey.

    Parameters
    ----------
    adata
        A trained AnnData, which may have lost samples since; its embedding has any dimension.
    stops
        Two or more, each the name of a sample; a group as (column of ``adata.obs``, value), which
        is the mean of its samples; or coordinates, (sample_dim,).
    genes
        Genes to draw; by default the `n_genes` whose prediction has the greatest range along the
        path.
    n_genes
        How many genes are drawn, if `genes` does not say which; by default 30 in a heat map and 8
        as lines.
    kind
        ``"heat map"``: the change since the first stop, those genes first that rise, in the order
        in which they have done half of it, then those that fall. ``"lines"``: the prediction.
    key
        The `key_added` of the training.
    points
        Places along the path.
    reach
        The strip is empty up to `reach` times the distance within which 95 % of the samples have
        their nearest neighbour, and grey at three times that.
    cmap
        Colour map of a heat map, whose middle is no change; by default blue and red beside the
        colour of the page.
    gene_symbols
        A column of ``adata.var`` whose names of genes can be used as well as ``adata.var_names``.
    ax
        Where to draw. It shrinks to make room for the colour bar, unless its figure has a layout
        engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        Values are in the units of the matrix. Nothing is written.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, there is no such sample, column or group, or a gene was
        not trained on.
    ValueError
        If the model does not predict expression, the path has no length, or an argument is out of
        range.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> stops = [("bulk_labels", "CD34+"), ("bulk_labels", "CD14+ Monocyte")]
    >>> ax = fe.pl.path(adata, stops, n_genes=10)
    >>> len(ax.get_yticklabels())
    10
    """
    require_choice(kind, MOST, "kind")
    require_cmap(cmap)
    require_at_least_two(points, "points")
    require_reach(reach)
    decoding = decoding_of(adata, key)
    names, where = stops_of(adata, stops, decoding.u)
    places, at = along(where, points)
    number = (30 if kind == "heat map" else 8) if n_genes is None else n_genes
    if genes is None:
        _require_number(number, kind)
        chosen = np.arange(len(decoding.columns))
    else:
        chosen = trained_among(adata, decoding, as_list(genes), gene_symbols)
        _require_number(len(chosen), kind)
    profiles = predicted(decoding, places, chosen).astype(np.float64)
    if genes is None:
        most = most_changed(profiles, number)
        chosen, profiles = chosen[most], profiles[:, most]
    labels = list(map(lines_of, adata.var_names[decoding.columns[chosen]]))
    near = nearness(places, decoding.u.astype(np.float64), reach)

    row = ROW * mpl.rcParams["font.size"]
    size = (3.6, max(1.2, row * len(labels))) if kind == "heat map" else (4.2, 3.0)
    panel = panels(1, 1, ax, show, size)[0]
    if kind == "heat map":
        _draw_heat(panel, profiles - profiles[0], labels, cmap)
    else:
        _draw_lines(panel, profiles, labels)
    _draw_strip(panel, near)
    _name_stops(panel, at, [lines_of(name, 18) for name in names])
    make_room([panel], 1, own=ax is None)
    finish([panel], ax is None, show)
    return panel


def _require_number(n: int, kind: str) -> None:
    require_whole(n, "n_genes")
    if not 1 <= n <= MOST[kind]:
        raise ValueError(
            f"{n} genes are to be drawn: give 1 to {MOST[kind]} for kind={kind!r}, by genes or "
            "n_genes, so that they can be told apart."
        )


def _draw_heat(
    panel: Axes, changes: Floats, labels: Sequence[str], cmap: str | Colormap | None
) -> None:
    order = by_turn(changes)
    most = float(np.abs(changes).max()) or 1.0
    image = panel.imshow(
        changes[:, order].T,
        cmap=differences_map(panel, cmap),
        vmin=-most,
        vmax=most,
        extent=(0, 1, len(order) - 0.5, -0.5),
        aspect="auto",
        interpolation="nearest",
    )
    panel.set_yticks(range(len(order)), [labels[i] for i in order])
    panel.tick_params(axis="y", length=0)
    panel.grid(False)
    panel.spines[:].set_visible(False)
    colour_bar(panel, image, "predicted change since the first stop")


def _draw_lines(panel: Axes, profiles: Floats, labels: Sequence[str]) -> None:
    colors = new_colors("genes", labels)
    for values, color in zip(profiles.T, colors, strict=True):
        panel.plot(np.linspace(0, 1, len(values)), values, color=color)
    panel.set(xlim=(0, 1), ylabel="predicted expression")
    panel.spines[["top", "right"]].set_visible(False)
    order = np.argsort(-profiles[-1])
    legend_beside(panel, [labels[i] for i in order], [colors[i] for i in order])


def _name_stops(panel: Axes, at: Floats, names: Sequence[str]) -> None:
    """Write the names of stops below a panel, aslant where level ones would meet."""
    panel.set_xticks(list(at), list(names))
    panel.set_xlabel("place along the path")
    panel.tick_params(labelsize=SMALL)
    widths = [max(map(len, name.split("\n"))) * LETTER for name in names]
    apart = np.diff(at) - [(a + b) / 2 for a, b in pairwise(widths)]
    if apart.min() < 0:
        for text in panel.get_xticklabels():
            text.set(rotation=30, ha="right", rotation_mode="anchor")


def _draw_strip(panel: Axes, near: Floats) -> None:
    """Draw above a panel where no sample is near, if there is such a place."""
    if near.min() == 1:
        return
    height = STRIP / (panel.get_position().height * figure_of(panel).get_figheight())
    strip = panel.inset_axes((0, 1 + 0.5 * height, 1, height))
    grey = LinearSegmentedColormap.from_list("far", [ink(panel, 0.05), ink(panel, 0.6)])
    strip.imshow(1 - near[None], cmap=grey, vmin=0, vmax=1, extent=(0, 1, 0, 1), aspect="auto")
    strip.set(xticks=[], yticks=[])
    strip.grid(False)
    strip.spines[:].set_visible(False)
    strip.set_title("grey: far from all samples", fontsize=SMALL, loc="left", pad=2)
