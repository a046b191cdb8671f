"""The samples while they were trained, as a moving picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from anndata import AnnData
from matplotlib.animation import FuncAnimation
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from .._core.keys import DEFAULT_KEY
from .._core.random import Rng
from ._axes import SMALL, figure_of, finish, make_room, panels
from ._colors import Palette, require_cmap
from ._moving import moving
from ._text import AS_TYPED, ink

LAST = 1.5  # seconds for which the result is shown


def animate(
    adata: AnnData,
    color: str | None = None,
    *,
    key: str = DEFAULT_KEY,
    dimensions: Sequence[int] = (0, 1),
    layer: str | None = None,
    palette: Palette | None = None,
    cmap: str | Colormap | None = None,
    gene_symbols: str | None = None,
    max_samples: int = 10_000,
    fps: float = 10.0,
    rng: Rng = 0,
    ax: Axes | None = None,
    show: bool | None = None,
) -> FuncAnimation:
    """Return a moving picture of where samples went while they were trained with ``record_every``.

    There is a picture for each record up to the step whose model was kept, and then the result, in
    whose coordinates all of them are; see :func:`fe_anndata.pl.trajectories`.

    Parameters
    ----------
    adata
        Trained with ``record_every``; its samples are those of the training.
    color
        A column of ``adata.obs``, or a gene.
    key
        The `key_added` of the training.
    dimensions
        Two columns of the embedding, counted from 0.
    layer
        Where the expression of a gene is read, instead of ``adata.X``.
    palette
        Colours of the categories, as in :func:`fe_anndata.pl.embedding`.
    cmap
        Colour map of numbers; by default ``"viridis"``, on dark paper without its dark end.
    gene_symbols
        A column of ``adata.var`` whose names of genes can be used as well as ``adata.var_names``.
    max_samples
        The most samples to draw; if there are more, they are chosen at random.
    fps
        Pictures in a second.
    rng
        Seed or numpy Generator of that choice, and of the drawing order.
    ax
        Where to draw. It shrinks to make room for the legend, unless its figure has a layout
        engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    FuncAnimation
        Of matplotlib: ``.save("training.gif")``, or ``"training.mp4"`` where ffmpeg is installed;
        in a notebook ``IPython.display.HTML(animation.to_jshtml())``. The colours of categories are
        written to ``adata.uns["<column>_colors"]`` if nothing is stored there.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or recorded; or there is no such column or gene.
    ValueError
        If the samples are others than those of the training, or an argument is out of range.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=10, record_every=5, progress=False)
    >>> animation = fe.pl.animate(adata, "bulk_labels", show=False)
    >>> animation.save("training.gif", dpi=40)  # doctest: +SKIP
    """
    require_cmap(cmap)
    if isinstance(fps, bool) or not isinstance(fps, int | float | np.number) or not fps > 0:
        raise ValueError(f"fps must be a positive number, not {fps!r}.")
    found = moving(
        adata,
        color,
        key=key,
        dimensions=dimensions,
        layer=layer,
        palette=palette,
        gene_symbols=gene_symbols,
        max_samples=max_samples,
        rng=rng,
    )
    panel = panels(1, 1, ax, show, (4.2, 4.2))[0]
    colors = found.prepare(panel, key, dimensions, cmap)
    area = float(np.clip(40_000 / max(1, len(colors)), 0.5, 16))
    x, y = found.places[-1].T
    points = panel.scatter(x, y, s=area, c=colors, linewidths=0)
    told = panel.text(0.02, 0.98, "", transform=panel.transAxes, va="top", fontsize=SMALL)
    told.set(color=ink(panel), **AS_TYPED)
    make_room([panel], 1, own=ax is None)
    frames = [*range(len(found.steps)), *[len(found.steps) - 1] * round(LAST * fps)]

    def draw(i: int) -> list[Artist]:
        points.set_offsets(found.places[i])
        result = i == len(found.steps) - 1
        told.set_text("result" if result else f"step {found.steps[i]:,}")
        return [points, told]

    animation = FuncAnimation(figure_of(panel), draw, frames=frames, interval=1000 / fps)
    finish([panel], ax is None, show)
    return animation
