"""How well properties of genes are read off their vectors, by collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._core.errors import require_key
from ._axes import SMALL, finish, make_room, markers_beside, panels
from ._colors import PLAIN
from ._rows import line, most_lines
from ._short import shortened
from ._text import ink, is_dark, lines_of

if TYPE_CHECKING:
    from ..tl import GeneClasses

GREY = 0.4  # of ink
WORDS = 40  # letters of a name, where there are many
ROW, HIGHEST = 0.62, 7.5  # inches for a collection; more of them have narrower rows from here on
ENOUGH = 20  # from this many properties on, their distribution is drawn too
CROWDED = 200  # from this many properties on, points are smaller and fainter


def classify_genes(
    result: GeneClasses | pd.DataFrame,
    *,
    metric: str = "auroc",
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw the distribution of the AUROC of properties, one row per collection.

    The upper half of each row shows the properties of the collection as points, with their
    distribution and median. The lower half shows the same in grey with the labels of the genes
    shuffled. Collections are ordered by their medians, the best at the top.

    Parameters
    ----------
    result
        What :func:`fe_anndata.tl.classify_genes` returns, or its ``table``.
    metric
        ``"auroc"`` or ``"auprc"``. The latter has no shuffled control; by chance it is the base
        rate, which is drawn in grey instead.
    ax
        The matplotlib Axes to draw into; by default those of a new figure.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        Nothing is written.

    Raises
    ------
    TypeError
        If `result` is neither of these.
    KeyError
        If the table lacks a column, or `metric` is unknown.
    ValueError
        If the table is empty.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(100, 200, 3)
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> adata.var["varies"] = adata.X.std(axis=0) > 1
    >>> found = fe.tl.classify_genes(adata, ["varies"], progress=False)
    >>> fe.pl.classify_genes(found).get_xlabel()
    'AUROC'
    """
    controls = {"auroc": "auroc_permuted", "auprc": "base_rate"}
    require_key(metric, controls, "metric")
    control = controls[metric]
    table = _checked(result, metric, control)
    names = _by_median(table, metric)
    own = ax is None
    labels = _labels(table, names)
    row = max(line() * most_lines(labels), min(ROW, HIGHEST / len(names)))
    (panel,) = panels(1, 1, ax, show, (4.2, 0.35 + row * len(names)))
    for i, name in enumerate(names):
        rows = table[table["collection"] == name]
        _half(panel, rows[metric].to_numpy(), i, 1, PLAIN)
        _half(panel, rows[control].to_numpy(), i, -1, ink(panel, GREY))
    if metric == "auroc":
        panel.axvline(0.5, color=ink(panel, 0.7), lw=0.8, ls="--", zorder=0)
    panel.set_yticks(range(len(names)), labels)
    panel.grid(False)
    panel.tick_params(axis="y", length=0, labelsize=SMALL)
    panel.set_ylim(-0.6, len(names) - 0.4)
    panel.set_xlabel(metric.upper())
    panel.spines[["top", "right", "left"]].set_visible(False)
    _legend(panel, metric)
    make_room([panel], 1, own)
    finish([panel], own, show)
    return panel


def _checked(result: GeneClasses | pd.DataFrame, metric: str, control: str) -> pd.DataFrame:
    table = getattr(result, "table", result)  # tl, where GeneClasses is, is no floor below
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"result must be what fe.tl.classify_genes returns, or its table, not "
            f"{type(result).__name__}."
        )
    for column in ("collection", metric, control):
        require_key(column, table.columns, "column of the table")
    if table.empty:
        raise ValueError("the table has no property, so there is nothing to draw.")
    return table


def _by_median(table: pd.DataFrame, metric: str) -> list[str]:
    """Return the collections by their medians; the best comes last and is drawn at the top."""
    return list(table.groupby("collection", sort=False)[metric].median().sort_values().index)


def _labels(table: pd.DataFrame, names: list[str]) -> list[str]:
    """Return each collection with its number of properties, in one line where there are many."""
    counts = table["collection"].value_counts()
    if len(names) * ROW <= HIGHEST:
        return [f"{lines_of(name)}\n{counts[name]:,} properties" for name in names]
    shown = zip(shortened(names, WORDS), names, strict=True)
    return [f"{short} ({counts[name]:,})" for short, name in shown]


def _half(ax: Axes, values: np.ndarray, row: int, side: int, colour: str) -> None:
    """Draw the upper (`side` 1) or lower (-1) half of a row: points, distribution and median."""
    if len(values) >= ENOUGH and np.ptp(values) > 0:
        drawn = ax.violinplot(
            values, [row], orientation="horizontal", widths=0.84, showextrema=False,
            side="high" if side > 0 else "low",
        )  # fmt: skip
        faint = 0.6 if is_dark(ax) else 0.35
        bodies: Sequence[object] = drawn["bodies"]  # type: ignore[assignment]
        for body in bodies:
            body.set(facecolor=colour, edgecolor="none", alpha=faint)  # type: ignore[attr-defined]
    # Multiples of the golden ratio look random and are the same every time.
    spread = (np.arange(len(values)) * 0.618034) % 1
    crowded = len(values) >= CROWDED
    ax.plot(
        values, row + side * (0.03 + 0.15 * spread), "o", color=colour, mew=0, rasterized=True,
        ms=1.6 if crowded else 3, alpha=0.35 if crowded else 0.7,
    )  # fmt: skip
    ax.plot(
        [np.median(values)] * 2, [row + side * 0.02, row + side * 0.4], color=ink(ax, 0.85), lw=1.5
    )


def _legend(ax: Axes, metric: str) -> None:
    below = "labels shuffled" if metric == "auroc" else "base rate"
    handles = [
        Line2D([], [], color=PLAIN, marker="o", ls="", ms=4, label="measured"),
        Line2D([], [], color=ink(ax, GREY), marker="o", ls="", ms=4, label=below),
        Line2D([], [], color=ink(ax, 0.85), marker="|", ls="", ms=9, mew=1.5, label="median"),
    ]
    markers_beside(ax, handles)
