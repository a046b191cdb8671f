"""What latent vectors take of the genes of samples, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from .._access.attended import Attended, attended, positions
from .._access.samples import as_listed, groups
from .._core.errors import require_whole
from .._core.keys import DEFAULT_KEY
from ..evaluation.strongest import by_column, strongest
from ._axes import SMALL, colour_bar, finish, make_room, panels, per_row
from ._colors import numbers_map, require_cmap
from ._rows import line, most_lines
from ._text import lines_of

MOST = 100  # genes whose names can still be read
TICK = 5  # every so many latent vectors have their number below, if there are many


def attention(
    adata: AnnData,
    samples: str | Sequence[str] | None = None,
    genes: str | Sequence[str] | None = None,
    *,
    groupby: str | None = None,
    n_genes: int = 25,
    reference: AnnData | str | Path | None = None,
    layer: str | None = None,
    key: str = DEFAULT_KEY,
    ncols: int | None = None,
    cmap: str | Colormap | None = None,
    vmax: float | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw how much latent vectors take of genes, as a heat map of means over samples.

    Rows are genes, those first of which the first latent vector takes most, then those of the
    second, and so on; columns are latent vectors. All panels have the same rows and colours.

    Parameters
    ----------
    adata
        Trained by ``tl.train(counts, "exceiver")``, which may have lost samples since; or, with a
        `reference`, new samples.
    samples
        A sample by name, or several, whose mean is drawn; all by default.
    genes
        Genes to draw, 100 at most; by default the `n_genes` of which any latent vector takes most
        in any panel.
    groupby
        A column of ``adata.obs`` that names groups: a panel for each, in their order. Samples
        without a group are left out.
    n_genes
        How many genes are drawn, if `genes` does not say which.
    reference
        For new samples: the AnnData that was trained, or its path. Genes are found by name.
    layer
        Read the counts from this layer; by default those that were trained on, and of new samples
        ``adata.X``.
    key
        The `key_added` of the training, ``"exceiver"`` if none was given.
    ncols
        Panels per row; by default at most 4.
    cmap
        Colour map; by default ``"viridis"``, on dark paper without its dark end.
    vmax
        Upper end of the colour scale, in per cent; by default the greatest value.
    ax
        Where to draw a single panel. It shrinks to make room for the colour bar.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        The Axes, or for several groups an array of them, (n_groups,). Nothing is written.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or there is no such sample, gene, column or layer.
    ValueError
        If the model is of a family that does not attend, no sample is left, or an argument is out
        of range.
    TypeError
        If `groupby` holds numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import anndata as ad
    >>> import fe_anndata as fe
    >>> draw = np.random.default_rng(0)
    >>> counts = ad.AnnData(draw.poisson(draw.gamma(1.0, 2.0, 50), (40, 50)).astype(np.float32))
    >>> few = dict(sample_dim=4, width=8, latents=2, heads=2, steps=5, progress=False)
    >>> fe.tl.train(counts, "exceiver", **few)
    >>> ax = fe.pl.attention(counts, n_genes=10, key="exceiver")
    >>> ax.get_xlabel(), len(ax.get_yticklabels())
    ('latent vector', 10)
    """
    require_cmap(cmap)
    _require_end(vmax)
    source = attended(adata, key, reference, layer)
    titles, members = _panels_of(adata, samples, groupby)
    names = adata.var_names[source.columns]
    chosen = None if genes is None else positions(genes, names, "trained gene")
    _require_number(n_genes if chosen is None else len(chosen))
    means = _means(source, members)
    if chosen is None:
        chosen = strongest(means, n_genes)
    shown = 100 * means[:, by_column(means, chosen)]
    labels = list(map(lines_of, names[by_column(means, chosen)]))
    most = float(shown.max()) if vmax is None else vmax
    if not most > 0:
        raise ValueError(
            f"the colour scale is to end at {most:g}: give a greater vmax, or genes with counts."
        )
    ncols = per_row(len(titles), ncols)
    height = line() * most_lines(labels) * len(labels)
    size = (max(1.0, 0.09 * shown.shape[2]), max(1.2, height))
    drawn = panels(len(titles), ncols, ax, show, size)
    for i, (panel, title, values) in enumerate(zip(drawn, titles, shown, strict=True)):
        colours = numbers_map(panel, cmap)
        image = panel.imshow(
            values, cmap=colours, vmin=0, vmax=most, interpolation="nearest", aspect="auto"
        )
        first = i % min(ncols, len(titles)) == 0
        panel.set_yticks(range(len(labels)), labels if first else [])
        _number(panel, values.shape[1])
        panel.tick_params(length=0, labelsize=SMALL)
        panel.grid(False)
        panel.spines[:].set_visible(False)
        below = i + ncols >= len(titles)
        panel.set_xlabel("latent vector" if below else "", fontsize=SMALL)
        if title:
            panel.set_title(lines_of(title, 18), fontsize=SMALL)
        if i == min(ncols, len(titles)) - 1:
            colour_bar(panel, image, "mean attention, %")
    make_room(drawn, ncols, own=ax is None)
    return finish(drawn, ax is None, show)


def _panels_of(
    adata: AnnData, samples: str | Sequence[str] | None, groupby: str | None
) -> tuple[list[str], list[np.ndarray]]:
    """Return the title of each panel, and which samples it is of."""
    rows = np.arange(adata.n_obs)
    if samples is not None:
        rows = positions(samples, adata.obs_names, "sample")
    if not len(rows):
        raise ValueError("there is no sample to look at: adata has no rows.")
    if groupby is None:
        return [adata.obs_names[rows[0]] if len(rows) == 1 else ""], [rows]
    found = groups(adata.obs, groupby)
    codes = np.asarray(found.codes)[rows]
    places = {name: code for code, name in enumerate(found.categories)}
    present = {name: rows[codes == places[name]] for name in as_listed(found)}
    present = {name: members for name, members in present.items() if len(members)}
    if not present:
        raise ValueError(f"none of the samples has a group in adata.obs[{groupby!r}].")
    return list(present), list(present.values())


def _require_number(n: int) -> None:
    require_whole(n, "n_genes")
    if not 1 <= n <= MOST:
        raise ValueError(
            f"{n} genes are to be drawn: give 1 to {MOST}, by genes or n_genes, so that their "
            "names can be read."
        )


def _require_end(vmax: object) -> None:
    if isinstance(vmax, bool) or not isinstance(vmax, int | float | np.number | None):
        raise TypeError(f"vmax must be a number, in per cent, not {vmax!r}.")


def _means(source: Attended, members: list[np.ndarray]) -> np.ndarray:
    """Return the mean weights of some sets of samples, (sets, genes, latents)."""
    of_sample = np.full(source.rows.shape[0], -1)
    for i, rows in enumerate(members):
        of_sample[rows] = i
    sums = None
    for sample, genes, weights in source.each(np.flatnonzero(of_sample >= 0)):
        if sums is None:
            sums = np.zeros((len(members), len(source.columns), weights.shape[1]))
        sums[of_sample[sample], genes] += weights
    assert sums is not None  # there is a sample
    means: np.ndarray = sums / np.array([len(rows) for rows in members])[:, None, None]
    return means


def _number(panel: Axes, n: int) -> None:
    """Write the numbers of latent vectors below a panel, from 1 on."""
    shown = range(n) if n <= TICK else [0, *range(TICK - 1, n, TICK)]
    panel.set_xticks(list(shown), [str(i + 1) for i in shown])
