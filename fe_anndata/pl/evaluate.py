"""Accuracy by dimension, of the samples that were fitted to and of new ones."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._core.errors import require_key
from ._axes import SMALL, figure_of, finish, make_room, panels, per_row
from ._colors import new_colors
from ._rows import line
from ._short import shortened
from ._text import WIDE, ink, lines_of

NEW, FITTED = "_new", "_fitted"
OF_EMBEDDINGS = ("r2", "distance", "neighbours", "seconds")
"""Beginnings of the names of columns that do not depend on the classifier."""
COLUMNS = ["method", "dim", "fold", "classifier"]
PER_ROW = 3
FEW, FEW_LETTERS = 6, 30  # more methods than these have shorter names, in letters a line
TALLEST = 1.6  # of the height of a panel: a legend of more lines goes on beside


def evaluate(
    table: pd.DataFrame,
    *,
    metric: str = "accuracy_new",
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw how well labels are predicted from embeddings of few and many dimensions.

    Each method has a solid line through the means over folds, and a point per fold. Beside a
    column about new samples, such as ``"accuracy_new"``, a dashed line shows the same of the
    samples that were fitted to, ``"accuracy_fitted"``.

    Parameters
    ----------
    table
        The table that :func:`fe_anndata.tl.evaluate` returned, or several of them concatenated.
    metric
        The column to draw.
    ax
        Where to draw the table of a single classifier. It shrinks to make room for the legend,
        unless its figure has a layout engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        The Axes, or an array of them, one per classifier. A column that is about the embedding
        alone, such as ``"r2_new"`` or ``"distance_pearson_new"``, has one panel.

    Raises
    ------
    KeyError
        If the table has no such column.
    ValueError
        If the column holds no number.
    TypeError
        If `table` is no DataFrame.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> table = fe.tl.evaluate(adata, "group", dims=[2, 4], methods=["pca"])
    >>> [ax.get_title() for ax in fe.pl.evaluate(table)]
    ['knn', 'logistic', 'network']
    """
    table = _checked(table, metric)
    names = list(dict.fromkeys(table["method"]))
    colours = dict(zip(names, new_colors("method", names), strict=True))
    fitted = metric.removesuffix(NEW) + FITTED
    columns = {metric: "-"}
    if metric.endswith(NEW) and fitted in table and table[fitted].notna().any():
        columns[fitted] = "--"
    own = ax is None
    classifiers = list(dict.fromkeys(table["classifier"]))
    ncols = per_row(len(classifiers), None, PER_ROW)
    axes = panels(len(classifiers), ncols, ax, show, (3.0, 2.8))
    for i, (panel, classifier) in enumerate(zip(axes, classifiers, strict=True)):
        rows = table[table["classifier"] == classifier]
        for (column, style), name in ((c, n) for c in columns.items() for n in names):
            _line(panel, rows[rows["method"] == name], column, style, colours[name])
        panel.set_title(lines_of(classifier, 30), fontsize="medium")
        _dimensions(panel, sorted(table["dim"].unique()))
        panel.set_ylabel("" if i % ncols else _words(metric, len(columns) == 1))
        panel.set_xlabel("" if i + ncols < len(axes) else "dimensions")
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
    _same_height(axes)
    _legend(axes[min(ncols, len(axes)) - 1], table, colours, len(columns) > 1)
    make_room(axes, ncols, own)
    return finish(axes, own, show)


def _checked(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows of the table that have a number to draw."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"table must be the DataFrame of fe.tl.evaluate, not {type(table).__name__}."
        )
    for column in COLUMNS:
        require_key(column, table.columns, "column of the table")
    measured = [c for c in table if c.endswith((NEW, FITTED)) or c.startswith("seconds")]
    require_key(metric, measured, "metric in the table,")
    if metric.startswith(OF_EMBEDDINGS):
        of_embedding = ["method", "dim", *(["deal"] if "deal" in table else []), "fold"]
        table = table.drop_duplicates(of_embedding).assign(classifier="")
    table = table[table[metric].notna()]
    if table.empty:
        raise ValueError(f"the column {metric!r} holds no number, so there is nothing to draw.")
    return table


def _line(ax: Axes, table: pd.DataFrame, column: str, style: str, colour: str) -> None:
    """Draw means over folds, and for new samples the folds themselves."""
    if style == "-":
        ax.plot(table["dim"], table[column], "o", color=colour, ms=3, alpha=0.35, mew=0)
    means = table.groupby("dim")[column].mean()
    marker = "o" if style == "-" else "_"  # a line through one point cannot be seen
    ax.plot(means.index, means, style, color=colour, marker=marker, ms=5, lw=1.4)


def _dimensions(ax: Axes, dims: list[int]) -> None:
    """Give each dimension that was measured a tick, on a logarithmic axis."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(dims, [str(d) for d in dims])
    ax.set_xticks([], minor=True)
    ax.set_xlim(dims[0] / 2**0.5, dims[-1] * 2**0.5)


def _same_height(axes: list[Axes]) -> None:
    """Give all panels the same limits, so that classifiers can be compared."""
    limits = np.array([ax.get_ylim() for ax in axes])
    for ax in axes:
        ax.set_ylim(limits[:, 0].min(), limits[:, 1].max())


def _words(metric: str, with_side: bool) -> str:
    sides = {NEW: "new samples", FITTED: "fitted samples"}
    for end, side in sides.items():
        if metric.endswith(end):
            words = metric.removesuffix(end).replace("_", " ").replace("r2", "R2")
            return f"{words}, {side}" if with_side else words
    return metric.replace("_", " ")


def _legend(ax: Axes, table: pd.DataFrame, colours: dict[str, str], with_fitted: bool) -> None:
    """Name the methods with their decoders, and the two kinds of lines."""
    words = []
    for name in colours:
        decoders = table.loc[table["method"] == name, "decoder"] if "decoder" in table else []
        named = [d for d in dict.fromkeys(decoders) if isinstance(d, str) and d]
        words.append(f"{name} ({', '.join(named)})" if named else name)
    letters = WIDE if len(words) <= FEW else FEW_LETTERS
    handles = [
        Line2D([], [], color=colour, marker="o", ms=5, lw=1.4, label=label)
        for label, colour in zip(shortened(words, letters, 2), colours.values(), strict=True)
    ]
    if with_fitted:
        for style, label in (("-", "new samples"), ("--", "fitted samples")):
            handles.append(Line2D([], [], color=ink(ax, 0.6), ls=style, lw=1.4, label=label))
    lines = sum(1 + str(handle.get_label()).count("\n") for handle in handles)
    most = ax.get_position().height * figure_of(ax).get_figheight() / line()
    ax.legend(
        handles=handles,
        ncols=math.ceil(lines / most / TALLEST),
        loc="upper left",
        bbox_to_anchor=(1.03, 1),
        borderaxespad=0,
        fontsize=SMALL,
        frameon=False,
        handlelength=1.8,  # dashes are seen in no less
        labelspacing=0.4,
        columnspacing=1.2,
    )
