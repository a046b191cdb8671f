"""Which samples an address selects: inside a polygon, of some groups, of some values, or by name.

A selection is a list that JSON can hold, so that an address, a named set and a line of Python can
say the same:

    ["polygon", "X_fe", 0, 1, [[x, y], ...]]
    ["is", "cell_type", ["B", "T"]]
    ["between", "n_genes", 200, 500]
    ["names", ["cell 1", ...]]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from anndata import AnnData
from matplotlib.path import Path
from numpy.typing import NDArray

from .._access.attended import positions
from .._access.columns import column_of
from .._access.samples import coordinates, groups
from .._core.errors import near

MOST_CORNERS, MOST_NAMES = 500, 20_000


def selected(adata: AnnData, what: Any) -> NDArray[np.bool_]:
    """Return which samples are selected, bool (n_obs,).

    Raises
    ------
    ValueError, KeyError, TypeError
        If `what` is no selection, or names what is not there.
    """
    if not isinstance(what, list) or not what:
        raise ValueError("a selection is missing.")
    kind, *rest = what
    if kind == "polygon" and len(rest) == 4:
        basis, x, y, corners = rest
        inside = Path(_corners(corners)).contains_points(
            coordinates(adata, str(basis), (_whole(x), _whole(y)))
        )
        return np.asarray(inside, dtype=bool)
    if kind == "is" and len(rest) == 2 and isinstance(rest[1], list):
        column, labels = str(rest[0]), list(map(str, rest[1]))
        found = groups(adata.obs, column)
        unknown = [label for label in labels if label not in found.categories]
        if unknown:
            raise KeyError(
                f"no group {unknown[0]!r} in {column!r}: {near(unknown[0], found.categories)}"
            )
        return np.asarray(found.isin(labels))
    if kind == "between" and len(rest) == 3:
        values = column_of(adata.obs, str(rest[0]), "adata.obs").to_numpy(
            np.float64, na_value=np.nan
        )
        return np.asarray((values >= float(rest[1])) & (values <= float(rest[2])))
    if kind == "names" and len(rest) == 1 and isinstance(rest[0], list):
        if not 0 < len(rest[0]) <= MOST_NAMES:
            raise ValueError(f"a selection names 1 to {MOST_NAMES:,} samples.")
        mask = np.zeros(adata.n_obs, dtype=bool)
        mask[positions(list(map(str, rest[0])), adata.obs_names, "sample")] = True
        return mask
    raise ValueError("this is no selection: open the page again and select again.")


def python_of(what: Any) -> str:
    """Return an expression of Python that selects the same samples."""
    kind, *rest = what
    if kind == "polygon":
        basis, x, y, corners = rest
        listed = [[float(f"{value:.6g}") for value in corner] for corner in _corners(corners)]
        return f"Path({listed}).contains_points(adata.obsm[{basis!r}][:, [{x}, {y}]])"
    if kind == "is":
        return f"adata.obs[{rest[0]!r}].astype(str).isin({rest[1]!r}).to_numpy()"
    if kind == "between":
        column, low, high = rest
        within = f"adata.obs[{column!r}].between({low!r}, {high!r})"
        return f"{within}.to_numpy(bool, na_value=False)"
    return f"adata.obs_names.isin({rest[0]!r})"


def imports_of(*selections: Any) -> list[str]:
    """Return the lines of Python that expressions of selections need."""
    polygons = any(what and what[0] == "polygon" for what in selections)
    return ["from matplotlib.path import Path"] if polygons else []


def _corners(corners: Any) -> NDArray[np.float64]:
    try:
        found = np.asarray(corners, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.empty((0, 2))
    if found.ndim != 2 or found.shape[1] != 2 or not 3 <= len(found) <= MOST_CORNERS:
        raise ValueError(f"a polygon has 3 to {MOST_CORNERS} corners of two numbers.")
    if not np.isfinite(found).all():
        raise ValueError("a corner of the polygon is not finite.")
    # The polygon is closed here as it is drawn; a matplotlib path is open unless it is told.
    return found


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a dimension must be a whole number.")
    return value
