"""Shares of samples without an event over time, in groups of risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._core.errors import require_key
from ..evaluation.concordance import c_index, comparable_pairs
from ..evaluation.risk_groups import kaplan_meier, log_rank, risk_groups
from ._axes import SMALL, finish, make_room, markers_beside, panels, per_row
from ._rows import LINE, small
from ._text import AS_TYPED, ink, is_dark, lines_of

if TYPE_CHECKING:
    from ..tl import Survival

COLUMNS = ("basis", "dim", "fold", "within", "time", "event", "risk")
GROUPS = {
    2: {"low": "#0072b2", "high": "#d55e00"},
    3: {"low": "#0072b2", "middle": "#e69f00", "high": "#d55e00"},
    4: {"lowest": "#0072b2", "low": "#009e73", "high": "#e69f00", "highest": "#d55e00"},
}
"""Names and colours of groups of risk, by their number."""
GAP = 15  # points below the axis, beside the letters there: ticks and what is left free


def survival(
    result: Survival | pd.DataFrame,
    *,
    bases: str | Sequence[str] | None = None,
    dims: int | Sequence[int] | None = None,
    n_groups: int = 3,
    within: bool = False,
    ncols: int | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw what share of the samples had no event over time, in groups of their risk.

    The risk is that of :func:`fe_anndata.tl.survival`, by a model that has not seen the sample.
    Groups are of about equal size and are cut inside each fold, since risks of different folds
    have no common scale. Curves are the estimates of Kaplan and Meier with their 95 % intervals.
    The numbers below are those of the samples that are still followed and had no event. Above are
    the c-index of the pairs within a fold (with `within`, of those that also have the
    same value of its column) and the p-value of the log-rank test between the groups. Needs the
    extra ``survival`` (lifelines).

    Parameters
    ----------
    result
        What :func:`fe_anndata.tl.survival` returns, or its ``risks``.
    bases
        Which of its bases are drawn, by default all; one panel for each with each dimension.
    dims
        Which dimensions of embeddings are drawn, by default all.
    n_groups
        Number of groups: 2, 3 or 4.
    within
        Whether groups are cut inside each value of the column `within` too, such as each type of
        cancer, so that they do not differ in it.
    ncols
        Panels per row; by default at most 3, and 2 for four panels.
    ax
        Where to draw a single panel. It shrinks to make room for the legend, unless its figure has
        a layout engine; the numbers below need room, which is left to you.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        The Axes, or an array of them if there are several panels.

    Raises
    ------
    KeyError
        If there is no such basis or dimension, or the table lacks a column.
    ValueError
        If `n_groups` is out of range, or there is nothing to draw.
    TypeError
        If `result` is neither of these.
    ImportError
        If lifelines is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> hazard = np.exp(adata.obsm["factors"][:, 0])
    >>> adata.obs["days"] = 100 * np.random.default_rng(0).exponential(1 / hazard)
    >>> adata.obs["died"] = adata.obs["days"] < 150
    >>> found = fe.tl.survival(adata, "days", "died", bases=["pca"], dims=[2], progress=False)
    >>> fe.pl.survival(found).get_title()
    'pca, 2-D'
    """
    if n_groups not in GROUPS:
        raise ValueError(f"n_groups must be 2, 3 or 4, not {n_groups!r}.")
    table = _checked(result, within)
    drawn = _chosen(table, bases, dims)
    own = ax is None
    ncols = per_row(len(drawn), ncols, 3)
    axes = panels(len(drawn), ncols, ax, show, (3.2, 2.4))
    for i, (panel, rows) in enumerate(zip(axes, drawn, strict=True)):
        _panel(panel, rows, n_groups, within)
        panel.set_ylabel("" if i % ncols else "share without an event")
    colours = GROUPS[n_groups]
    handles = [Line2D([], [], color=c, lw=1.6, label=f"{name} risk") for name, c in colours.items()]
    markers_beside(axes[min(ncols, len(axes)) - 1], handles)
    make_room(axes, ncols, own)
    return finish(axes, own, show)


def _checked(result: Survival | pd.DataFrame, within: bool) -> pd.DataFrame:
    table = getattr(result, "risks", result)  # tl, where Survival is, is no floor below
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"result must be what fe.tl.survival returns, or its risks, not "
            f"{type(result).__name__}."
        )
    for column in COLUMNS:
        require_key(column, table.columns, "column of the table of risks,")
    if table.empty:
        raise ValueError("the table has no sample, so there is nothing to draw.")
    if within and table["within"].fillna("").eq("").all():
        raise ValueError(
            "within=True needs fe.tl.survival(..., within=COLUMN), whose values are not in the "
            "table."
        )
    return table


def _chosen(
    table: pd.DataFrame, bases: str | Sequence[str] | None, dims: int | Sequence[int] | None
) -> list[pd.DataFrame]:
    """Return the rows of each panel."""
    names = table["basis"].unique() if bases is None else np.atleast_1d(bases)
    for name in names:
        require_key(str(name), table["basis"].unique(), "basis in the result,")
    known = table.loc[table["dim"] > 0, "dim"].unique()
    wanted = known if dims is None else np.atleast_1d(dims)
    for dim in wanted:
        require_key(str(dim), map(str, known), "dimension in the result,")
    found = [
        table[(table["basis"] == name) & (table["dim"] == dim)]
        for name in names
        for dim in (0, *wanted)
    ]
    return [rows for rows in found if len(rows)]


def _panel(ax: Axes, rows: pd.DataFrame, n_groups: int, within: bool) -> None:
    """Draw the curves of one model, its numbers and the samples at risk."""
    time, event = rows["time"].to_numpy(dtype=float), rows["event"].to_numpy(dtype=bool)
    risk = rows["risk"].to_numpy(dtype=float)
    by = ["fold", "within"] if within else ["fold"]
    codes = rows.groupby(by, dropna=False).ngroup().to_numpy()
    groups = risk_groups(risk, codes, n_groups)
    faint = 0.3 if is_dark(ax) else 0.15
    for group, colour in enumerate(GROUPS[n_groups].values()):
        if not (groups == group).any():
            continue
        curve = kaplan_meier(time[groups == group], event[groups == group])
        ax.fill_between(
            curve.time, curve.low, curve.high, step="post", color=colour, alpha=faint, lw=0
        )
        ax.step(curve.time, curve.share, where="post", color=colour, lw=1.6)
    ax.set(ylim=(0, 1.02), xlim=(0, time.max()), xlabel="time")
    ax.locator_params(axis="x", nbins=6)
    basis, dim = rows["basis"].iloc[0], rows["dim"].iloc[0]
    title = lines_of(f"{basis}, {dim}-D" if dim else str(basis), 30)
    ax.set_title(title, fontsize="medium", pad=6 + LINE * small())
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    concordance = c_index(comparable_pairs(time, event, codes), risk)
    _above(ax, f"c-index {concordance:.3f}, log-rank {_p(log_rank(time, event, groups))}")
    _at_risk(ax, time, groups, n_groups)


def _above(ax: Axes, text: str) -> None:
    """Write below the title, where no curve is."""
    ax.annotate(
        text, (0.5, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", ha="center",
        fontsize=SMALL, **AS_TYPED,
    )  # fmt: skip


def _p(value: float) -> str:
    """Return a p-value as one says it."""
    if np.isnan(value):
        return "p undefined"
    return f"p = {value:.2g}" if value >= 1e-4 else f"p = {value:.0e}"


def _at_risk(ax: Axes, time: np.ndarray, groups: np.ndarray, n_groups: int) -> None:
    """Write how many samples of each group are still followed, at each tick."""
    ticks = [tick for tick in ax.get_xticks() if 0 <= tick <= time.max()]
    style: dict[str, Any] = {"va": "top", "fontsize": SMALL, "annotation_clip": False}
    style["textcoords"] = "offset points"
    beside = {"xycoords": "axes fraction", "ha": "right", **style}
    row = LINE * small()
    first = GAP + row + LINE * float(ax.xaxis.label.get_fontsize())  # points below the axis
    ax.annotate("at risk", (0, 0), (-16, row - first), color=ink(ax), **beside)
    for group, name in enumerate(GROUPS[n_groups]):
        below = -first - row * group
        ax.annotate(name, (0, 0), (-16, below), color=ink(ax), **beside)
        for tick in ticks:
            left = int(((groups == group) & (time >= tick)).sum())
            ax.annotate(
                f"{left:,}", (tick, 0), (0, below), color=ink(ax), ha="center",
                xycoords=("data", "axes fraction"), **style,
            )  # fmt: skip
    ax.tick_params(labelsize=SMALL)
