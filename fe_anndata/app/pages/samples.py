"""Samples: where they lie, what they are coloured by, what a selection is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from starlette.responses import Response

from ..._access.columns import column_of
from ..._access.results import require_trained
from ..._access.samples import coordinates, embedding_key, groups, is_categorical
from ..._core.keys import Keys, axis_name
from ...pl._colors import MANY
from ...pl._values import Classes
from ...tl import embedding_density, markers, transform
from ..asking import Asked, Packed, table_of
from ..data import Data, quantised
from ..jobs import Job
from ..selection import imports_of, python_of, selected
from ..site import Site, api

MOST_GROUPS = 60
COMPARED = 40_000_000
"""Values of two sides that are compared for markers; of more samples some are drawn."""
OUR_OWN = (":density", ":fit", ":outlier")
"""Colours that are computed; a column of obs cannot be meant, unless it begins with a colon."""


def basis_of(site: Site, asked: Asked) -> tuple[str, int, int]:
    """Return which embedding is asked for, and two of its dimensions."""
    data = site.data
    if not data.bases:
        raise ValueError("this file has no embedding of samples: train one on the page Home.")
    basis = embedding_key(data.adata, asked.text("basis", data.bases[0]))
    most = data.adata.obsm[basis].shape[1] - 1
    return basis, asked.whole("x", 0, 0, most), asked.whole("y", 1, 0, most)


def axes_of(basis: str, x: int, y: int) -> list[str]:
    """Return the names of two axes."""
    name = basis.removeprefix("X_")
    return [axis_name(name, x), axis_name(name, y)]


def points(site: Site, asked: Asked) -> Packed:
    """Return the coordinates of the samples, float32, x and y of each in turn."""
    basis, x, y = basis_of(site, asked)
    at = coordinates(site.data.adata, basis, (x, y)).astype(np.float32)
    return Packed({"basis": basis, "x": x, "y": y, "axes": axes_of(basis, x, y)}, {"points": at})


def colour(site: Site, asked: Asked) -> Packed | dict[str, Any]:
    """Return what samples are coloured by: codes of groups, or numbers as bytes."""
    data, name = site.data, asked.text("name")
    layer, symbols = asked.optional("layer"), asked.optional("symbols")
    basis = asked.text("basis", data.bases[0] if data.bases else "")
    key = basis.removeprefix("X_") or None  # whose units are shown, as `fe.pl.embedding` does
    if name in OUR_OWN:
        return _own(site, asked, name)
    if name not in data.adata.obs and data.is_copied(layer):
        made = data.columns_for(layer, key)
        made.start()
        if not made.is_ready and not made.error:
            return {"wait": f"The matrix is read by columns, once: {made.done:.0%}."}
        data.require_unchanged()
    look = data.look(name, layer, symbols, key)
    if isinstance(look, Classes):
        counts = np.bincount(look.codes[look.codes >= 0], minlength=len(look.labels))
        places = {label: place for place, label in enumerate(look.labels)}
        return Packed(
            {
                "name": name, "kind": "groups", "labels": look.labels, "colors": look.colors,
                "order": [places[label] for label in look.listed or look.labels],
                "counts": counts, "n_missing": int((look.codes < 0).sum()),
                "python": _python(data, name, basis, asked),
            },
            {"codes": look.codes.astype(np.int32)},
        )  # fmt: skip
    return _numbers(name, look.values, _python(data, name, basis, asked))


def _numbers(name: str, values: NDArray[np.float64], python: list[str]) -> Packed:
    steps, low, high = quantised(values)
    facts = {"name": name, "kind": "numbers", "low": low, "high": high, "python": python,
             "n_missing": int((steps == 255).sum())}  # fmt: skip
    return Packed(facts, {"codes": steps})


def _own(site: Site, asked: Asked, name: str) -> Packed | dict[str, Any]:
    """Return the density, or how well samples fit, which takes longer and is a job."""
    data = site.data
    basis, x, y = basis_of(site, asked)
    if name == ":density":
        made = data.without_values()
        embedding_density(made, basis, dimensions=(x, y))
        values = made.obs[Keys(basis).density].to_numpy(np.float64)
        call = f"fe.tl.embedding_density(adata, {basis!r}, dimensions=({x}, {y}))"
        drawn = f"fe.pl.density(adata, basis={basis!r}, dimensions=({x}, {y}))"
        return _numbers("density", values, [data.opening, call, drawn])
    key = asked.text("key")
    layer = require_trained(data.adata, key)["params"]["layer"]

    def work(job: Job) -> pd.DataFrame:
        data.require_unchanged()
        new = AnnData(
            X=data.adata.X if layer is None else data.adata.layers[layer],
            obs=data.adata.obs.copy(), var=data.adata.var,
        )  # fmt: skip
        transform(new, data.adata, key=key, key_added="fit", progress=True)
        return new.obs

    job = site.jobs.start(("fit", site.edition, key), work, again=False)
    if not job.is_done:
        return {"wait": f"All samples are placed again: {job.said}."}
    obs = site.jobs.result(job.id)
    given = f"key={key!r}" + ("" if layer is None else f", layer={layer!r}")
    python = [data.opening, "placed = adata.copy()",
              f"fe.tl.transform(placed, adata, {given}, key_added='fit')"]  # fmt: skip
    if name == ":outlier":
        column = "fit_outlier"
    else:
        column = next(of for of in ("fit_r2", *obs.columns[::-1]) if of in obs)
    python.append(f"placed.obs[{column!r}]")
    if name == ":fit":
        return _numbers(
            f"fit ({column.removeprefix('fit_')})", obs[column].to_numpy(np.float64), python
        )
    codes = obs[column].astype(int).to_numpy(np.int32)
    facts = {
        "name": "unlike the training", "kind": "groups", "labels": ["no", "yes"],
        "colors": ["#8a8f98", "#e12d78"], "order": [0, 1],
        "counts": np.bincount(codes, minlength=2), "n_missing": 0, "python": python,
    }  # fmt: skip
    return Packed(facts, {"codes": codes})


def _python(data: Data, name: str, basis: str, asked: Asked) -> list[str]:
    """Return the lines of Python that draw the picture."""
    if not basis:
        return [data.opening]
    words = [f"adata, {name!r}", f"basis={basis!r}"]
    dimensions = (asked.whole("x", 0, 0, 10**6), asked.whole("y", 1, 0, 10**6))
    if dimensions != (0, 1):
        words.append(f"dimensions={dimensions}")
    for option, word in (("layer", "layer"), ("symbols", "gene_symbols")):
        if asked.optional(option):
            words.append(f"{word}={asked.optional(option)!r}")
    return [data.opening, f"fe.pl.embedding({', '.join(words)})"]


def one(site: Site, asked: Asked) -> dict[str, Any]:
    """Return what is known of a sample."""
    adata = site.data.adata
    if "name" in asked.given:
        name = asked.text("name")
        at = adata.obs_names.get_indexer_for([name])
        if at[0] < 0:
            raise KeyError(f"there is no sample {name!r}.")
        row = int(at[0])
    else:
        row = asked.whole("row", 0, 0, adata.n_obs - 1)
    values = adata.obs.iloc[row]
    facts = [[str(name), value] for name, value in zip(adata.obs.columns, values, strict=True)]
    return {"row": row, "name": str(adata.obs_names[row]), "facts": facts[:40]}


def selection(site: Site, asked: Asked) -> Packed:
    """Return which samples are selected, and what they are made of."""
    what = asked.json("sel")
    adata = site.data.adata
    mask = selected(adata, what)
    n = int(mask.sum())
    facts = {
        "n": n, "n_obs": adata.n_obs, "made_of": _made_of(adata, mask) if n else [],
        "python": [site.data.opening, *imports_of(what), f"selected = {python_of(what)}",
                   "adata[selected].obs.describe(include='all')"],
    }  # fmt: skip
    return Packed(facts, {"mask": mask.astype(np.uint8)})


def _made_of(adata: AnnData, mask: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return, for each column of obs, what a selection holds of it beside all samples."""
    found: list[dict[str, Any]] = []
    for i, name in enumerate(adata.obs.columns):
        column = adata.obs.iloc[:, i]
        if is_categorical(column):
            if column.nunique() > MOST_GROUPS:
                continue
            labels = groups(adata.obs, name) if (adata.obs.columns == name).sum() == 1 else None
            if labels is None:
                continue
            counts = pd.Series(labels[mask]).value_counts()
            whole = pd.Series(labels).value_counts()
            rows = [
                [label, int(count), count / mask.sum(), count / whole[label]]
                for label, count in counts[counts > 0].items()
            ]
            table = {"columns": [name, "samples", "share of selection", "share of label"]}
            found.append({"column": str(name), "kind": "groups", **table, "rows": rows})
        elif column.dtype.kind in "fiu":
            values = column.to_numpy(np.float64, na_value=np.nan)
            found.append({
                "column": str(name), "kind": "numbers",
                "median": _median(values[mask]), "median_rest": _median(values[~mask]),
            })  # fmt: skip
    return found


def _median(values: NDArray[np.float64]) -> float | None:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else None


def start_markers(site: Site, asked: Asked) -> dict[str, Any]:
    """Begin to find the genes that set a selection apart from the rest, or from another one."""
    data, key = site.data, asked.text("key")
    what, against = asked.json("sel"), asked.json("against")
    n = asked.whole("n", 50, 1, 2000)
    mask = selected(data.adata, what)
    other = ~mask if against is None else selected(data.adata, against) & ~mask
    for side, of in ((mask, "the selection"), (other, "what it is compared with")):
        if not side.any():
            raise ValueError(f"{of} holds no sample.")
    require_trained(data.adata, key)

    def work(job: Job) -> dict[str, Any]:
        data.require_unchanged()
        rows, most = [], max(2, COMPARED // max(data.adata.n_vars, 1) // 2)
        draw = np.random.default_rng(0)
        for side in (mask, other):
            at = np.flatnonzero(side)
            rows.append(at if len(at) <= most else np.sort(draw.choice(at, most, replace=False)))
        job.say(f"comparing {len(rows[0]):,} samples with {len(rows[1]):,}")
        side = pd.Categorical.from_codes(
            np.where(np.isin(np.arange(data.adata.n_obs), rows[0]), 0,
                     np.where(np.isin(np.arange(data.adata.n_obs), rows[1]), 1, -1)),
            categories=["selected", "rest"],
        )  # fmt: skip
        layer = require_trained(data.adata, key)["params"]["layer"]
        compared = data.with_values(data.adata.obs.assign(side=side), layer)
        drawn = len(rows[0]) < mask.sum() or len(rows[1]) < other.sum()
        if drawn:
            compared = data.some(compared, np.sort(np.concatenate(rows)))
        table = markers(compared, "side", groups=["selected"], n_genes=n, key=key)
        return {"table": table_of(table.drop(columns="group")), "sides": [len(r) for r in rows],
                "python": python, "drawn": drawn}  # fmt: skip

    rest = "~selected" if against is None else f"{python_of(against)} & ~selected"
    python = [
        data.opening, "import numpy as np, pandas as pd", *imports_of(what, against),
        f"selected = {python_of(what)}", f"rest = {rest}",
        "codes = np.where(selected, 0, np.where(rest, 1, -1))",
        "adata.obs['side'] = pd.Categorical.from_codes(codes, ['selected', 'rest'])",
        f"fe.tl.markers(adata, 'side', groups=['selected'], n_genes={n}, key={key!r})",
    ]  # fmt: skip
    return site.jobs.start(("markers", site.edition, key, what, against, n), work).facts()


def markers_table(site: Site, asked: Asked) -> Any:
    """Return the genes that were found."""
    return site.jobs.result(asked.text("job"))


def as_csv(site: Site, asked: Asked) -> Response:
    """Return the selected samples as a table: their columns of obs, and where they lie."""
    adata = site.data.adata
    mask = selected(adata, asked.json("sel"))
    basis, x, y = basis_of(site, asked)
    table = adata.obs[mask].copy()
    for name, values in zip(
        axes_of(basis, x, y), coordinates(adata, basis, (x, y))[mask].T, strict=True
    ):
        table[name if name not in table else f"{name} of {basis}"] = values
    return Response(table.to_csv(index_label="sample"), media_type="text/csv")


def column(site: Site, asked: Asked) -> dict[str, Any]:
    """Return the labels of a column of obs, with their numbers of samples."""
    name = asked.text("name")
    column_of(site.data.adata.obs, name, "adata.obs")
    counts = pd.Series(groups(site.data.adata.obs, name)).value_counts(sort=False)
    return {"labels": [[label, int(n)] for label, n in counts.items()][:2000]}


def palette(_: Site, __: Asked) -> dict[str, Any]:
    """Return colours that most readers can tell apart, for what has none of its own."""
    return {"colors": MANY}


ROUTES = [
    api("/samples/points", points),
    api("/samples/colour", colour),
    api("/samples/one", one),
    api("/samples/column", column),
    api("/samples/selection", selection, "POST"),
    api("/samples/markers", start_markers, "POST"),
    api("/samples/markers", markers_table),
    api("/samples/csv", as_csv, "POST"),
    api("/palette", palette),
]
