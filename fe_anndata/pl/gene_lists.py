"""Lists of genes in a plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._access.genes import gene_space
from .._core.keys import DEFAULT_KEY
from .._core.random import Rng, seed_of
from ..genespace import GeneSpace
from ._axes import finish, make_room, markers_beside, panels
from ._colors import Palette, new_colors
from ._gene_points import equal_scale, pie, side_lengths
from ._names import write_beside
from ._plane import flat

NAMED = 60  # more names cannot be told apart


def gene_lists(
    adata: AnnData,
    lists: Mapping[str, Sequence[str]] | Sequence[Sequence[str]],
    *,
    key: str = DEFAULT_KEY,
    method: str = "pca",
    gene_symbols: str | None = None,
    labels: bool | Sequence[str] | None = None,
    palette: Palette | None = None,
    rng: Rng = 0,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw lists of genes as points in a plane, a colour per list.

    The vectors are brought to unit length first, so that points are near for genes whose cosine
    is high. A gene of several lists is one point in the colours of all of them.

    Parameters
    ----------
    adata
        ``varm[key]`` is read, (n_vars, gene_dim), and nothing else is needed.
    lists
        Genes by the name of their list, or lists without names. A gene that a list repeats counts
        once.
    key
        Name of the vectors.
    method
        ``"pca"`` (principal components of these genes alone), ``"tsne"`` or ``"umap"``, which
        needs the extra ``fe-anndata[umap]``. t-SNE and UMAP need 5 genes; fewer are drawn by
        principal components, with a warning.
    gene_symbols
        A column of ``adata.var`` with names by which genes go, beside ``adata.var_names``.
    labels
        Whether names are written, or the genes whose names are; by default all names, if there
        are at most 60. Names never lie on each other: one without room is left out, with a line
        in the log.
    palette
        Colours of the lists: a list, a mapping from name to colour, or the name of a matplotlib
        colour map.
    rng
        Seed or generator of t-SNE and UMAP.
    ax
        Where to draw.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    The Axes; the legend gives the number of genes of each list, and of those in several. Nothing
    is written.

    Raises
    ------
    KeyError
        For unknown genes, with near matches, or if there are no such vectors.
    ValueError
        If there is no list, a list is empty, there are fewer than two genes, a vector is zero, or
        an argument is out of range.
    TypeError
        If an argument is of the wrong type.
    ImportError
        If `method` is ``"umap"`` and umap-learn is not installed.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> ax = fe.pl.gene_lists(adata, {"B": ["CD79A", "CD79B"], "T": ["CD3D", "CD3E"]})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['B (2)', 'T (2)']
    """
    named = _named(lists)
    space = gene_space(adata, key, gene_symbols)
    at, vectors = space.chosen(list(chain.from_iterable(named.values())))
    if len(at) < 2:
        raise ValueError(f"there is one gene, {space.names[at[0]]!r}: give at least two.")
    members = _members(space, named, at)
    wanted = _wanted(space, labels, at)
    colors = new_colors("lists", list(named), palette)
    points, (x, y) = flat(vectors, method, seed_of(rng))
    (panel,) = panels(1, 1, ax, side_lengths(points))
    panel.set(xticks=[], yticks=[], xlabel=x, ylabel=y)
    _legend(panel, named, members, colors)
    make_room([panel], 1, own=ax is None)
    equal_scale(panel, points)
    for (left, up), of in zip(points, members, strict=True):
        pie(panel, left, up, [colors[i] for i in np.flatnonzero(of)])
    write_beside(panel, points[wanted], list(space.names[at[wanted]]), points)
    finish([panel], ax is None, show)
    return panel


def _named(lists: Mapping[str, Sequence[str]] | Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Return the lists by name."""
    example = 'give lists, such as {"globins": ["HBA1", "HBB"]}'
    if isinstance(lists, str) or not isinstance(lists, (Mapping, Sequence)):
        raise TypeError(f"lists is {type(lists).__name__}: {example}.")
    if not isinstance(lists, Mapping):
        lists = {f"list {i + 1}": genes for i, genes in enumerate(lists)}
    if not lists:
        raise ValueError(f"there is no list of genes: {example}.")
    for name, genes in lists.items():
        if isinstance(genes, str):
            raise TypeError(f"{genes!r} is one gene, where a list of genes belongs: {example}.")
        if not len(genes):
            raise ValueError(f"the list {name!r} is empty; leave it out.")
    return {str(name): list(genes) for name, genes in lists.items()}


def _members(space: GeneSpace, named: dict[str, list[str]], at: np.ndarray) -> np.ndarray:
    """Return which gene is in which list, bool (n_genes, n_lists)."""
    return np.column_stack([np.isin(at, space.positions(genes)) for genes in named.values()])


def _wanted(space: GeneSpace, labels: bool | Sequence[str] | None, at: np.ndarray) -> np.ndarray:
    """Return which genes get a name, bool (n_genes,)."""
    if labels is None or isinstance(labels, bool):
        return np.full(len(at), len(at) <= NAMED if labels is None else labels)
    wanted = np.isin(at, asked := space.positions(labels))
    strange = [name for name, i in zip(labels, asked, strict=True) if i not in at]
    if strange:
        raise ValueError(f"labels names {strange[0]!r}, which is in none of the lists.")
    return wanted


def _legend(
    panel: Axes, named: dict[str, list[str]], members: np.ndarray, colors: Sequence[str]
) -> None:
    """Name the lists, and what a point of several colours is."""
    style: dict[str, Any] = {
        "linestyle": "",
        "marker": "o",
        "markersize": 6.5,
        "markeredgecolor": "none",
    }
    counts = members.sum(axis=0)
    handles = [
        Line2D([], [], color=color, label=f"{name} ({n})", **style)
        for color, name, n in zip(colors, named, counts, strict=True)
    ]
    shared = members[members.sum(axis=1) > 1]
    if len(shared):
        first, second = (colors[i] for i in np.flatnonzero(shared[0])[:2])
        halves: dict[str, Any] = {"fillstyle": "left", "markerfacecoloralt": second}
        label = f"in several lists ({len(shared)})"
        handles.append(Line2D([], [], color=first, label=label, **style, **halves))
    markers_beside(panel, handles)
