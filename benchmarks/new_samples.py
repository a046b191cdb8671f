"""New samples: how well each method places what it was not fitted to, under one protocol.

`fe.tl.evaluate` on four cohorts: in each fold genes, means, PCA, UMAP, FE and the classifiers are
fitted to the training samples alone; patients and donors never straddle a fold. Samples are dealt
into folds several times, and each fold is trained with several seeds. Printed are means over folds,
and how far the first method is ahead of each other one: differences paired by fold, of means over
seeds, with their standard errors after Nadeau and Bengio (2003). What is within two of them is not
claimed anywhere. Cohorts that are absent are left out.

    python -m benchmarks.new_samples [--only WORD ...] [--dims 2 8 32] [--folds N] [--deals N]
                                     [--seeds N] [--samples 300 600] [--concat] [--ablations]
    python -m benchmarks.new_samples --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, insides, ours, report

DIMS = (2, 8, 16, 32, 64)
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
    deals: int | None = None  # the most there are


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
    # Five donors are put into five folds in one way.
    return Cohort(normalised(some(adata, KANG, seed=0)), "cell_type", "donor", GENES, deals=1)


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
    return replace(cohort, adata=adata)


def measure(
    name: str, cohort: Cohort, methods: list[Any], options: argparse.Namespace
) -> pd.DataFrame:
    """Return the rows of one cohort: all seeds of training on the same deals of folds."""
    adata = cohort.adata
    classes = adata.obs[cohort.label].nunique()
    print(f"{name}: {adata.n_obs} x {adata.n_vars}, {classes} classes", flush=True)
    started = time.perf_counter()
    tables = []
    for seed in range(options.seeds):
        table = fe.tl.evaluate(
            adata, cohort.label, dims=options.dims, folds=options.folds,
            deals=min(options.deals, cohort.deals or options.deals),
            methods=[insides.seeded(method, seed) for method in methods],
            groups=cohort.groups, n_top_genes=cohort.n_top_genes, rng=options.seed,
            classifiers=options.classifiers, progress=False,
        )  # fmt: skip
        tables.append(table.assign(seed=seed))
        taken = time.perf_counter() - started
        print(f"  seed {seed + 1} of {options.seeds}: {taken:.0f} s", flush=True)
    found = pd.concat(tables, ignore_index=True)
    return found.assign(cohort=name, n=adata.n_obs, genes=adata.n_vars, classes=classes)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return means over folds, and how far the first method is ahead of each other one."""
    keys = ["cohort", "n", "dim", "classifier", "method"]
    rows["decoder"] = rows["decoder"].replace("", report.NO_MODEL)
    by = rows.groupby(keys, sort=False)
    table = by[METRICS].mean().assign(decoder=by["decoder"].first()).reset_index()
    table = table.merge(differences(rows), on=keys, how="left")
    first = [*keys, "decoder", "accuracy_new", "ahead", "standard error", "won"]
    return table[[*first, *(m for m in METRICS if m not in first)]]


def differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how far the first method is ahead of each other one, paired by fold, and print it."""
    found = []
    for (cohort, n), of in rows.groupby(["cohort", "n"], sort=False):
        if len(of["method"].unique()) > 1:
            found.append(fe.get.differences(of).assign(cohort=cohort, n_samples=n))
    names = {"against": "method", "n_samples": "n", "difference": "ahead",
             "standard_error": "standard error"}  # fmt: skip
    columns = ["cohort", "n", "dim", "classifier", "method", "ahead", "standard error", "won"]
    if not found:
        return pd.DataFrame(columns=columns)
    table = pd.concat(found, ignore_index=True)
    for row in table.itertuples():
        print(f"{row.cohort} ({row.n_samples}), {row.dim}-D, {row.classifier}: {row.sentence}")
    table["won"] = [f"{won} of {n}" for won, n in zip(table["won"], table["n"], strict=True)]
    return table.drop(columns=["method", "n"]).rename(columns=names)[columns]


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = report.Parser("new_samples", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of cohorts")
    parser.add_argument("--dims", nargs="+", type=int, default=DIMS)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--deals", type=int, default=3, help="how often samples are dealt")
    parser.add_argument("--seeds", type=int, default=2, help="of the trainings of each fold")
    parser.add_argument("--samples", nargs="+", type=int, default=[], help="random subsets as well")
    parser.add_argument("--methods", nargs="+", default=["fe", "pca", "umap"])
    parser.add_argument("--classifiers", nargs="+", default=["knn", "logistic", "network"])
    parser.add_argument("--concat", action="store_true", help="the published decoder as well")
    parser.add_argument("--ablations", action="store_true", help="FE with one option changed")
    parser.add_argument("--seed", type=int, default=0, help="of the folds")
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
        publish(pd.concat(found, ignore_index=True), options)  # what there is, should it be ended
    if not found:
        raise SystemExit("no such cohort, or its file is absent: set FE_ANNDATA_DATA.")


def publish(rows: pd.DataFrame, options: argparse.Namespace) -> None:
    """Print and write the means and differences of what was measured so far."""
    report.publish(
        options,
        summary(rows),
        f"new samples, means of {options.deals} deals of {options.folds} folds and {options.seeds} "
        f"seeds; ahead: accuracy of {rows['method'].iloc[0]} minus that of the row, paired by "
        "fold, with its standard error after Nadeau and Bengio (2003)",
        rounds=rows,
    )


if __name__ == "__main__":
    main()
