"""How much of each principal component new samples keep on maps."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .._core.errors import require_key
from ._axes import SMALL, finish, legend_beside, make_room, panels
from ._colors import new_colors
from ._text import ink

COLUMNS = ("method", "dim", "fold", "component", "variance", "r2_new")
LEAST = -0.25
"""R2 below it are drawn there: places that mislead so much are no better or worse by how much."""
GROUP = 0.8
"""Of the way from one component to the next: the bars of one."""


def components_kept(
    table: pd.DataFrame, *, ax: Axes | None = None, show: bool | None = None
) -> Axes:
    """Draw how much of each principal component of the matrix new samples keep on maps.

    Each component has a bar per method, the mean over folds, and on it a point per fold. Below its
    number stands its share of the variance.

    Parameters
    ----------
    table
        The table that :func:`fe_anndata.tl.components_kept` returned, or several of them
        concatenated, such as of several dimensions.
    ax
        Where to draw. It shrinks to make room for the legend, unless its figure has a layout
        engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        The Axes. Values below -0.25 are drawn there; 0 or less is nothing.

    Raises
    ------
    KeyError
        If the table lacks a column.
    ValueError
        If it has no rows.
    TypeError
        If `table` is no DataFrame.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> table = fe.tl.components_kept(adata, methods=["pca"], n_components=3, folds=2)
    >>> fe.pl.components_kept(table).get_ylabel()
    'R2 of new samples'
    """
    table = _checked(table)
    names = list(dict.fromkeys(table["map"]))
    components = sorted(table["component"].unique())
    colours = new_colors("method", names)
    own = ax is None
    axes = panels(1, 1, ax, show, (max(3.2, 0.14 * len(components) * (len(names) + 1)), 2.8))
    panel, width = axes[0], GROUP / len(names)
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        rows = table[table["map"] == name]
        places = rows["component"] + width * (i - (len(names) - 1) / 2)
        means = rows["r2_new"].groupby(places).mean()
        panel.bar(means.index, means.clip(LEAST), width, color=colour, lw=0, zorder=2)
        panel.plot(
            places, rows["r2_new"].clip(LEAST), "o", color=ink(panel, 0.7), ms=2.5, mew=0, zorder=3
        )
    shares = table.groupby("component")["variance"].mean()
    ticks = [f"{c}\n{100 * shares[c]:.2g} %" for c in components]
    panel.set_xticks(components, ticks, fontsize=SMALL)
    panel.axhline(0, color=ink(panel, 0.6), lw=0.8, zorder=1)
    panel.set(
        xlim=(components[0] - 0.6, components[-1] + 0.6),
        ylim=(min(0.0, max(LEAST, float(table["r2_new"].min()))) - 0.02, 1.04),
        xlabel="principal component, and its share of the variance",
        ylabel="R2 of new samples",
    )
    panel.grid(False, axis="x")
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    legend_beside(panel, names, colours)
    make_room(axes, 1, own)
    drawn = finish(axes, own, show)
    assert isinstance(drawn, Axes)
    return drawn


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the table that have a number to draw, and in ``map`` what they are of."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            "table must be the DataFrame of fe.tl.components_kept(adata), not "
            f"{type(table).__name__}."
        )
    for column in COLUMNS:
        require_key(column, table.columns, "column of the table")
    table = table[np.isfinite(table["r2_new"].to_numpy(dtype=float))]
    if table.empty:
        raise ValueError("the table has no R2, so there is nothing to draw.")
    names = table["method"].astype(str)
    if len(table["dim"].unique()) > 1:
        names = names + ", " + table["dim"].astype(str) + "-D"
    return table.assign(map=names)
