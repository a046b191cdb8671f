"""Genes that set groups of samples apart, as dots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.lines import Line2D

from .._access.samples import as_listed
from .._core.errors import near, require_key, require_positive
from ._axes import SMALL, colour_bar, finish, legend_below, make_room, panels
from ._colors import require_cmap
from ._rows import line, most_lines
from ._shades import differences_map
from ._short import shortened
from ._text import ink, lines_of

MOST = 100  # genes whose names can still be read
ROW, COLUMN = 0.19, 0.24  # inches for a gene and for a group, or more where letters need it
WIDEST = 10.0  # inches: a panel of more groups has its columns as near as letters allow
WORDS = 40  # letters in a line of the name of a group
LARGEST = 11.0  # points across, of the dot of a gene that tells all samples apart
COLUMNS = ["group", "names", "scores", "difference_predicted", "auc"]


def markers(
    table: pd.DataFrame,
    *,
    n_genes: int = 4,
    genes: Sequence[str] | None = None,
    cmap: str | Colormap | None = None,
    vmax: float | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw how genes set groups apart: a dot for each gene and group.

    The colour is the difference that the model predicts, in units of the matrix: red where the gene
    is higher in the group than in what it was compared with, blue where it is lower. The size is
    how well observed values tell the group from the others: the distance of the AUC from 0.5.

    Parameters
    ----------
    table
        The table that :func:`fe_anndata.tl.markers` returned. A gene that was cut from the table
        of a group has no dot there, so let it have all genes.
    n_genes
        So many genes of each group, those of the highest scores. A gene of several groups is drawn
        once, beside those of the first of them.
    genes
        The genes to draw instead, in this order.
    cmap
        Colour map, whose middle is 0; by default blue and red beside the colour of the page.
    vmax
        Difference at the ends of the colour scale; by default the greatest that is drawn.
    ax
        Where to draw. It shrinks to make room for the colour bar, unless its figure has a layout
        engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        Genes are rows and groups are columns, in the order of the table; an alphabetical one
        becomes the natural one, with 2 before 10. Nothing is written.

    Raises
    ------
    KeyError
        If the table lacks a column or a gene.
    ValueError
        If there is nothing to draw, or more than 100 genes, the table holds several comparisons of
        a group, or an argument is out of range.
    TypeError
        If `table` is no DataFrame, or an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> table = fe.tl.markers(adata, "bulk_labels")
    >>> ax = fe.pl.markers(table, genes=["CD79A", "CD3D", "LYZ"])
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['CD79A', 'CD3D', 'LYZ']
    """
    _require_table(table)
    require_cmap(cmap)
    groups = list(dict.fromkeys(table["group"]))
    groups = as_listed(pd.Categorical(groups, categories=groups))
    names = _genes_of(table, groups, n_genes) if genes is None else _known(table, genes)
    if not 1 <= len(names) <= MOST:
        raise ValueError(
            f"{len(names)} genes are to be drawn: choose 1 to {MOST}, by n_genes or genes, so that "
            "their names can be read."
        )
    shown = table[table["names"].isin(names) & table["auc"].notna()]
    if shown.empty:
        raise ValueError("the table has no AUC of these genes, so there is nothing to draw.")
    limit = float(shown["difference_predicted"].abs().max()) if vmax is None else vmax
    if not limit > 0:
        raise ValueError(f"the colour scale is to end at {limit:g}: give a vmax above 0.")
    titles, labels = shortened(groups, WORDS), list(map(lines_of, names))
    column = max(most_lines(titles) * line(), min(COLUMN, WIDEST / len(groups)))
    row = max(most_lines(labels) * line(), ROW)
    size = (max(1.2, column * len(groups)), max(1.8, row * len(names)))
    (panel,) = panels(1, 1, ax, show, size)
    drawn = panel.scatter(
        [groups.index(group) for group in shown["group"]],
        [names.index(name) for name in shown["names"]],
        s=_points(shown["auc"].to_numpy()) ** 2,
        c=shown["difference_predicted"],
        cmap=differences_map(panel, cmap),
        vmin=-limit,
        vmax=limit,
        edgecolors=ink(panel, 0.4),
        linewidths=0.5,
    )
    _name_axes(panel, titles, labels)
    colour_bar(panel, drawn, "predicted difference")
    handles = [
        Line2D([], [], ls="", marker="o", color=ink(panel, 0.5), label=label, ms=_points(auc))
        for label, auc in (("AUC 0.6 or 0.4", 0.6), ("0.8 or 0.2", 0.8), ("1 or 0", 1.0))
    ]
    legend_below(panel, handles)
    make_room([panel], 1, own=ax is None)
    finish([panel], ax is None, show)
    return panel


def _require_table(table: pd.DataFrame) -> None:
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"table must be the DataFrame of fe.tl.markers, not {type(table).__name__}."
        )
    for column in COLUMNS:
        require_key(column, table.columns, "column of the table")
    if table.duplicated(["group", "names"]).any():
        raise ValueError(
            "the table holds a gene of a group more than once: draw one comparison at a time."
        )


def _genes_of(table: pd.DataFrame, groups: Sequence[str], n_genes: int) -> list[str]:
    """Return the genes of the highest scores of each group, in the order of the groups."""
    require_positive(n_genes, "n_genes")
    best = table[table["scores"] > 0].sort_values("scores", ascending=False, kind="stable")
    by_group = dict(list(best.groupby("group", sort=False)))
    ordered = [by_group[group] for group in groups if group in by_group]
    return list(dict.fromkeys(name for rows in ordered for name in rows["names"][:n_genes]))


def _known(table: pd.DataFrame, genes: Sequence[str]) -> list[str]:
    if isinstance(genes, str):
        raise TypeError(f"genes must be a list, such as [{genes!r}].")
    known = set(table["names"])
    for name in genes:
        if name not in known:
            raise KeyError(f"no gene {name!r} in the table: {near(name, known)}")
    return list(dict.fromkeys(genes))


def _points(auc: np.ndarray | float) -> np.ndarray:
    """Return the diameter of the dot of an AUC; its area grows with the distance from 0.5."""
    found: np.ndarray = LARGEST * np.sqrt(np.abs(2 * np.asarray(auc) - 1))
    return found


def _name_axes(panel: Axes, groups: list[str], names: list[str]) -> None:
    panel.set_xticks(range(len(groups)), groups, rotation=90)
    panel.set_yticks(range(len(names)), names)
    panel.xaxis.tick_top()
    panel.tick_params(length=0, labelsize=SMALL)
    panel.set_xlim(-0.6, len(groups) - 0.4)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.spines[:].set_visible(False)
    panel.grid(color=ink(panel, 0.12), linewidth=0.6)
    panel.set_axisbelow(True)
