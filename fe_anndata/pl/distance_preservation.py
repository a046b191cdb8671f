"""Distances between profiles, against those in embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from .._access.distances import sampled_distances
from .._core.random import Rng, global_state_kept, seed_of
from ..evaluation.distances import of_pairs, preserved, require_neighbours
from ._axes import SMALL, finish, make_room, most, panels, per_row, shared_colour_bar
from ._colors import numbers_map, require_cmap
from ._text import AS_TYPED, lines_of, paper

BINS = 40


@global_state_kept()
def distance_preservation(
    adata: AnnData,
    *,
    basis: str | Sequence[str] = "fe",
    n_neighbors: int = 15,
    max_samples: int = 1000,
    layer: str | None = None,
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    rng: Rng = 0,
    cmap: str | Colormap | None = None,
    ncols: int | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes | np.ndarray:
    """Draw the distances between full profiles against those in embeddings.

    Each panel counts the pairs of a random choice of samples in hexagons. In its corner are the
    numbers of :func:`fe_anndata.tl.distance_preservation`, which explains them and the arguments
    that both take.

    Parameters
    ----------
    adata
        Samples by genes; ``obsm["X_" + basis]`` (or ``obsm[basis]``) is read.
    basis
        Names of one or several embeddings; one panel each.
    n_neighbors
        Number of nearest neighbours, less than half of the samples.
    max_samples
        At most so many samples are drawn.
    layer
        Profiles, if not those of ``adata.X``.
    mask_var
        Genes to use: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or names
        of genes.
    rng
        Seed, or a numpy Generator.
    cmap
        Colour map; by default ``"viridis"``, on dark paper without its dark end.
    ncols
        Panels per row; by default at most 3.
    ax
        Where to draw a single panel. It shrinks to make room for the colour bar, unless its
        figure has a layout engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes or ndarray
        The Axes, or for several embeddings an array of them. Nothing is written.

    Raises
    ------
    KeyError, ValueError, TypeError
        As :func:`fe_anndata.tl.distance_preservation`.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> axes = fe.pl.distance_preservation(adata, basis=["pca", "umap"])
    >>> [ax.get_title() for ax in axes]
    ['pca, 50-D', 'umap, 2-D']
    """
    require_cmap(cmap)
    found = sampled_distances(adata, basis, layer, mask_var, max_samples, seed_of(rng))
    require_neighbours(n_neighbors, len(found.full))
    own = ax is None
    ncols = per_row(len(found.embedded), ncols, 3)
    axes = panels(len(found.embedded), ncols, ax, show, (3.0, 3.0))
    drawn = []
    for i, (panel, (name, embedded)) in enumerate(zip(axes, found.embedded.items(), strict=True)):
        hexagons = panel.hexbin(
            of_pairs(found.full), of_pairs(embedded), gridsize=BINS, mincnt=1, linewidths=0.2,
            cmap=numbers_map(panel, cmap),
        )  # fmt: skip
        drawn.append(hexagons)
        places = found.places[name]
        _corner(panel, preserved(found.full, embedded, places, n_neighbors))
        panel.set_title(f"{lines_of(name, 26)}, {places.shape[1]}-D", fontsize="medium")
        panel.set_xlabel("" if i + ncols < len(axes) else "distance of profiles")
        panel.set_ylabel("" if i % ncols else "distance in the embedding")
        panel.set(xlim=(0, None), ylim=(0, None))
        panel.grid(False)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=SMALL)
        panel.set_box_aspect(1)
    last = axes[min(ncols, len(axes)) - 1]
    shared_colour_bar(last, drawn, "pairs per hexagon", (1.0, most(drawn)), log=True)
    make_room(axes, ncols, own)
    return finish(axes, own, show)


def _corner(ax: Axes, numbers: dict[str, float]) -> None:
    """Write the numbers above the points, where few pairs are: far apart, but near in the map."""
    words = {"pearson": "Pearson", "spearman": "Spearman", "neighbours_kept": "neighbours kept"}
    text = "\n".join(f"{words.get(name, name)} {value:.3f}" for name, value in numbers.items())
    ax.set_ylim(0, ax.get_ylim()[1] * 1.3)
    ax.text(
        0.03, 0.98, text, transform=ax.transAxes, va="top", fontsize=SMALL, **AS_TYPED,
        bbox={"facecolor": paper(ax), "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )  # fmt: skip
