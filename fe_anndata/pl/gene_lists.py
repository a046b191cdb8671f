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
from .._core.log import logger
from .._core.random import Rng, global_state_kept, seed_of
from ..genespace import GeneSpace
from ._axes import finish, make_room, markers_beside, panels
from ._colors import Palette, new_colors
from ._gene_points import equal_scale, pie, side_lengths
from ._names import write_beside
from ._plane import flat
from ._text import lines_of

NAMED = 60  # more names cannot be told apart


@global_state_kept()
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

    The vectors are brought to unit length first, so that genes with a high cosine are near each
    other. A gene of several lists is one point in the colours of all of them.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read, float (n_vars, gene_dim), and nothing else is needed.
    lists
        A mapping from the name of a list to its genes, or a sequence of lists. A gene that a list
        repeats counts once.
    key
        The `key_added` of the training.
    method
        ``"pca"`` (principal components of these genes alone), ``"tsne"`` or ``"umap"``, which
        needs the extra ``fe-anndata[umap]``. t-SNE and UMAP need 5 genes; fewer are drawn by
        principal components, with a warning.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``.
    labels
        Whether the names of genes are written, or the genes whose names are written. By default
        these are all of at most 60 genes; of more, those of each list that are nearest to its
        middle, with a line in the log. Names never lie on each other: a name that finds no room is
        left out, with a line in the log too.
    palette
        Colours of the lists: a list, a mapping from name to colour, or the name of a matplotlib
        colour map.
    rng
        Seed, or a numpy Generator, for t-SNE and UMAP.
    ax
        The matplotlib Axes to draw into; by default those of a new figure.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        The legend gives the number of genes of each list, and the number of genes that are in
        several. Nothing is written.

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
    positions, vectors = space.chosen(list(chain.from_iterable(named.values())))
    if len(positions) < 2:
        raise ValueError(f"there is one gene, {space.names[positions[0]]!r}: give at least two.")
    members = _members(space, named, positions)
    labelled = _labelled(space, labels, positions, vectors, members)
    colors = new_colors("lists", list(named), palette)
    points, (x, y) = flat(vectors, method, seed_of(rng))
    (panel,) = panels(1, 1, ax, show, side_lengths(points))
    panel.set(xticks=[], yticks=[], xlabel=x, ylabel=y)
    _legend(panel, named, members, colors)
    make_room([panel], 1, own=ax is None)
    equal_scale(panel, points)
    for point, in_list in zip(points, members, strict=True):
        pie(panel, point[0], point[1], [colors[i] for i in np.flatnonzero(in_list)])
    write_beside(panel, points[labelled], list(space.names[positions[labelled]]), points)
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


def _members(space: GeneSpace, named: dict[str, list[str]], positions: np.ndarray) -> np.ndarray:
    """Return which gene is in which list, bool (n_genes, n_lists)."""
    return np.column_stack([np.isin(positions, space.positions(genes)) for genes in named.values()])


def _labelled(
    space: GeneSpace,
    labels: bool | Sequence[str] | None,
    positions: np.ndarray,
    vectors: np.ndarray,
    members: np.ndarray,
) -> np.ndarray:
    """Return which genes get a name, in the order of their importance."""
    n = len(positions)
    if labels is None and n > NAMED:
        chosen = _typical(vectors, members)
        logger.warning(
            f"the names of {len(chosen)} of {n} genes at most are written, those nearest to the "
            "middle of each list; choose others by labels=[...], or labels=True for all that find "
            "room"
        )
        return chosen
    if labels is None or isinstance(labels, bool):
        return np.arange(n if labels in (None, True) else 0)
    named = space.positions(labels)
    unlisted = np.flatnonzero(~np.isin(named, positions))
    if len(unlisted):
        raise ValueError(f"labels names {labels[unlisted[0]]!r}, which is in none of the lists.")
    return np.flatnonzero(np.isin(positions, named))


def _typical(vectors: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return at most so many genes as can be named, in turn the next of each list."""
    ranks = np.full(members.shape, len(vectors))
    for i, in_list in enumerate(members.T):
        middle = vectors[in_list].mean(axis=0)
        nearest = np.argsort(np.linalg.norm(vectors[in_list] - middle, axis=1), kind="stable")
        ranks[np.flatnonzero(in_list)[nearest], i] = np.arange(len(nearest))
    return np.argsort(ranks.min(axis=1), kind="stable")[:NAMED]


def _legend(
    panel: Axes, named: dict[str, list[str]], members: np.ndarray, colors: Sequence[str]
) -> None:
    """Explain the colours of the lists, and points of several colours."""
    style: dict[str, Any] = {
        "linestyle": "",
        "marker": "o",
        "markersize": 6.5,
        "markeredgecolor": "none",
    }
    counts = members.sum(axis=0)
    handles = [
        Line2D([], [], color=color, label=lines_of(f"{name} ({n})"), **style)
        for color, name, n in zip(colors, named, counts, strict=True)
    ]
    in_several = members[members.sum(axis=1) > 1]
    if len(in_several):
        first, second = (colors[i] for i in np.flatnonzero(in_several[0])[:2])
        halves: dict[str, Any] = {"fillstyle": "left", "markerfacecoloralt": second}
        label = f"in several lists ({len(in_several)})"
        handles.append(Line2D([], [], color=first, label=label, **style, **halves))
    markers_beside(panel, handles)
