"""The similarities of all pairs of some genes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from .._access.genes import gene_space
from .._core.keys import DEFAULT_KEY
from ..genespace.pairwise import by_likeness, pairwise
from ._axes import colour_bar, figure_of, finish, make_room, panels
from ._colors import numbers_map, require_cmap
from ._rows import LINE, letters, line, most_lines, small
from ._shades import differences_map
from ._text import lines_of

MOST = 200  # genes that can still be told apart
SIDES = 2.6, 12.0  # inches: of a matrix of few genes; up to the latter letters stay as they are


def gene_similarity_matrix(
    adata: AnnData,
    genes: Sequence[str],
    *,
    key: str = DEFAULT_KEY,
    metric: str = "cosine",
    gene_symbols: str | None = None,
    order: bool = True,
    cmap: str | Colormap | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw the similarities of all pairs of some genes as a matrix of colours.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read, float (n_vars, gene_dim), and nothing else is needed.
    genes
        1 to 200 gene names; a gene that is repeated is drawn once.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``, ``"euclidean"`` (minus the distance), ``"dot"`` or ``"whitened"``; see
        :func:`fe_anndata.tl.similar_genes`.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``.
    order
        Whether similar genes are put side by side, in the order of the leaves of a tree of average
        linkage. Otherwise they are in the order given.
    cmap
        Colour map; by default from blue through the colour of the page, which is 0, to red, and
        for ``"euclidean"`` viridis.
    vmin, vmax
        Ends of the colour scale. By default they are -1 and 1 for the cosine, plus and minus the
        greatest absolute product for ``"dot"``, and for ``"euclidean"`` minus the greatest
        distance and 0.
    ax
        The matplotlib Axes to draw into; by default those of a new figure.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        The first gene is at the top and on the left. Nothing is written.

    Raises
    ------
    KeyError
        For unknown genes, with near matches, or if there are no such vectors.
    ValueError
        If there is no gene or more than 200, an argument is out of range, or, for
        the cosine, a vector is zero.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> ax = fe.pl.gene_similarity_matrix(adata, ["CD79A", "CD3D", "CD79B"], order=False)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['CD79A', 'CD3D', 'CD79B']
    """
    space = gene_space(adata, key, gene_symbols)
    positions, vectors = space.chosen(genes, metric)
    n = len(positions)
    if not 1 <= n <= MOST:
        raise ValueError(
            f"give 1 to {MOST} genes, so that their names can be read; {n} were given."
        )
    require_cmap(cmap)
    values = pairwise(vectors, metric)
    rows = by_likeness(values) if order else np.arange(n)
    low, high = _scale(values, space.seen_by(metric)[1], vmin, vmax)
    names = list(map(lines_of, space.names[positions[rows]]))
    lines = n * most_lines(names)
    size = letters(lines, SIDES[1])
    side = max(SIDES[0], line(size) * lines)
    (panel,) = panels(1, 1, ax, show, (side, side))
    colours = (numbers_map if metric == "euclidean" else differences_map)(panel, cmap)
    drawn = panel.imshow(
        values[np.ix_(rows, rows)], cmap=colours, vmin=low, vmax=high, interpolation="nearest"
    )
    panel.set_yticks(range(n), names)
    panel.set_xticks(range(n), names, rotation=90)
    panel.tick_params(length=0, labelsize=size)
    panel.grid(False)
    panel.spines[:].set_visible(False)
    colour_bar(panel, drawn, f"similarity ({metric})")
    make_room([panel], 1, own=ax is None)
    if ax is not None:
        panel.tick_params(labelsize=_letters(panel, lines))
    finish([panel], ax is None, show)
    return panel


def _letters(panel: Axes, n: int) -> float:
    """Return the size of letters, in points, at which `n` lines do not touch in a given panel."""
    figure_of(panel).draw_without_rendering()  # the panel is square only then
    box = panel.get_window_extent()
    row: float = min(box.width, box.height) / n / figure_of(panel).dpi * 72
    return min(small(), row / LINE)


def _scale(
    values: np.ndarray, metric: str, vmin: float | None, vmax: float | None
) -> tuple[float, float]:
    greatest = 1.0 if metric == "cosine" else float(np.abs(values).max()) or 1.0
    low = -greatest if vmin is None else vmin
    high = (0.0 if metric == "euclidean" else greatest) if vmax is None else vmax
    if not low < high:
        raise ValueError(f"vmin must be less than vmax, but the scale is {low:g} to {high:g}.")
    return low, high
