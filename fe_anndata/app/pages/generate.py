"""Generate: the profile that a model predicts at a place, and what changes along a path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..._access.samples import embedding_of
from ..._core.keys import Keys
from ...evaluation.changes import by_turn, most_changed
from ...get import path as along
from ...tl import generate
from ..asking import Asked, table_of
from ..site import Site, api
from .genes import words
from .samples import axes_of

MOST_STOPS, POINTS = 30, 60
FAR = 10.0
"""Spacings of samples beyond which a place is said to be far from all of them."""


def _key(site: Site, asked: Asked) -> str:
    families = site.data.families
    if not families:
        raise ValueError("no model was trained in this file: train on the page Home.")
    return asked.text("key", next(iter(families)))


def _place(site: Site, key: str, at: Any, x: int, y: int) -> list[float]:
    """Return all coordinates of a place; those that are not seen are of the nearest sample."""
    u = embedding_of(site.data.adata, key)
    try:
        given = np.asarray(at, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        given = np.empty(0)
    if given.shape != (2,) or not np.isfinite(given).all() or max(x, y) >= u.shape[1]:
        raise ValueError("a place is two numbers.")
    apart = np.nansum((u[:, [x, y]] - given) ** 2, axis=1)
    place = u[int(apart.argmin())].copy()
    place[[x, y]] = given
    return [float(f"{value:.6g}") for value in place]


def place(site: Site, asked: Asked) -> dict[str, Any]:
    """Return the profile at a place, and how it differs from that at the middle of all samples."""
    key = _key(site, asked)
    x, y = asked.whole("x", 0, 0, 10**6), asked.whole("y", 1, 0, 10**6)
    at = _place(site, key, asked.json("at"), x, y)
    u = embedding_of(site.data.adata, key)
    middle = [float(f"{value:.6g}") for value in np.nanmean(u, axis=0)]
    made = generate(site.data.without_values(), np.array([middle, at]), key=key)
    profile = np.asarray(made.X)
    change = profile[1] - profile[0]
    table = pd.DataFrame({"gene": made.var_names, "predicted": profile[1],
                          "at the middle": profile[0], "change": change})  # fmt: skip
    table = table.iloc[np.argsort(-np.abs(change), kind="stable")]
    far = float(made.obs[Keys(key).of_sample("distance")].iloc[1])
    return {
        "at": at, "axes": axes_of(key, x, y), "table": table_of(table[:2000]), "distance": far,
        "is_far": far > FAR,
        "python": [site.data.opening, "import pandas as pd",
                   f"made = fe.tl.generate(adata, [{middle}, {at}]{words(key)})",
                   "middle, here = made.to_df().to_numpy()",
                   "pd.Series(here - middle, made.var_names).sort_values(key=abs)[::-1]"],
    }  # fmt: skip


def path(site: Site, asked: Asked) -> dict[str, Any]:
    """Return the genes that change most along a path, in the order in which they change."""
    key = _key(site, asked)
    x, y = asked.whole("x", 0, 0, 10**6), asked.whole("y", 1, 0, 10**6)
    n = asked.whole("n", 30, 2, 100)
    given = asked.json("stops", [])
    if not isinstance(given, list) or not 2 <= len(given) <= MOST_STOPS:
        raise ValueError(f"a path has 2 to {MOST_STOPS} stops.")
    stops: list[Any] = []
    for stop in given:
        if isinstance(stop, list) and len(stop) == 2 and isinstance(stop[0], str):
            stops.append((stop[0], str(stop[1])))
        elif isinstance(stop, str):
            stops.append(stop)
        else:
            stops.append(_place(site, key, stop, x, y))
    adata = site.data.without_values()
    places = along(adata, stops, POINTS, key=key)
    made = generate(adata, places, key=key)
    profiles = np.asarray(made.X, dtype=np.float64)
    most = most_changed(profiles, n)
    changes = profiles[:, most] - profiles[0, most]
    order = by_turn(changes)
    genes = [str(made.var_names[most[i]]) for i in order]
    shown = profiles[:, most[order]]
    table = pd.DataFrame({"gene": genes, "first": shown[0], "last": shown[-1],
                          "range": np.ptp(shown, axis=0)})  # fmt: skip
    return {
        "genes": genes, "changes": np.round(changes[:, order].T, 5), "table": table_of(table),
        "places": places.to_numpy()[:, [x, y]],
        "distance": made.obs[Keys(key).of_sample("distance")].to_numpy(), "far": FAR,
        "python": [site.data.opening, f"stops = {stops!r}",
                   f"fe.pl.path(adata, stops, n_genes={n}{words(key)})",
                   f"places = fe.get.path(adata, stops, {POINTS}{words(key)})",
                   f"made = fe.tl.generate(adata, places{words(key)})"],
    }  # fmt: skip


ROUTES = [api("/generate/place", place), api("/generate/path", path)]
