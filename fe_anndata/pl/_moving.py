"""Samples on their way through the training, with the colours of what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from numpy.typing import NDArray

from .._access.recorded import recorded
from .._access.results import normalize_of
from .._access.samples import coordinates
from .._core.errors import require_at_least_two
from .._core.random import Rng, generator, seed_of
from . import _colors
from ._axes import bare, colour_bar, legend_beside
from ._points import MISSING, TITLE, shades
from ._text import ink, lines_of
from ._values import Classes, Numbers, Source, read, require_few_names

Floats = NDArray[np.float64]

MARGIN = 0.04  # around all places, as a share of their range


@dataclass(frozen=True)
class Moving:
    """Some samples, at their places in the plane one after the other.

    Attributes
    ----------
    steps
        After which step of the training they were there, (r,); the last places are the result.
    places
        (r, n, 2).
    which
        The samples among all of them, in the order of drawing, (n,).
    look
        What colours all samples, if anything does.
    """

    steps: NDArray[np.int64]
    places: Floats
    which: NDArray[np.intp]
    look: Classes | Numbers | None

    def prepare(
        self, panel: Axes, key: str, dimensions: Sequence[int], cmap: str | Colormap | None
    ) -> Floats:
        """Set up a panel, its title and its legend; return the colour of each sample, (n, 4)."""
        bare(panel, key, dimensions)
        low, high = self.places.min(axis=(0, 1)), self.places.max(axis=(0, 1))
        pad = MARGIN * (high - low)
        pad[pad == 0] = 1.0
        panel.set(
            xlim=(low[0] - pad[0], high[0] + pad[0]), ylim=(low[1] - pad[1], high[1] + pad[1])
        )
        found = shades(self.look, self.which, ink(panel, MISSING), _colors.numbers_map(panel, cmap))
        if self.look is not None:
            panel.set_title(lines_of(self.look.name, TITLE))
        if found.entries:
            legend_beside(panel, *zip(*found.entries, strict=True))
        if isinstance(self.look, Numbers) and found.scale is not None:
            colour_bar(panel, found.scale, self.look.name + self.look.origin)
        return found.colors


def moving(
    adata: AnnData,
    color: str | None,
    *,
    key: str,
    dimensions: Sequence[int],
    layer: str | None,
    palette: _colors.Palette | None,
    gene_symbols: str | None,
    max_samples: int,
    rng: Rng,
) -> Moving:
    """Return samples on their way, at most `max_samples`, chosen at random; store their colours.

    Raises
    ------
    KeyError, ValueError, TypeError
        If nothing was recorded, or an argument names nothing or is out of range.
    """
    if color is not None and not isinstance(color, str):
        raise TypeError(f"color must name a column of adata.obs or a gene, not {color!r}.")
    require_at_least_two(max_samples, "max_samples")
    found = recorded(adata, key)
    coordinates(adata, key, dimensions)  # raises the error
    source = Source(layer, gene_symbols, normalize_of(adata, key, layer))
    look = None if color is None else read(adata, color, source, palette)
    require_few_names(look, "color by a column with fewer")
    which = generator(seed_of(rng), "drawing order").permutation(adata.n_obs)[:max_samples]
    places = found.tables[:, which][:, :, list(dimensions)].astype(np.float64)
    if isinstance(look, Classes):
        _colors.store(adata, look.name, look.colors)
    return Moving(found.steps, places, which, look)
