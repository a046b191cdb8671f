"""The genes nearest to a gene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes

from .._access.genes import as_list, gene_space
from .._core.keys import DEFAULT_KEY
from ._axes import finish, make_room, panels
from ._colors import PLAIN
from ._text import ink, lines_of


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
) -> Axes:
    """Draw the genes most similar to a gene, or to the centroid of several.

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
        ``"cosine"``, ``"euclidean"`` (minus the distance) or ``"dot"``.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``, and are
        drawn.
    ax
        The matplotlib Axes to draw into; by default those of a new figure.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        The most similar gene is at the top. The scale covers the similarities drawn and may not
        include 0. Nothing is written.

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
    panel = panels(1, 1, ax, show, (3.6, 0.1 + 0.24 * len(table)))[0]
    rows = np.arange(len(table))
    # Lines across the row in place of bars, which would have to start at 0.
    panel.hlines(
        rows, 0, 1, transform=panel.get_yaxis_transform(), color=ink(panel, 0.15), linewidth=0.8
    )
    panel.plot(table["similarity"], rows, "o", color=PLAIN)
    panel.set_yticks(rows, list(map(lines_of, table["gene"])))
    title = lines_of(f"most similar to {_short(genes)}", 40)
    panel.set(xlabel=f"similarity ({metric})", title=title)
    panel.margins(x=0.1)
    panel.set_ylim(len(table) - 0.5, -0.5)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)
    make_room([panel], 1, own=ax is None)
    finish([panel], ax is None, show)
    return panel


def _short(genes: str | Sequence[str]) -> str:
    names = [genes] if isinstance(genes, str) else list(genes)
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown}, ... ({len(names)} genes)"
