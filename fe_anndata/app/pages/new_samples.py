"""New samples, in a file that is dropped on a page: placed by what was learned."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ..._access.results import require_trained
from ..._core.keys import Keys
from ...io import read
from ...tl import transform
from ..asking import Asked, Packed, plain, table_of, without_folder
from ..jobs import Job
from ..site import Site, api, failed

FACTS = ("n_genes", "r2", "cross_entropy", "nll", "squared_error", "distance", "outlier", "label",
         "label_probability")  # fmt: skip
MOST_ROWS = 20_000
LONGEST_NAME = 60
"""Letters of a file that are kept, from its end; systems know names of 255 bytes."""


async def received(request: Request, folder: Path) -> Path:
    """Write the body of a request to a file, by parts, and return its path."""
    name = Path(request.query_params.get("name", "")).name.replace("\0", "")[-LONGEST_NAME:]
    path = folder / (name if name.strip(".") else "new.h5ad")
    with path.open("wb") as file:
        async for part in request.stream():
            file.write(part)
    return path


async def place(request: Request) -> Response:
    """Begin to place the samples of a file."""
    site: Site = request.app.state.site
    folder = tempfile.TemporaryDirectory(prefix="fe-anndata-app-")
    try:
        asked = Asked(dict(request.query_params))
        key = asked.text("key")
        require_trained(site.data.adata, key)
        path = await received(request, Path(folder.name))
        facts = await run_in_threadpool(_start, site, key, path, folder)
    except ClientDisconnect:
        folder.cleanup()
        return PlainTextResponse("the file is larger than the app takes.", 413)
    except Exception as error:
        folder.cleanup()
        return failed(error)
    return JSONResponse(plain(facts))


def _start(site: Site, key: str, path: Path, folder: Any) -> dict[str, Any]:
    def work(job: Job) -> pd.DataFrame:
        try:
            job.say(f"reading {path.name}")
            with without_folder(folder.name):
                new = read(path, progress=False)
                transform(new, site.data.adata, key=key, key_added="placed", progress=True)
        finally:
            folder.cleanup()
        return _table(new)

    return site.jobs.start(("place", site.edition, key, folder.name), work).facts()


def _table(new: Any) -> pd.DataFrame:
    """Return a row for each new sample: what is known of it, its coordinates and their errors."""
    table = pd.DataFrame({"sample": new.obs_names})
    for fact in FACTS:
        name = Keys("placed").of_sample(fact)
        if name in new.obs:
            table[fact] = new.obs[name].to_numpy()
    table.attrs["u"] = np.asarray(new.obsm["X_placed"], dtype=np.float32)
    errors = new.obsm.get("X_placed_se")
    table.attrs["se"] = None if errors is None else np.asarray(errors, dtype=np.float32)
    return table


def placed(site: Site, asked: Asked) -> Packed:
    """Return where new samples were placed, in two dimensions, with standard errors."""
    table: pd.DataFrame = site.jobs.result(asked.text("job"))
    u, se = table.attrs["u"], table.attrs["se"]
    most = u.shape[1] - 1
    x, y = asked.whole("x", 0, 0, most), asked.whole("y", min(1, most), 0, most)
    key = asked.text("key")
    outlier = table["outlier"].to_numpy(bool) if "outlier" in table else np.zeros(len(table), bool)
    arrays = {"points": u[:, [x, y]], "outlier": outlier.astype(np.uint8)}
    shown = table[:MOST_ROWS].copy()
    for name, column in zip(("x", "y"), (x, y), strict=True):
        shown[name] = u[: len(shown), column]
        if se is not None:
            shown[f"{name} s.e."] = se[: len(shown), column]
    if se is not None:
        arrays["errors"] = se[:, [x, y]]
    python = [site.data.opening, "new = fe.io.read('new.h5ad')  # the file that was dropped",
              f"fe.tl.transform(new, adata, key={key!r})",
              f"fe.pl.embedding(adata, query=new, basis={key!r})"]  # fmt: skip
    facts = {"n": len(table), "n_outliers": int(outlier.sum()), "table": table_of(shown),
             "warnings": site.jobs.get(asked.text("job")).warnings, "python": python}  # fmt: skip
    return Packed(facts, arrays)


ROUTES = [Route("/file/place", place, methods=["POST"]), api("/placed", placed)]
