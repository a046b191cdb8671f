"""Properties of genes, read off their vectors: how well, and of which genes."""

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

from ..._core.errors import require_key
from ...genespace.gmt import ENDINGS
from ...io import read_gmt, read_h5ad
from ...tl import classify_genes
from ..asking import Asked, plain, table_of, without_folder
from ..jobs import Job
from ..site import Site, api, failed
from .genes import space_of, words
from .new_samples import received

SHOWN = ("property", "n_genes", "base_rate", "auroc", "auroc_se", "auprc", "auroc_permuted",
         "p_value", "q_value")  # fmt: skip


async def classify(request: Request) -> Response:
    """Begin to learn the gene sets of a .gmt file, or read what was learned of an .h5ad file."""
    site: Site = request.app.state.site
    folder = tempfile.TemporaryDirectory(prefix="fe-anndata-app-")
    try:
        path = await received(request, Path(folder.name))
        asked = Asked(dict(request.query_params))
        with without_folder(folder.name):
            facts = await run_in_threadpool(_start, site, asked, path)
    except ClientDisconnect:
        return PlainTextResponse("the file is larger than the app takes.", 413)
    except Exception as error:
        return failed(error)
    finally:
        folder.cleanup()
    return JSONResponse(plain(facts))


def _start(site: Site, asked: Asked, path: Path) -> dict[str, Any]:
    if path.suffix == ".h5ad":
        result = read_h5ad(path)
        lacking = [name for name in ("auroc", "auroc_permuted") if name not in result.var]
        if lacking:
            raise ValueError(
                f"{path.name} holds no properties of genes (var lacks {lacking[0]!r}): give what "
                "fe-anndata classify-genes wrote, or a .gmt file of gene sets."
            )
        table = result.var.rename_axis("property").reset_index()
        frame = pd.DataFrame(result.X, index=result.obs_names, columns=result.var_names)
        of = ("properties", path.name, path.stat().st_size, float(np.nansum(result.X)))
        made = {"table": table, "probabilities": frame, "skipped": 0,
                "python": [f"result = fe.io.read_h5ad({path.name!r})", "result.var"]}  # fmt: skip
        return site.jobs.start(of, lambda _: made).facts()
    _, key, symbols = space_of(site, asked)
    named = path if str(path).endswith(ENDINGS) else path.with_name("sets.gmt")
    if named != path:
        path.rename(named)
    sets = read_gmt(named)
    least = asked.whole("min_genes", 10, 2, 10_000)

    def work(job: Job) -> dict[str, Any]:
        job.say("learning")
        found = classify_genes(
            site.data.adata, sets, key=key, gene_symbols=symbols, min_genes=least, progress=True
        )
        given = words(key, symbols)
        call = f"result = fe.tl.classify_genes(adata, {named.name!r}, min_genes={least}{given})"
        return {"table": found.table, "probabilities": found.probabilities,
                "skipped": len(found.skipped),
                "python": [site.data.opening, call, "result.table"]}  # fmt: skip

    return site.jobs.start(("classify", site.edition, key, symbols, least, sets), work).facts()


def table(site: Site, asked: Asked) -> dict[str, Any]:
    """Return how well each property is read off."""
    found = site.jobs.result(asked.text("job"))
    shown = found["table"][[name for name in SHOWN if name in found["table"]]]
    return {"table": table_of(shown), "skipped": found["skipped"], "python": found["python"]}


def of_gene(site: Site, asked: Asked) -> dict[str, Any]:
    """Return the probability of each property of a gene."""
    found, gene = site.jobs.result(asked.text("job")), asked.text("gene")
    require_key(gene, found["probabilities"].index, "gene")
    values = found["probabilities"].loc[gene].to_numpy()
    made = pd.DataFrame({
        "property": found["table"]["property"], "probability": values,
        "auroc": found["table"]["auroc"],
    })  # fmt: skip
    made = made.sort_values("probability", ascending=False, kind="stable")
    python = [*found["python"][:-1], f"result.probabilities.loc[{gene!r}].sort_values()[::-1]"]
    return {"table": table_of(made), "python": python}


def of_property(site: Site, asked: Asked) -> dict[str, Any]:
    """Return the genes of the highest probabilities of a property."""
    found, name = site.jobs.result(asked.text("job")), asked.text("property")
    frame = found["probabilities"]
    require_key(name, frame.columns, "property")
    values = frame[name].dropna().sort_values(ascending=False, kind="stable")[:500]
    made = values.rename("probability").rename_axis("gene").reset_index()
    python = [*found["python"][:-1], f"result.probabilities[{name!r}].sort_values()[::-1]"]
    return {"table": table_of(made), "python": python}


ROUTES = [
    Route("/file/classify", classify, methods=["POST"]),
    api("/properties", table),
    api("/properties/gene", of_gene),
    api("/properties/genes", of_property),
]
