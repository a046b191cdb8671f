"""How dense the samples lie, for pictures of more samples than can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap
from numpy.typing import NDArray

from .._access.samples import as_listed, coordinates
from .._access.samples import groups as sample_groups
from .._core.errors import require_choice, require_key
from ._axes import bare, finish, make_room, most, panels, per_row, shared_colour_bar
from ._colors import numbers_map, require_cmap
from ._hexagons import Extent, extent_of, hexagons, require_bins
from ._smooth import smooth
from ._text import ink, lines_of

PIXELS = 200  # along each axis of the smooth raster
PADS = {"hex": 0.05, "smooth": 0.1}  # margins around the points, as a share of their range
FAINTEST = 0.01  # as a share of the greatest density; less is left in the colour of the page
GROUND = 0.11  # the grey of the samples of all groups: this share of ink on the paper
FRAME = 0.4  # and that of the frame of a panel
BINS = (40, 90)  # the fewest and most hexagons by default
MOST = 40  # panels that can still be read


def density(
    adata: AnnData,
    *,
    basis: str = "fe",
    groupby: str | None = None,
    groups: str | Sequence[str] | None = None,
    kind: Literal["hex", "smooth"] = "hex",
    bins: int | None = None,
    dimensions: Sequence[int] = (0, 1),
    cmap: str | Colormap | None = None,
    log: bool = True,
    ncols: int | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw how dense the samples lie, for all of them or one panel per group.

    All panels have the same limits and the same colour scale. Faint grey shows where the samples
    of all groups lie.

    Parameters
    ----------
    adata
        Samples by genes; ``obsm["X_" + basis]`` (or ``obsm[basis]``) is read.
    basis
        Name of the embedding.
    groupby
        Column of ``adata.obs`` that names groups.
    groups
        The groups to draw, by default all that have samples.
    kind
        ``"hex"`` counts samples in hexagons; ``"smooth"`` is a density relative to its maximum in
        the group, which is the finer the denser the samples lie. (That of
        :func:`fe_anndata.tl.embedding_density` is equally fine everywhere, as Scanpy's is.)
    bins
        Hexagons along the first axis; by default 40, and up to 90 for very many samples.
    dimensions
        Two columns of the embedding, counted from 0.
    cmap
        Colour map; by default ``"viridis"``, on dark paper without its dark end.
    log
        Whether colours follow the logarithm of the density.
    ncols
        Panels per row; by default as many as make the picture about square, and at most six.
    ax
        Where to draw a single panel. It shrinks to make room for the colour bar, unless its
        figure has a layout engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        The Axes, or for several panels an array of them, (n_panels,). Nothing is written.

    Raises
    ------
    KeyError
        If the embedding, the column or a group does not exist.
    ValueError
        If an argument is out of range, there is nothing to draw, or there are more than 40 groups
        and `groups` does not choose among them.
    TypeError
        If the column holds numbers.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> axes = fe.pl.density(adata, basis="umap", groupby="phase")
    >>> [ax.get_title() for ax in axes]
    ['G1 (n = 501)', 'G2M (n = 17)', 'S (n = 182)']
    """
    require_choice(kind, ["hex", "smooth"], "kind")
    if bins is not None:
        require_bins(bins)
    require_cmap(cmap)
    points = coordinates(adata, basis, dimensions)
    finite = np.asarray(np.isfinite(points).all(axis=1))
    if not finite.any():
        raise ValueError("no sample has coordinates, so there is nothing to draw.")
    members = _members(adata, groupby, groups, finite)
    points = points[finite]
    ncols = per_row(len(members), ncols, most=6)
    axes = panels(len(members), ncols, ax, show, (2.6, 2.6) if groupby else (4.0, 4.0))

    extent = extent_of(points, PADS[kind])
    bins = int(np.clip(len(points) ** 0.4, *BINS)) if bins is None else bins
    cmap = numbers_map(axes[0], cmap)
    mappables = []
    for i, (panel, (title, member)) in enumerate(zip(axes, members, strict=True)):
        bare(panel, basis, dimensions)
        if i % ncols:  # axes are named once a row and once a column
            panel.set_ylabel("")
        if i + ncols < len(axes):
            panel.set_xlabel("")
        panel.spines[:].set_color(ink(panel, FRAME))
        panel.set(xlim=extent[:2], ylim=extent[2:])
        panel.set_title(title, fontsize="medium")
        if groupby:
            ground = ListedColormap([ink(panel, GROUND)])
            hexagons(panel, points, max(bins, 60), extent, cmap=ground)
        if kind == "hex":
            mappables.append(hexagons(panel, points[member], bins, extent, cmap=cmap))
        else:
            mappables.append(_smooth(panel, points[member], extent, cmap=cmap))
    if kind == "hex":
        label, scale = "samples per hexagon", (1.0, most(mappables))
    else:
        label, scale = "density / its maximum", (FAINTEST, 1.0)
    shared_colour_bar(axes[min(ncols, len(axes)) - 1], mappables, label, scale, log)
    make_room(axes, ncols, own=ax is None)
    return finish(axes, ax is None, show)


def _members(
    adata: AnnData,
    groupby: str | None,
    groups: str | Sequence[str] | None,
    finite: NDArray[np.bool_],
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the title of every panel, and which of the finite samples it shows."""
    if groupby is None:
        if groups is not None:
            raise ValueError("groups needs groupby, the column of adata.obs that names them.")
        return [("", np.ones(int(finite.sum()), dtype=bool))]
    labels = sample_groups(adata.obs, groupby)[finite]
    present = [c for c in as_listed(labels) if (labels == c).any()]
    if groups is None:
        groups = present
    groups = [groups] if isinstance(groups, str) else [str(g) for g in groups]
    if not groups:
        raise ValueError(f"no group to draw: {groupby!r} has no group with samples, or groups=[].")
    if len(groups) > MOST:
        raise ValueError(
            f"{groupby!r} has {len(groups)} groups, and at most {MOST} panels can be read: choose "
            f"them, for example groups={groups[:3]}."
        )
    for group in groups:
        require_key(group, present, f"group with samples in adata.obs[{groupby!r}],")
    members = {g: np.asarray(labels == g) for g in groups}
    return [(f"{lines_of(g, 26)} (n = {m.sum():,})", m) for g, m in members.items()]


def _smooth(ax: Axes, points: NDArray[np.float64], extent: Extent, **style: Any) -> ScalarMappable:
    x, y = np.linspace(*extent[:2], PIXELS), np.linspace(*extent[2:], PIXELS)
    raster = smooth(points, extent, PIXELS)
    raster /= raster.max()
    return ax.pcolormesh(x, y, np.ma.masked_less(raster, FAINTEST), rasterized=True, **style)
