"""The web app in a headless browser: the first page, a gene looked up, samples recoloured.

The small file is that of ``fe-anndata demo``. The others are simulated, with random vectors: what
the time depends on is their size, in genes or in samples. A large matrix is read once by columns
before samples can be coloured by a gene, in the background; how long that takes is a row of its
own. WebGL is drawn by software, as without a graphics card.

    python -m benchmarks.app [--rounds N]
    python -m benchmarks.app --tiny    # only to see that it runs
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

import fe_anndata as fe
from benchmarks import report
from benchmarks.browser import browser

SIMULATED = {"simulated": (100_000, 60_000, 600), "a million samples": (1_000_000, 2000, 100)}
"""Samples, genes, and values that are not 0 of a sample."""
TINY = (500, 300, 10)
ROUNDS = 7
UNTIL = """([hash, found]) => new Promise((done) => {
    const start = performance.now();
    if (hash) location.hash = hash;
    const look = () => {
        if (document.querySelector(found)) {
            requestAnimationFrame(() => done((performance.now() - start) / 1000));
        } else requestAnimationFrame(look);
    };
    look();
})"""
SINCE_START = "() => performance.now() / 1000"


def large(path: Path, n_obs: int, n_vars: int, values: int) -> None:
    """Write a sparse matrix with vectors of samples and genes."""
    rng = np.random.default_rng(0)
    step = n_vars // values  # one value in each so many genes, so that columns are sorted
    columns = np.arange(values, dtype=np.int32) * step
    indices = (columns + rng.integers(step, size=(n_obs, values), dtype=np.int32)).ravel()
    data = rng.exponential(size=indices.size).astype(np.float32)
    X = sparse.csr_matrix((data, indices, np.arange(n_obs + 1) * values), shape=(n_obs, n_vars))
    group = rng.integers(12, size=n_obs)
    adata = AnnData(
        X,
        obs=pd.DataFrame(
            {"group": pd.Categorical(group.astype(str))}, index=[f"cell{i}" for i in range(n_obs)]
        ),
        var=pd.DataFrame(index=[f"gene{i}" for i in range(n_vars)]),
        obsm={"X_fe": rng.normal(np.stack([group % 4, group // 4], 1), 0.3).astype(np.float32)},
        varm={"fe": rng.normal(size=(n_vars, 64)).astype(np.float32)},
    )
    fe.io.write_h5ad(adata, path)


def demo(path: Path, steps: int | None) -> None:
    """Write the file of ``fe-anndata demo``."""
    adata = fe.datasets.pbmc68k_reduced()
    fe.tl.train(adata, progress=False, **({} if steps is None else {"steps": steps}))
    fe.io.write_h5ad(adata, path)


def measured(drawn: Any, path: Path, genes: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Return seconds of each thing that is done, of several rounds."""
    began = time.perf_counter()
    served = fe.app(path, open_browser=False)
    found: dict[str, list[float]] = {"file opened": [time.perf_counter() - began]}
    painted = ".page[data-painted]"
    for what, page_of, shown in (
        ("first page", "", ".home h1"),
        ("samples, drawn and coloured", "#samples", painted),
    ):
        for _ in range(rounds):
            context = drawn.new_context()  # without what another window has kept
            page = context.new_page()
            page.goto(served.url + page_of, wait_until="commit")
            page.wait_for_selector(shown)
            found.setdefault(what, []).append(page.evaluate(SINCE_START))
            context.close()
    page = drawn.new_context().new_page()
    page.goto(served.url + "#samples")
    page.wait_for_selector(painted)
    for i, gene in enumerate(genes):
        took = page.evaluate(UNTIL, [f"samples?color={gene}", f'.page[data-painted="{gene}"]'])
        what = "samples recoloured by a gene" if i else "matrix by columns and first gene"
        found.setdefault(what, []).append(took)
    page.goto(served.url + f"#genes?gene={genes[0]}")
    page.wait_for_selector(".page[data-answered]")
    page.wait_for_load_state("networkidle")
    for gene in genes[1:]:
        took = page.evaluate(UNTIL, [f"genes?gene={gene}", f'.page[data-answered="{gene}"]'])
        found.setdefault("similar genes", []).append(took)
        page.wait_for_load_state("networkidle")
    served.stop()
    return found


LIMITS = {
    "demo": {"first page": 2.0, "similar genes": 0.2},
    "simulated": {"first page": 5.0, "samples, drawn and coloured": 5.0,
                  "samples recoloured by a gene": 1.0},
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("app", __doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    sizes = dict.fromkeys(SIMULATED, TINY) if options.tiny else SIMULATED
    rows = []
    with tempfile.TemporaryDirectory() as folder, browser() as drawn:
        paths = {name: Path(folder, f"{name}.h5ad") for name in ("demo", *sizes)}
        demo(paths["demo"], 5 if options.tiny else None)
        for name, size in sizes.items():
            large(paths[name], *size)
        shapes = {"demo": (700, 765), **{name: size[:2] for name, size in sizes.items()}}
        genes = {
            "demo": ["LYZ", "CST3", "CD79A", "CD79B", "CD3D", "NKG7", "FCER1G", "MS4A1"],
            **{name: [f"gene{37 * i}" for i in range(options.rounds + 1)] for name in sizes},
        }
        for name, path in paths.items():
            for what, took in measured(
                drawn, path, genes[name][: options.rounds + 1], options.rounds
            ).items():
                rows.append(
                    {
                        "file": name,
                        "samples": shapes[name][0],
                        "genes": shapes[name][1],
                        "what": what,
                        "rounds": len(took),
                        "seconds": float(np.median(took)),
                        "most": float(max(took)),
                        "limit": LIMITS.get(name, {}).get(what, np.nan),
                    }
                )
    title = (
        f"the web app in a headless browser; seconds are medians of up to {options.rounds} rounds"
    )
    report.publish(options, pd.DataFrame(rows), title, decoder=report.NO_MODEL)


if __name__ == "__main__":
    main()
