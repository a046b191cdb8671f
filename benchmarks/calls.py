"""Whole calls: tl.train against what a user would run instead, alternating, second calls.

32 dimensions against PCA with 64 components; 2 dimensions against PCA, neighbours and UMAP. The
first call of each is thrown away. R2 is that of the held-out cells of our own calls, against the
mean of each gene. Cohorts that are absent are left out.

    python -m benchmarks.calls [--rounds N] [--only WORD ...]
    python -m benchmarks.calls --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, report

SIMULATED = (3000, 20_000, 20)
TINY = (60, 100, 3)


def data(tiny: bool) -> dict[str, Callable[[], AnnData]]:
    """Return what is measured, by name."""
    if tiny:
        return {"tiny": lambda: simulated(TINY)}
    found = {
        name: lambda name=name: cohorts.load(name)
        for name in cohorts.FILES
        if cohorts.path_of(name).is_file()
    }
    return {**found, "simulated": lambda: simulated(SIMULATED)}


def simulated(sizes: tuple[int, int, int]) -> AnnData:
    """Return simulated expression alone."""
    return AnnData(fe.datasets.simulated(*sizes).X)


def ours(adata: AnnData, dim: int) -> None:
    fe.tl.train(adata, sample_dim=dim, key_added=f"fe{dim}", progress=False)


def pca(adata: AnnData) -> None:
    sc.pp.pca(adata, n_comps=min(64, *(n - 1 for n in adata.shape)))


def umap(adata: AnnData) -> None:
    sc.pp.pca(adata)
    sc.pp.neighbors(adata)
    sc.tl.umap(adata)


def seconds(call: Callable[[], None]) -> Callable[[], float]:
    """Return a function that times a call."""

    def timed() -> float:
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    return timed


def compare(name: str, adata: AnnData, rounds: int) -> tuple[list[dict[str, object]], pd.DataFrame]:
    """Return one record per dimension, and the single rounds."""
    print(f"{name}: {adata.n_obs} x {adata.n_vars}", flush=True)
    variants = {
        "train 32-D": seconds(lambda: ours(adata, 32)),
        "PCA 64": seconds(lambda: pca(adata)),
        "train 2-D": seconds(lambda: ours(adata, 2)),
        "PCA + neighbors + UMAP": seconds(lambda: umap(adata)),
    }
    measured = report.alternate(variants, rounds)
    medians = measured.median()
    variance = float(np.asarray(adata.X).var(axis=0, dtype=np.float64).mean())
    records = []
    for dim, against in ((32, "PCA 64"), (2, "PCA + neighbors + UMAP")):
        loss = adata.uns[f"fe{dim}"]["params"]["validation_loss"]
        mine, theirs = medians[f"train {dim}-D"], medians[against]
        records.append({
            "data": f"{name}, {adata.n_obs} x {adata.n_vars}", "dimensions": dim,
            "tl.train, s": mine, "against": against, "s": theirs, "ratio": mine / theirs,
            "held-out loss": loss, "held-out R2": 1 - loss / variance,
        })  # fmt: skip
    return records, measured.assign(data=name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of data")
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs")
    options = parser.parse_args(arguments)
    records, rounds = [], []
    for name, load in data(options.tiny).items():
        if any(word in name for word in options.only):
            of_this, measured = compare(name, load(), options.rounds)
            records += of_this
            rounds.append(measured)
    report.publish(
        "calls",
        pd.DataFrame(records),
        f"whole calls, medians of {options.rounds} alternating rounds, ratio of medians",
        rounds=pd.concat(rounds),
    )


if __name__ == "__main__":
    main()
