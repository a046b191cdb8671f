"""How dense the samples lie, for pictures of more samples than can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap
from numpy.typing import NDArray

from .._access.samples import coordinates
from .._access.samples import groups as sample_groups
from .._core.errors import require_choice, require_key
from ..matrix import density as estimator
from ._axes import bare, finish, make_room, most, panels, shared_colour_bar
from ._colors import require_cmap
from ._hexagons import Extent, extent_of, hexagons, require_bins
from ._text import ink, lines_of

PIXELS = 200  # along each axis of the smooth raster
PADS = {"hex": 0.05, "smooth": 0.3}  # margins around the points, as a share of their range
FAINTEST = 0.01  # as a share of the greatest density; less is left white


def density(
    adata: AnnData,
    *,
    basis: str = "fe",
    groupby: str | None = None,
    groups: str | Sequence[str] | None = None,
    kind: Literal["hex", "smooth"] = "hex",
    bins: int = 30,
    dimensions: Sequence[int] = (0, 1),
    cmap: str | Colormap = "viridis",
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
        ``"hex"`` counts samples in hexagons; ``"smooth"`` is the estimate of
        :func:`fe_anndata.tl.embedding_density`, relative to its maximum in the group.
    bins
        Hexagons along the first axis.
    dimensions
        Two columns of the embedding, counted from 0.
    cmap
        Colour map.
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
        If an argument is out of range, or there is nothing to draw.
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
    require_bins(bins)
    require_cmap(cmap)
    points = coordinates(adata, basis, dimensions)
    finite = np.asarray(np.isfinite(points).all(axis=1))
    if not finite.any():
        raise ValueError("no sample has coordinates, so there is nothing to draw.")
    members = _members(adata, groupby, groups, finite)
    points = points[finite]
    if ncols is None:
        ncols = min(6, math.ceil(math.sqrt(len(members))))
    axes = panels(len(members), ncols, ax, show, (2.6, 2.6) if groupby else (4.0, 4.0))

    extent = extent_of(points, PADS[kind])
    mappables = []
    for i, (panel, (title, member)) in enumerate(zip(axes, members, strict=True)):
        bare(panel, basis, dimensions)
        if i % ncols:  # axes are named once a row and once a column
            panel.set_ylabel("")
        if i + ncols < len(axes):
            panel.set_xlabel("")
        panel.spines[:].set_visible(False)
        panel.set(xlim=extent[:2], ylim=extent[2:])
        panel.set_title(title, fontsize="medium")
        if groupby:
            hexagons(panel, points, bins, extent, cmap=ListedColormap([ink(panel, 0.08)]))
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
    present = [c for c in labels.categories if (labels == c).any()]
    if groups is None:
        groups = present
    groups = [groups] if isinstance(groups, str) else [str(g) for g in groups]
    if not groups:
        raise ValueError(f"no group to draw: {groupby!r} has no group with samples, or groups=[].")
    for group in groups:
        require_key(group, present, f"group with samples in adata.obs[{groupby!r}],")
    members = {g: np.asarray(labels == g) for g in groups}
    return [(f"{lines_of(g, 26)} (n = {m.sum():,})", m) for g, m in members.items()]


def _smooth(ax: Axes, points: NDArray[np.float64], extent: Extent, **style: Any) -> ScalarMappable:
    x, y = np.linspace(*extent[:2], PIXELS), np.linspace(*extent[2:], PIXELS)
    raster = estimator.density_on_grid(points, x, y)
    raster /= raster.max()
    return ax.pcolormesh(x, y, np.ma.masked_less(raster, FAINTEST), rasterized=True, **style)
