"""How well properties of genes are read off their vectors, by collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._core.errors import require_key
from ._axes import SMALL, finish, make_room, panels
from ._colors import PLAIN

if TYPE_CHECKING:
    from ..tl import GeneClasses

GREY = "0.6"
ROW = 0.62  # inches for a collection
ENOUGH = 20  # properties whose distribution is drawn, not their points alone


def classify_genes(
    result: GeneClasses | pd.DataFrame,
    *,
    metric: str = "auroc",
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw the distribution of the AUROC of properties, a row per collection.

    Above the line of each collection stand its properties, a point each, their distribution and
    their median; below it, in grey, the same with the labels of genes shuffled. Collections are
    ordered by their medians.

    Parameters
    ----------
    result
        What :func:`fe_anndata.tl.classify_genes` returned, or its table.
    metric
        ``"auroc"`` or ``"auprc"``, which has no shuffled control: by luck it is the base rate,
        which is drawn in grey instead.
    ax
        Where to draw.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    The Axes.

    Raises
    ------
    TypeError
        If `result` is neither.
    KeyError
        If the table lacks a column.
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
    (panel,) = panels(1, 1, ax, (4.2, 0.35 + ROW * len(names)))
    for i, name in enumerate(names):
        mine = table[table["collection"] == name]
        _half(panel, mine[metric].to_numpy(), i, 1, PLAIN)
        _half(panel, mine[control].to_numpy(), i, -1, GREY)
    if metric == "auroc":
        panel.axvline(0.5, color="0.3", lw=0.8, ls="--", zorder=0)
    counts = table["collection"].value_counts()
    panel.set_yticks(range(len(names)), [f"{name}\n{counts[name]:,} properties" for name in names])
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
            f"result must be that of fe.tl.classify_genes, or its table, not "
            f"{type(result).__name__}."
        )
    for column in ("collection", metric, control):
        require_key(column, table.columns, "column of the table")
    if table.empty:
        raise ValueError("the table holds no property, so there is nothing to draw.")
    return table


def _by_median(table: pd.DataFrame, metric: str) -> list[str]:
    """Return the collections, the best last, which is drawn on top."""
    return list(table.groupby("collection", sort=False)[metric].median().sort_values().index)


def _half(ax: Axes, values: np.ndarray, row: int, side: int, colour: str) -> None:
    """Draw one half of a row: points, their distribution and a tick at the median."""
    if len(values) >= ENOUGH and np.ptp(values) > 0:
        drawn = ax.violinplot(
            values, [row], orientation="horizontal", widths=0.84, showextrema=False,
            side="high" if side > 0 else "low",
        )  # fmt: skip
        bodies: Sequence[object] = drawn["bodies"]  # type: ignore[assignment]
        for body in bodies:
            body.set(facecolor=colour, edgecolor="none", alpha=0.35)  # type: ignore[attr-defined]
    # The same places every time, in no order that the eye can see.
    spread = (np.arange(len(values)) * 0.618034) % 1
    few = len(values) < 200
    ax.plot(
        values, row + side * (0.03 + 0.15 * spread), "o", color=colour, mew=0, rasterized=True,
        ms=3 if few else 1.6, alpha=0.7 if few else 0.35,
    )  # fmt: skip
    ax.plot([np.median(values)] * 2, [row + side * 0.02, row + side * 0.4], color="0.15", lw=1.5)


def _legend(ax: Axes, metric: str) -> None:
    below = "labels shuffled" if metric == "auroc" else "base rate"
    handles = [
        Line2D([], [], color=PLAIN, marker="o", ls="", ms=4, label="measured"),
        Line2D([], [], color=GREY, marker="o", ls="", ms=4, label=below),
        Line2D([], [], color="0.15", marker="|", ls="", ms=9, mew=1.5, label="median"),
    ]
    ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.03, 1),
        borderaxespad=0,
        frameon=False,
        fontsize=SMALL,
        handletextpad=0.2,
    )
