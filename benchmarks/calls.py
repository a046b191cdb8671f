"""Whole calls: tl.train against what a user would run instead, alternating, second calls.

32 dimensions against PCA with 64 components; 2 dimensions against PCA, neighbours and UMAP. The
first call of each is thrown away. R2 is that of the held-out entries of our own calls, against the
mean of each gene. Cohorts that are absent are left out.

With `--against FOLDER`, another checkout, the default calls of both are compared instead, in one
run: see benchmarks/two_checkouts.py.

    python -m benchmarks.calls [--rounds N] [--only WORD ...] [--against FOLDER]
    python -m benchmarks.calls --tiny    # only to see that it runs
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, ours, report, two_checkouts

SIMULATED = (3000, 20_000, 20)
TINY = (60, 100, 3)
DIMS = (32, 2)


def names(tiny: bool) -> list[str]:
    """Return the names of what is measured."""
    if tiny:
        return ["tiny"]
    return [*(name for name in cohorts.FILES if cohorts.present(name)), "simulated"]


def load(name: str) -> AnnData:
    """Return a cohort, or simulated expression alone."""
    if name in cohorts.FILES:
        return cohorts.load(name)
    return AnnData(fe.datasets.simulated(*(TINY if name == "tiny" else SIMULATED)).X)


def train(adata: AnnData, dim: int) -> None:
    fe.tl.train(adata, sample_dim=dim, key_added=f"fe{dim}", progress=False)


def pca(adata: AnnData) -> None:
    sc.pp.pca(adata, n_comps=min(64, *(n - 1 for n in adata.shape)))


def umap(adata: AnnData) -> None:
    sc.pp.pca(adata)
    sc.pp.neighbors(adata)
    sc.tl.umap(adata)


def compare(name: str, rounds: int) -> tuple[list[dict[str, object]], pd.DataFrame]:
    """Return one record per dimension, and the single rounds."""
    adata = load(name)
    print(f"{name}: {adata.n_obs} x {adata.n_vars}", flush=True)
    calls: dict[str, Callable[[], None]] = {
        "train 32-D": lambda: train(adata, 32),
        "PCA 64": lambda: pca(adata),
        "train 2-D": lambda: train(adata, 2),
        "PCA + neighbors + UMAP": lambda: umap(adata),
    }
    variants = {label: lambda call=call: report.seconds(call) for label, call in calls.items()}
    measured = report.alternate(variants, rounds)
    medians = measured.median()
    variance = float(np.asarray(adata.X).var(axis=0, dtype=np.float64).mean())
    records = []
    for dim, against in zip(DIMS, ("PCA 64", "PCA + neighbors + UMAP"), strict=True):
        loss = ours.loss_of(adata, f"fe{dim}")
        mine, theirs = medians[f"train {dim}-D"], medians[against]
        records.append({
            "data": name, "samples": adata.n_obs, "genes": adata.n_vars, "dim": dim,
            "seconds": mine, "against": against, "seconds against": theirs, "ratio": mine / theirs,
            "held-out loss": loss, "held-out R2": 1 - loss / variance,
        })  # fmt: skip
    return records, measured.assign(data=name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("calls", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of data")
    parser.add_argument("--against", metavar="FOLDER", help="another checkout")
    options = parser.parse_args(arguments)
    data = [name for name in names(options.tiny) if any(word in name for word in options.only)]
    if options.against:
        two_checkouts.compare(Path(options.against), data, DIMS, options.rounds)
        return
    found = [compare(name, options.rounds) for name in data]
    report.publish(
        options,
        pd.DataFrame([record for records, _ in found for record in records]),
        f"whole calls, medians of {options.rounds} alternating rounds, ratio of medians",
        decoder="inner",
        rounds=pd.concat([rounds for _, rounds in found]),
    )


if __name__ == "__main__":
    main()
