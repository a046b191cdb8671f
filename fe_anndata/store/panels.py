"""What is known of the genes of a reference, as ``uns`` holds it, and the way back.

A stored panel is a dict of arrays, numbers and strings. It stands in ``uns["bins"]``, and a trained
model that needs one keeps it in its own result, as ``uns[key]["bins"]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..kernels.bins import Panel
from ..kernels.z_scores import Scale

INSIDE = "bins"
"""Where a trained model keeps its panel, within its result."""
_PANEL = ("panel", "points", "n_expressed", "n_bins", "zero")
_SCALE = ("mean", "sd")


def pack_panel(known: Panel | Scale, genes: pd.Index) -> dict[str, Any]:
    """Return a panel of bins or a scale of z-scores, with names of genes, as it is stored."""
    packed: dict[str, Any] = {"genes": genes.to_numpy(dtype=str).astype(object)}
    if isinstance(known, Scale):
        return packed | {"values": "z", "mean": known.mean, "sd": known.sd}
    return packed | {
        "values": "bins",
        "panel": known.values,  # noqa: PD011 (not of pandas)
        "points": known.points,
        "n_expressed": known.n_expressed,
        "n_bins": known.n_bins,
        "zero": known.zero,
    }


def unpack_panel(stored: Mapping[str, Any]) -> tuple[Panel | Scale, pd.Index]:
    """Return what :func:`pack_panel` stored.

    Raises
    ------
    ValueError
        If its parts do not belong together.
    """
    genes = pd.Index(np.asarray(stored["genes"], dtype=object))
    known: Panel | Scale
    if stored["values"] == "z":
        mean, sd = (np.asarray(stored[name], np.float64) for name in _SCALE)
        known, fit = Scale(mean, sd), len(mean) == len(sd) == len(genes)
    else:
        values = np.ascontiguousarray(stored["panel"], dtype=np.float32)
        points, expressed = (np.asarray(stored[name], np.int32) for name in _PANEL[1:3])
        known = Panel(values, points, expressed, int(stored["n_bins"]), float(stored["zero"]))
        fit = len(values) == len(points) == len(expressed) == len(genes)
        fit = fit and points.max(initial=0) <= values.shape[1]
    if not fit:
        raise ValueError("the panel was changed since; bin the reference again.")
    return known, genes


def is_panel(stored: Any) -> bool:
    """Return whether an entry of uns is a stored panel."""
    if not isinstance(stored, Mapping) or not {"genes", "values"} <= stored.keys():
        return False
    return set(_SCALE if stored["values"] == "z" else _PANEL) <= stored.keys()


def panels_in(uns: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the stored panels with the keys of uns that hold them, or a model with one."""
    for key, stored in uns.items():
        if is_panel(stored):
            yield key, stored
        elif isinstance(stored, Mapping) and is_panel(stored.get(INSIDE)):
            yield key, stored[INSIDE]
