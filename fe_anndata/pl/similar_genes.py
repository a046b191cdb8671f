"""The genes nearest to a gene."""

from __future__ import annotations

import math
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes

from .._access.genes import as_list, gene_space
from .._core.keys import DEFAULT_KEY
from ._axes import finish, make_room, panels
from ._colors import PLAIN
from ._rows import line
from ._text import ink, lines_of

ROWS, PER_ROW = 30, 6  # genes in a column, columns side by side


def similar_genes(
    adata: AnnData,
    genes: str | Sequence[str],
    n: int = 10,
    *,
    key: str = DEFAULT_KEY,
    metric: str = "cosine",
    gene_symbols: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw the genes most similar to a gene, or to the centroid of several.

    More than 30 genes go on in further columns, which have one scale.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read, float (n_vars, gene_dim), and nothing else is needed.
    genes
        One gene name or several; several are pooled to the mean of their vectors.
    n
        The most genes that are drawn.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``, ``"euclidean"`` (minus the distance), ``"dot"`` or ``"whitened"``; see
        :func:`fe_anndata.tl.similar_genes`.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``, and are
        drawn.
    ax
        The matplotlib Axes to draw all genes into, in one column; by default those of a new figure.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        The Axes, or an array of those of the columns. The most similar gene is at the top of the
        first. The scale covers the similarities drawn and may not include 0. Nothing is written.

    Raises
    ------
    KeyError
        For unknown genes, with near matches, or if there are no such vectors or names.
    ValueError
        If `n` or `metric` is out of range, a name is ambiguous, or there is no other gene to draw.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.pl.similar_genes(adata, "LYZ", 5).get_title()
    'most similar to LYZ'
    """
    table = gene_space(adata, key, gene_symbols).similar(as_list(genes), n, metric)
    if not len(table):
        raise ValueError("there is no gene to draw.")
    n = math.ceil(len(table) / ROWS) if ax is None else 1
    parts = [table.iloc[rows] for rows in np.array_split(np.arange(len(table)), n)]
    row = max(0.24, line(mpl.rcParams["font.size"]))
    width = 3.6 if len(parts) == 1 else 2.2
    axes = panels(len(parts), PER_ROW, ax, show, (width, 0.1 + row * len(parts[0])))
    title = lines_of(f"most similar to {_short(genes)}", 40)
    best = table["similarity"]
    ends = (best.min(), best.max()) if len(parts) > 1 else ()
    for panel, part in zip(axes, parts, strict=True):
        _column(panel, part, len(parts[0]))
        panel.update_datalim([(end, 0) for end in ends])
        panel.autoscale_view(scaley=False)
        panel.set(xlabel=f"similarity ({metric})")
    axes[0].set_title(title, loc="center" if len(parts) == 1 else "left")
    make_room(axes, PER_ROW, own=ax is None)
    return finish(axes, ax is None, show)


def _column(panel: Axes, table: pd.DataFrame, n_rows: int) -> None:
    """Draw some genes, the best at the top, with room for so many."""
    rows = np.arange(len(table))
    # Lines across the row in place of bars, which would have to start at 0.
    panel.hlines(
        rows, 0, 1, transform=panel.get_yaxis_transform(), color=ink(panel, 0.15), linewidth=0.8
    )
    panel.plot(table["similarity"], rows, "o", color=PLAIN)
    panel.set_yticks(rows, list(map(lines_of, table["gene"])))
    panel.grid(False, axis="y")
    panel.set_axisbelow(True)
    panel.margins(x=0.1)
    panel.set_ylim(n_rows - 0.5, -0.5)
    panel.locator_params(axis="x", nbins=5)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)


def _short(genes: str | Sequence[str]) -> str:
    names = [genes] if isinstance(genes, str) else list(genes)
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown}, ... ({len(names)} genes)"
