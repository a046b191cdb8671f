"""New samples: how well each method places what it was not fitted to, under one protocol.

`fe.tl.evaluate` on four cohorts: in each fold genes, means, PCA, UMAP, FE and the classifiers are
fitted to the training samples alone; patients and donors never straddle a fold. Printed are means
over folds, and the difference of the first method to UMAP (below 16 dimensions) and to PCA (from
16 on), paired by fold, with the number of folds won. Cohorts that are absent are left out.

    python -m benchmarks.new_samples [--only WORD ...] [--dims 2 8 32] [--folds N]
                                     [--samples 300 600] [--concat] [--ablations]
    python -m benchmarks.new_samples --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, insides, ours, report

DIMS = (2, 8, 16, 32, 64)
FEW_DIMENSIONS = 16
"""From here on PCA is the method to beat, below it UMAP."""
KANG = 3000
"""Samples of this cohort, so that it stays within minutes."""
GENES = 2000
METRICS = ["accuracy_new", "balanced_accuracy_new", "accuracy_fitted", "r2_new",
           "distance_pearson_new", "distance_pearson_fitted", "neighbours_kept_new",
           "seconds_fit", "seconds_new"]  # fmt: skip


@dataclass(frozen=True)
class Cohort:
    """What is read off which samples."""

    adata: AnnData
    label: str
    groups: str | None = None
    n_top_genes: int | None = None


def tcga() -> Cohort:
    adata = cohorts.load("tcga")
    kinds = adata.obs[["cancer_type", "sample_type"]].astype(str)
    adata.obs["label"] = kinds["cancer_type"] + ", " + kinds["sample_type"]
    return Cohort(adata, "label", "patient")


def gtex() -> Cohort:
    adata = cohorts.load("gtex")
    return Cohort(with_samples(adata, "tissue", 10, "donor"), "tissue", "donor")


def pbmc3k() -> Cohort:
    adata = cohorts.load("pbmc3k")
    return Cohort(normalised(adata[adata.obs["cell_type"].notna()]), "cell_type", None, GENES)


def kang() -> Cohort:
    adata = cohorts.load("kang")
    return Cohort(normalised(some(adata, KANG, seed=0)), "cell_type", "donor", GENES)


def tiny() -> Cohort:
    return Cohort(fe.datasets.simulated(90, 40, 3), "group")


COHORTS = {"tcga": tcga, "gtex": gtex, "pbmc3k": pbmc3k, "kang": kang}


def normalised(adata: AnnData) -> AnnData:
    """Return log(x + 1) of counts per 10,000, sample by sample: nothing is fitted."""
    adata = adata.copy()
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def with_samples(adata: AnnData, label: str, least: int, groups: str | None) -> AnnData:
    """Return the samples of classes that have at least so many, and are in several groups.

    All bone marrow of GTEx is one cell line: no fold can both train on it and test it.
    """
    classes = adata.obs[label].astype(str)
    kept = classes.map(classes.value_counts()) >= least
    if groups is not None:
        kept &= adata.obs[groups].astype(str).groupby(classes).transform("nunique") > 1
    return adata[kept.to_numpy()].copy()


def some(adata: AnnData, number: int, seed: int) -> AnnData:
    """Return so many random samples, in their order."""
    if number >= adata.n_obs:
        return adata
    rows = np.random.default_rng(seed).permutation(adata.n_obs)[:number]
    return adata[np.sort(rows)].copy()


def subset(cohort: Cohort, number: int, folds: int, seed: int) -> Cohort:
    """Return a cohort of so many random samples, without the classes too small for the folds."""
    drawn = some(cohort.adata, number, seed)
    adata = with_samples(drawn, cohort.label, folds, cohort.groups)
    return Cohort(adata, cohort.label, cohort.groups, cohort.n_top_genes)


def measure(
    name: str, cohort: Cohort, methods: list[Any], options: argparse.Namespace
) -> pd.DataFrame:
    """Return the rows of one cohort."""
    adata = cohort.adata
    classes = adata.obs[cohort.label].nunique()
    print(f"{name}: {adata.n_obs} x {adata.n_vars}, {classes} classes", flush=True)
    started = time.perf_counter()
    table = fe.tl.evaluate(
        adata, cohort.label, dims=options.dims, methods=methods, folds=options.folds,
        groups=cohort.groups, n_top_genes=cohort.n_top_genes, rng=options.seed, progress=False,
        classifiers=options.classifiers,
    )  # fmt: skip
    print(f"  {time.perf_counter() - started:.0f} s", flush=True)
    return table.assign(cohort=name, n=adata.n_obs, genes=adata.n_vars, classes=classes)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return means over folds, and what every method is ahead of the one to beat."""
    keys = ["cohort", "n", "dim", "classifier", "method"]
    rows["decoder"] = rows["decoder"].replace("", report.NO_MODEL)
    by = rows.groupby(keys, sort=False)
    table = by[METRICS].mean().assign(decoder=by["decoder"].first())
    accuracies = rows.pivot_table(
        index="fold", columns=keys, values="accuracy_new", aggfunc="mean", observed=True
    )
    records = []
    for key in table.index:
        rival = "umap" if key[2] < FEW_DIMENSIONS else "pca"
        against = (*key[:4], rival)
        if key[4] == rival or against not in accuracies:
            records.append({"against": "", "ahead": np.nan, "folds won": ""})
            continue
        ahead = accuracies[key] - accuracies[against]
        won = f"{(ahead > 0).sum()} of {ahead.notna().sum()}"
        records.append({"against": rival, "ahead": ahead.mean(), "folds won": won})
    table = table.join(pd.DataFrame(records, index=table.index)).reset_index()
    first = [*keys, "decoder", "accuracy_new", "against", "ahead", "folds won"]
    return table[[*first, *(m for m in METRICS if m not in first)]]


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = report.Parser("new_samples", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of cohorts")
    parser.add_argument("--dims", nargs="+", type=int, default=DIMS)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--samples", nargs="+", type=int, default=[], help="random subsets as well")
    parser.add_argument("--methods", nargs="+", default=["fe", "pca", "umap"])
    parser.add_argument("--classifiers", nargs="+", default=["knn", "logistic", "network"])
    parser.add_argument("--concat", action="store_true", help="the published decoder as well")
    parser.add_argument("--ablations", action="store_true", help="FE with one option changed")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    options = options_of(arguments)
    methods = [*options.methods, *(["fe_concat"] if options.concat else [])]
    changes = list(ours.ABLATIONS) if options.ablations else list(ours.ABLATIONS)[:1]
    if "fe" in methods:
        methods += [insides.ablated(change) for change in changes]
    found = []
    for name, load in ({"tiny": tiny} if options.tiny else COHORTS).items():
        known = options.tiny or cohorts.present(name)
        if not known or not any(word in name for word in options.only):
            continue
        whole = load()
        found.append(measure(name, whole, methods, options))
        for number in options.samples:
            few = subset(whole, number, options.folds, options.seed)
            found.append(measure(f"{name}, {number} drawn", few, methods, options))
    if not found:
        raise SystemExit("no such cohort, or its file is absent: set FE_ANNDATA_DATA.")
    rows = pd.concat(found)
    report.publish(
        options,
        summary(rows),
        f"new samples, means of {options.folds} folds; ahead: accuracy, paired by fold",
        rounds=rows,
    )


if __name__ == "__main__":
    main()
