"""Predicted expression against observed expression."""

from __future__ import annotations

from typing import Literal

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .._core.errors import require_choice
from .._core.keys import DEFAULT_KEY
from .._core.random import Rng, seed_of
from .._core.renamed import renamed
from ._axes import SMALL, finish, make_room, most, panels, shared_colour_bar
from ._colors import numbers_map
from ._entries import observed_and_predicted
from ._text import AS_TYPED, ink, paper

TITLES = {
    "validation": "held-out entries of the matrix",
    "all": "all entries of the matrix, fitted ones included",
}


@renamed(cells="entries", max_cells="max_entries")
def reconstruction(
    adata: AnnData,
    *,
    key: str = DEFAULT_KEY,
    entries: Literal["validation", "all"] = "validation",
    max_entries: int = 200_000,
    rng: Rng = 0,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw predicted against observed expression, with Pearson's r and R2.

    Parameters
    ----------
    adata
        A trained AnnData.
    key
        Name of the result.
    entries
        ``"validation"`` for entries of the matrix that were held out of the training, ``"all"``
        for any entries. The title says which.
    max_entries
        The most entries to draw; if there are more, they are chosen at random.
    rng
        Seed or numpy Generator of that choice.
    ax
        Where to draw. It shrinks to make room for the colour bar, unless its figure has a
        layout engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        Both axes are in the units of the matrix. Nothing is written.

    Raises
    ------
    KeyError
        If there is no such result.
    ValueError
        If no entries were held out, or `max_entries` is not positive.
    TypeError
        If `rng` is neither an int nor a numpy Generator.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.pl.reconstruction(adata, entries="all").get_xlabel()
    'observed'
    """
    require_choice(entries, TITLES, "entries")
    if max_entries < 1:
        raise ValueError(f"max_entries must be positive, got {max_entries}.")
    observed, predicted = observed_and_predicted(adata, key, entries, max_entries, seed_of(rng))
    own = ax is None
    panel = panels(1, 1, ax, show, (4.0, 4.0))[0]

    low = float(min(observed.min(), predicted.min()))
    high = float(max(observed.max(), predicted.max()))
    pad = 0.03 * (high - low) or 1.0
    limits = (low - pad, high + pad)
    hexagons = panel.hexbin(
        observed, predicted, gridsize=60, extent=(*limits, *limits), mincnt=1, linewidths=0.2,
        cmap=numbers_map(panel, None),
    )  # fmt: skip
    panel.grid(False)
    panel.axline((low, low), slope=1, color=ink(panel, 0.7), linewidth=0.8, linestyle="--")
    panel.text(
        0.03,
        0.97,
        _agreement(observed, predicted),
        transform=panel.transAxes,
        va="top",
        fontsize=SMALL,
        **AS_TYPED,
        bbox={"facecolor": paper(panel), "edgecolor": "none", "alpha": 0.8},
    )
    panel.set(
        xlim=limits, ylim=limits, xlabel="observed", ylabel="predicted", title=TITLES[entries]
    )
    panel.set_box_aspect(1)
    shared_colour_bar(panel, [hexagons], "entries per hexagon", (1.0, most([hexagons])), log=True)
    make_room([panel], 1, own)
    finish([panel], own, show)
    return panel


def _agreement(observed: NDArray[np.floating], predicted: NDArray[np.floating]) -> str:
    """Return Pearson's r, R2 and the number of entries, as the text in the corner."""
    x, y = observed.astype(np.float64), predicted.astype(np.float64)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return f"r undefined: constant\n{len(x):,} entries"
    r2 = 1 - ((x - y) ** 2).sum() / ((x - x.mean()) ** 2).sum()
    return f"r = {np.corrcoef(x, y)[0, 1]:.3f}\nR² = {r2:.3f}\n{len(x):,} entries"
