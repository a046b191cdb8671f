"""A sum of genes in a plane, with the genes nearest to it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from .._access.genes import gene_space
from .._core.keys import DEFAULT_KEY
from ..genespace import GeneSpace
from ..genespace.arithmetic import parse
from ._axes import SMALL, finish, make_room, markers_beside, panels
from ._colors import FEW
from ._gene_points import equal_scale, pie, side_lengths
from ._names import AREA, write_beside
from ._plane import around
from ._text import ink, lines_of, paper

KINDS = {"added": FEW[0], "subtracted": FEW[6], "answer": FEW[4]}
STYLE: dict[str, Any] = {"linestyle": "", "markersize": 6.5}
ARROW: dict[str, Any] = {
    "arrowstyle": "-|>",
    "linewidth": 1.1,
    "mutation_scale": 12,
}


class Sum(NamedTuple):
    """A sum of genes with its answers; for the cosine, all vectors have unit length."""

    genes: list[str]  # first those of the expression, then the answers
    vectors: NDArray[np.float64]  # (n_genes, gene_dim)
    weights: NDArray[np.float64]  # of the genes of the expression
    total: NDArray[np.float64]  # (gene_dim,)
    similarities: list[float]  # of the answers to the sum

    @property
    def analogy(self) -> tuple[int, int, int] | None:
        """The positions of a, b and c, if the sum is b - a + c."""
        if sorted(self.weights) != [-1, 1, 1]:
            return None
        a = int(np.argmin(self.weights))
        b = a - 1 if a else 1
        return a, b, 3 - a - b


def gene_arithmetic(
    adata: AnnData,
    expression: str,
    n: int = 1,
    *,
    key: str = DEFAULT_KEY,
    metric: str = "cosine",
    gene_symbols: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw the genes of a signed sum, the sum, and the genes nearest to it.

    Every gene is as far from the sum as its vector is, so that the first answer is the nearest and
    the others follow in their order (for the dot product, which is no distance, only about so).
    Between genes, distances are kept as well as a plane can; how well is said below the panel. For
    an analogy ``"a:b::c:?"`` or a sum ``"b - a + c"``, arrows go from a to b and from c to the
    first answer. In a perfect analogy they are parallel and equally long.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read, float (n_vars, gene_dim), and nothing else is needed.
    expression
        A sum or an analogy of genes, as for :func:`fe_anndata.tl.gene_arithmetic`.
    n
        The most answers that are drawn.
    key
        The `key_added` of the training.
    metric
        ``"cosine"``, ``"euclidean"``, ``"dot"`` or ``"whitened"``; see
        :func:`fe_anndata.tl.similar_genes`. For the cosine, which compares directions only, all
        vectors and their sum are drawn at unit length; so are whitened ones.
    gene_symbols
        A column of ``adata.var`` whose names can be used as well as ``adata.var_names``.
    ax
        The matplotlib Axes to draw into; by default those of a new figure.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        The name of each answer is followed by its similarity to the sum. Nothing is written.

    Raises
    ------
    KeyError
        For unknown genes, with near matches, or if there are no such vectors.
    ValueError
        If the expression cannot be read (the message says where), a name is ambiguous, no gene is
        left to be an answer, `n` or `metric` is out of range, or, for the cosine, the sum is zero.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.pl.gene_arithmetic(adata, "CD79A:HLA-DRA::LYZ:?").get_title()
    'CD79A:HLA-DRA::LYZ:?'
    """
    sum_ = solved(gene_space(adata, key, gene_symbols), expression, n, metric)
    seen = around(sum_.vectors, sum_.total)
    points, total = seen.points, np.zeros(2)
    every = np.vstack([points, total])
    (panel,) = panels(1, 1, ax, show, side_lengths(every))
    panel.set(xticks=[], yticks=[])
    panel.set_xlabel(
        f"distances from the sum are true,\nthose between genes are kept to {seen.kept:.0%}",
        fontsize=SMALL,
    )
    panel.set_title(lines_of(expression, 40))
    kinds = ["added" if weight > 0 else "subtracted" for weight in sum_.weights]
    kinds += ["answer"] * len(sum_.similarities)
    _legend(panel, kinds)
    make_room([panel], 1, own=ax is None)
    equal_scale(panel, every)
    arrows = _draw_arrows(panel, points, total, sum_)
    panel.scatter(
        total[0],
        total[1],
        marker="X",
        s=1.6 * AREA,
        color=ink(panel),
        zorder=3,
        edgecolors=paper(panel),
    )
    for point, kind in zip(points, kinds, strict=True):
        pie(panel, point[0], point[1], [KINDS[kind]])
    write_beside(panel, points, _names(sum_), every, arrows)
    finish([panel], ax is None, show)
    return panel


def solved(space: GeneSpace, expression: str, n: int, metric: str) -> Sum:
    """Return a sum with its answers; the same gene under two names is one.

    Raises
    ------
    KeyError, ValueError
        As :meth:`.GeneSpace.arithmetic`, or if no gene is left to be an answer.
    """
    answers = space.arithmetic(expression, n, metric)
    if not len(answers):
        raise ValueError("the expression contains all genes, so there is no answer to draw.")
    parsed = parse(expression, space.table)
    by_position: dict[int, float] = {}  # two names of the expression may be the same gene
    for position, weight in zip(space.positions(list(parsed)), parsed.values(), strict=True):
        by_position[int(position)] = by_position.get(int(position), 0.0) + weight
    inputs = [position for position, weight in by_position.items() if weight]
    weights = np.array([by_position[position] for position in inputs])
    ids = answers["gene"] if "id" not in answers else answers["id"]
    found = (space.names if space.ids is None else space.ids).get_indexer(ids)
    positions = np.array([*inputs, *found])
    seen, plain = space.seen_by(metric)
    vectors = seen.vectors[positions].astype(np.float64)
    if plain == "cosine":
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)
    total = weights @ vectors[: len(inputs)]
    if plain == "cosine":
        total /= np.linalg.norm(total)
    return Sum(
        list(space.names[positions]), vectors, weights, total, answers["similarity"].tolist()
    )


def _names(sum_: Sum) -> list[str]:
    """Return the text beside each gene: its name, and its weight or similarity."""
    n = len(sum_.weights)
    parts = [
        gene if abs(weight) == 1 else f"{abs(weight):g} * {gene}"
        for gene, weight in zip(sum_.genes[:n], sum_.weights, strict=True)
    ]
    answers = zip(sum_.genes[n:], sum_.similarities, strict=True)
    return parts + [f"{gene} ({similarity:.2f})" for gene, similarity in answers]


def _draw_arrows(
    ax: Axes, points: NDArray[np.float64], total: NDArray[np.float64], sum_: Sum
) -> NDArray[np.float64]:
    """Draw the arrows of an analogy, or lines from the genes to the sum; return points on them."""
    if sum_.analogy:
        a, b, c = sum_.analogy
        ways = [(points[a], points[b]), (points[c], points[3])]
        for start, end in ways:
            ax.annotate("", end, start, arrowprops={**ARROW, "color": ink(ax, 0.65)}, zorder=2)
    else:
        ways = [(point, total) for point in points[: len(sum_.weights)]]
        for start, end in ways:
            ax.plot(*np.transpose([start, end]), color=ink(ax, 0.25), linewidth=0.9, zorder=1)
    steps = np.linspace(0, 1, 40)[:, None]
    return np.vstack([start + steps * (end - start) for start, end in ways])


def _legend(ax: Axes, kinds: list[str]) -> None:
    handles = [
        Line2D([], [], marker="o", color=color, label=kind, **STYLE)
        for kind, color in KINDS.items()
        if kind in kinds
    ]
    edge: dict[str, Any] = {"markeredgecolor": paper(ax), "markeredgewidth": 0.6}
    total = Line2D([], [], marker="X", color=ink(ax), label="the sum", **STYLE, **edge)
    markers_beside(ax, [*handles, total])
