"""How well profiles are predicted from a few of their genes, by the number of these."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from .._core.errors import require_key
from ._axes import finish, make_room, markers_beside, panels
from ._colors import new_colors
from ._short import shortened
from ._text import ink

COLUMNS = ["method", "n_genes", "fold", "subset", "r2"]
WORDS = {
    "fe": "FE",
    "pca": "PCA",
    "knn": "nearest samples",
    "ridge": "kernel ridge",
    "means": "gene means",
}
"""What methods of the verb are called; others by their own names."""
BAND = 0.18
"""How opaque a band is."""
LEAST = -0.2
"""The lowest R2 that has room; a method that is worse leaves the picture."""
NARROW = 0.1
"""Numbers of genes that are nearer than this share of their axis do not both have a tick."""


def imputation_curve(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw how well hidden genes of new samples are predicted, by the number that is shown.

    A line goes through the means over folds and choices of genes; its band holds the middle four
    fifths of these. Gene means explain nothing, so theirs is the line at 0.

    Parameters
    ----------
    table
        The table that :func:`fe_anndata.tl.imputation_curve` returned.
    ax
        Where to draw. It shrinks to make room for the legend, unless its figure has a layout
        engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        The Axes. Nothing is written.

    Raises
    ------
    KeyError
        If the table lacks a column.
    ValueError
        If it holds no number.
    TypeError
        If `table` is no DataFrame.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> table = fe.tl.imputation_curve(
    ...     adata, n_genes=[5, 30], folds=2, methods=["means", "pca"], progress=False
    ... )
    >>> fe.pl.imputation_curve(table).get_xlabel()
    'genes shown'
    """
    table = _checked(table)
    own = ax is None
    axes = panels(1, 1, ax, show, (4.2, 3.2))
    (panel,) = axes
    names = [name for name in dict.fromkeys(table["method"]) if name != "means"]
    colours = dict(zip(names, new_colors("method", names), strict=True))
    panel.axhline(0, color=ink(panel, 0.6), lw=1.2, ls="--", zorder=1)
    for name in names:
        _line(panel, table[table["method"] == name], colours[name])
    _numbers(panel, sorted(table["n_genes"].unique()))
    panel.set(xlabel="genes shown", ylabel="R2 of hidden genes, new samples")
    low, high = panel.get_ylim()
    panel.set_ylim(max(low, LEAST), high)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    words = shortened([WORDS.get(name, name) for name in names], 30, 2)
    handles = [
        Line2D([], [], color=colours[name], marker="o", ms=5, lw=1.4, label=word)
        for name, word in zip(names, words, strict=True)
    ]
    if "means" in set(table["method"]):
        handles.append(Line2D([], [], color=ink(panel, 0.6), ls="--", lw=1.2, label=WORDS["means"]))
    markers_beside(panel, handles)
    make_room(axes, 1, own)
    drawn = finish(axes, own, show)
    assert isinstance(drawn, Axes)
    return drawn


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"table must be the DataFrame of fe.tl.imputation_curve, not {type(table).__name__}."
        )
    for column in COLUMNS:
        require_key(column, table.columns, "column of the table")
    table = table[table["r2"].notna()]
    if table.empty:
        raise ValueError("the column 'r2' holds no number, so there is nothing to draw.")
    return table


def _line(ax: Axes, table: pd.DataFrame, colour: str) -> None:
    """Draw the means of a method, and a band of what is around them."""
    values = table.groupby("n_genes")["r2"]
    means, low, high = values.mean(), values.quantile(0.1), values.quantile(0.9)
    ax.fill_between(means.index, low, high, color=colour, alpha=BAND, lw=0)
    ax.plot(means.index, means, color=colour, marker="o", ms=4, lw=1.4)


def _numbers(ax: Axes, numbers: list[int]) -> None:
    """Give the numbers of genes ticks on a logarithmic axis, where there is room for them."""
    ax.set_xscale("log")
    kept = [numbers[0]]
    least = (numbers[-1] / numbers[0]) ** NARROW
    for number in numbers[1:]:
        if number / kept[-1] >= least:
            kept.append(number)
    ax.set_xticks(kept, [f"{n:,}" for n in kept])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="x", labelsize="small")
