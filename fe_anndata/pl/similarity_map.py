"""Where in the plane a model predicts profiles that are like a given one."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .._access.mapped import at_places, profile_of
from .._core.errors import require_at_least_two, require_choice
from .._core.keys import DEFAULT_KEY
from ..evaluation.profiles import MEASURES, likeness
from ._axes import SMALL, colour_bar, finish, make_room, panels
from ._colors import NEW, numbers_map, require_cmap
from ._maps import CLEAR, Plane, draw_ground, plane_of
from ._points import TITLE
from ._text import ink, lines_of

OUTLINE = withStroke(linewidth=1.6, foreground="#00000080")
"""Around white lines and letters, so that they are seen on bright ground."""


def similarity_map(
    adata: AnnData,
    profile: str | tuple[str, str] | pd.Series | np.ndarray,
    *,
    metric: Literal["pearson", "mse"] = "pearson",
    key: str = DEFAULT_KEY,
    points: int = 75,
    reach: float = 1.0,
    contours: int = 6,
    cmap: str | Colormap | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw how like a profile is to what the model predicts at each place of the plane.

    Contours join places that are equally like it, and a cross marks the place that is most. The
    samples are small points, and those of the profile have an edge. Far from all samples a
    prediction means little: there the colours fade, and no contours are drawn.

    Parameters
    ----------
    adata
        A trained AnnData with its matrix, which may have lost samples since.
    profile
        The name of a sample; a group as (column of ``adata.obs``, value), whose mean it is; a
        Series by gene; or an array of ``n_vars`` values. It is compared over the genes that were
        trained on, without those for which it has no value, in the units of the matrix.
    metric
        ``"pearson"``, the correlation over genes, or ``"mse"``, the mean squared error.
    key
        The `key_added` of the training.
    points
        Nodes of the grid along each axis.
    reach
        The colours are full up to `reach` times the distance within which 95 % of the samples have
        their nearest neighbour, and gone at three times that. ``np.inf`` fades nothing.
    contours
        About how many levels have a contour.
    cmap
        Colour map; by default ``"viridis"``, for errors reversed, so that bright is like.
    ax
        Where to draw. It shrinks to make room for the colour bar, unless its figure has a layout
        engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        Nothing is written.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or there is no such sample, column or group.
    ValueError
        If the embedding is not of two dimensions, the model does not predict expression, the
        profile has another length or too few values, or an argument is out of range.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.pl.similarity_map(adata, ("bulk_labels", "Dendritic")).get_title()
    'Dendritic (n = 240)'
    """
    require_choice(metric, MEASURES, "metric")
    require_at_least_two(contours, "contours")
    require_cmap(cmap)
    plane = plane_of(adata, key, points, reach)
    name, rows, values = profile_of(adata, plane.decoding, profile)
    alike = _likeness(plane, values, metric)
    seen = np.where(plane.near > CLEAR, alike, np.nan)
    if not np.isfinite(seen).any():
        raise ValueError("the profile does not vary over genes, so nothing is correlated with it.")
    panel = panels(1, 1, ax, show, (4.2, 4.2))[0]
    norm = Normalize(float(np.nanmin(seen)), float(np.nanmax(seen)))
    colors = numbers_map(panel, cmap, "viridis_r" if metric == "mse" else "viridis")
    image = draw_ground(panel, plane, alike, norm, colors, key)
    _draw_samples(panel, plane, rows)
    _draw_contours(panel, plane, seen, contours)
    best = plane.nodes[np.nanargmin(seen) if metric == "mse" else np.nanargmax(seen)]
    panel.plot(*best, "x", color="black", markersize=8, markeredgewidth=3.5)
    panel.plot(*best, "x", color="white", markersize=7, markeredgewidth=1.8)
    panel.set_title(lines_of(name, TITLE))
    colour_bar(panel, image, f"{MEASURES[metric]} with the prediction")
    make_room([panel], 1, own=ax is None)
    finish([panel], ax is None, show)
    return panel


def _likeness(plane: Plane, values: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    """Return how like a profile is to the prediction at each node, (points, points)."""
    genes = np.flatnonzero(np.isfinite(values))
    there = at_places(plane.decoding, plane.nodes, genes)
    found = [likeness(values[genes], there.rows(part), metric) for part in there.parts()]
    return np.concatenate(found).reshape(plane.near.shape)


def _draw_samples(panel: Axes, plane: Plane, rows: NDArray[np.intp]) -> None:
    """Draw all samples as faint points, and those of the profile with an edge."""
    x, y = plane.decoding.u.T
    area = float(np.clip(4_000 / max(1, len(x)), 0.3, 5))
    panel.scatter(x, y, s=area, color=ink(panel), alpha=0.25, linewidths=0, rasterized=True)
    # Behind these is the ground, not the page: black tells their colour from its brightest.
    own = float(np.clip(3_000 / max(1, len(rows)), 4, 26))
    edge = {"edgecolors": "black", "linewidths": 0.12 * own**0.5}
    panel.scatter(x[rows], y[rows], s=own, color=NEW, **edge)


def _draw_contours(panel: Axes, plane: Plane, seen: NDArray[np.float64], number: int) -> None:
    """Draw contours at round levels, each with its number where there is room."""
    levels = MaxNLocator(number).tick_values(np.nanmin(seen), np.nanmax(seen))
    inside = [level for level in levels if np.nanmin(seen) < level < np.nanmax(seen)]
    if not inside:
        return
    masked = np.ma.masked_invalid(seen.T)
    lines = panel.contour(*plane.axes, masked, levels=inside, colors="white", linewidths=0.8)
    lines.set_path_effects([OUTLINE])
    for text in panel.clabel(lines, fontsize=SMALL, fmt="%g"):
        text.set_path_effects([OUTLINE])
