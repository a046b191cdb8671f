"""What a model predicts over the plane of an embedding, as the ground that samples lie on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from .._access.decoding import Decoding
from .._access.mapped import flat_decoding_of
from .._core.errors import require_at_least_two
from ..matrix.nearness import nearness
from ..matrix.places import grid_axes, nodes
from ._axes import bare

Floats = NDArray[np.float64]

CLEAR = 0.5  # nearness above which predictions have a say in the colour scale, and contours


@dataclass(frozen=True)
class Plane:
    """The plane of an embedding.

    Attributes
    ----------
    decoding
        Of its samples.
    axes
        Coordinates of the nodes of a grid along either axis, (points,) each.
    near
        How near each node is to a sample, from 0 to 1, (points, points), the first axis first.
    """

    decoding: Decoding
    axes: list[Floats]
    near: Floats

    @property
    def nodes(self) -> Floats:
        """All nodes, (points**2, 2)."""
        return nodes(self.axes)


def plane_of(adata: AnnData, key: str, points: int, reach: float) -> Plane:
    """Return the plane of an embedding of two dimensions, with a grid over it.

    Raises
    ------
    KeyError, ValueError, TypeError
        If there is no such embedding or it has another dimension, the model does not decode, or an
        argument is out of range.
    """
    require_at_least_two(points, "points")
    require_reach(reach)
    decoding = flat_decoding_of(adata, key)
    table = decoding.u.astype(np.float64)
    axes = grid_axes(table, points)
    near = nearness(nodes(axes), table, reach).reshape(points, points)
    return Plane(decoding, axes, near)


def require_reach(reach: object) -> None:
    """Raise ValueError unless `reach` is a positive number."""
    if isinstance(reach, bool) or not isinstance(reach, int | float | np.number) or not reach > 0:
        raise ValueError(f"reach must be a positive number, not {reach!r}; np.inf fades nothing.")


def draw_ground(
    panel: Axes, plane: Plane, values: Floats, norm: Normalize, cmap: str | Colormap, key: str
) -> AxesImage:
    """Draw values of the nodes, (points, points), faded where no sample is near."""
    bare(panel, key, (0, 1))
    panel.spines[:].set_visible(False)
    ends = [edge for axis in plane.axes for edge in (axis[0], axis[-1])]
    return panel.imshow(
        values.T,
        cmap=cmap,
        norm=norm,
        alpha=plane.near.T,
        extent=(ends[0], ends[1], ends[2], ends[3]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
    )
