"""Numbers read off embeddings of new samples by ridge regression, beside other embeddings.

The paper of 2020 compares embeddings on regression tasks. Which ones is not known, so these are
others: the numeric columns of two TCGA cohorts (age, the logarithm of the number of mutations, the
number of reads; survival times are censored, so they are none), and scores of gene sets: the mean
z-score of the genes of a hallmark set, drawn at random. The genes of all these sets are hidden from
every method. In each fold the genes that vary most, the embedding, and the regression are fitted to
the training samples alone, new ones are placed, and patients never straddle a fold. All methods
have as many dimensions. No setting was chosen by these tests: ours and UMAP's are the defaults of
`fe.tl.evaluate`, and the others are in benchmarks/embedders.py.

Tasks of one cohort share their samples, and gene sets share what tumours differ by: errors, by a
bootstrap over tasks, say how far another choice of such tasks might lead, and no more.

    python -m benchmarks.regression [--only WORD ...] [--dims 2 8 32] [--methods WORD ...]
    python -m benchmarks.regression --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, insides, report
from benchmarks.embedders import Autoencoder, Nmf
from benchmarks.new_samples import normalised
from fe_anndata.evaluation import RIDGE, Fold, folds_of_any, score

SETS, LEAST = 12, 20
"""How many gene sets, and how many of its genes each must have in either cohort."""
GENES = 1000
"""Those that vary most among the training samples."""
RESAMPLES = 10_000
MEASURED, HIDDEN = "measured", "score of hidden genes"
METHODS: dict[str, Callable[[AnnData, int, int], Any]] = {
    "FE": insides.method("fe"),
    "dot product": insides.method("fe", decoder="dot"),
    "PCA": insides.method("pca"),
    "NMF": Nmf,
    "autoencoder": Autoencoder,
    "UMAP": insides.method("umap"),
}
DECODERS = {"FE": "inner", "dot product": "dot"}


@dataclass(frozen=True)
class Cohort:
    """Samples, and what is read off them.

    Attributes
    ----------
    adata
        Log expression of the genes that methods may see, dense.
    patients
        The patient of each sample.
    tasks
        Numbers by name, NaN where unknown; the kind stands before the name.
    """

    adata: AnnData
    patients: np.ndarray
    tasks: Mapping[tuple[str, str], np.ndarray]


def tcga() -> AnnData:
    return cohorts.load("tcga")


def tcga_7() -> AnnData:
    adata = cohorts.load("tcga_7")
    return normalised(adata[:, (adata.var["biotype"] == "protein_coding").to_numpy()])


COLUMNS = {"tcga": ("age", "log10_mut"), "tcga_7": ("age", "log10_mut", "n_counts")}
LOADERS = {"tcga": tcga, "tcga_7": tcga_7}


def drawn_sets(known: Sequence[pd.Index]) -> dict[str, list[str]]:
    """Return gene sets that have enough genes in all of the cohorts, drawn by a fixed seed."""
    sets = fe.io.read_gmt(cohorts.file("genes/genesets/hallmark_v7.0.gmt.gz"))
    large = sorted(
        name for name, genes in sets.items() if min(genes_in(genes, of) for of in known) >= LEAST
    )
    chosen = np.random.default_rng(0).choice(large, SETS, replace=False)
    return {name: list(sets[name]) for name in sorted(chosen)}


def genes_in(genes: Sequence[str], known: pd.Index) -> int:
    return int(known.isin(genes).sum())


def cohort(adata: AnnData, columns: Sequence[str], sets: Mapping[str, Sequence[str]]) -> Cohort:
    """Return the tasks of a cohort, and its samples without the genes of any set."""
    tasks = {(MEASURED, name): adata.obs[name].to_numpy(dtype=float) for name in columns}
    X = np.asarray(adata.X, dtype=np.float64)
    z = (X - X.mean(0)) / np.maximum(X.std(0), 1e-12)
    hidden = np.zeros(adata.n_vars, dtype=bool)
    for name, genes in sets.items():
        of_set = adata.var_names.isin(genes)
        tasks[HIDDEN, name] = z[:, of_set].mean(1)
        hidden |= of_set
    return Cohort(adata[:, ~hidden].copy(), adata.obs["patient"].to_numpy(dtype=str), tasks)


def tiny() -> Cohort:
    adata = fe.datasets.simulated(60, 60, 3)
    adata.obs["patient"] = [f"p{i // 2}" for i in range(60)]
    adata.obs["number"] = adata.X[:, 0].astype(float)
    return cohort(adata, ["number"], {"a set": list(adata.var_names[:10])})


def measure(name: str, of: Cohort, options: argparse.Namespace) -> pd.DataFrame:
    """Return a row for each task, fold, number of dimensions and method of a cohort."""
    rows: list[dict[str, Any]] = []
    folds = folds_of_any(of.adata.n_obs, options.folds, groups=of.patients, seed=options.seed)
    for number, fold in enumerate(folds):
        train, new = both_sides(of.adata, fold)
        for dim, method in product(options.dims, options.methods):
            here = train.copy()
            started = time.process_time()
            embedder = METHODS[method](here, dim, options.seed)
            fitted, placed = embedder(here), embedder(new.copy())
            seconds = time.process_time() - started
            where = {"cohort": name, "fold": number, "dim": dim, "method": method}
            found = read_off(fitted, placed, of.tasks, fold, options.seed)
            rows += [{**where, **task, "seconds": seconds} for task in found]
            print(f"  {name}, fold {number}, {dim}-D, {method}: {seconds:.1f} s", flush=True)
    return pd.DataFrame(rows)


def both_sides(adata: AnnData, fold: Fold) -> list[AnnData]:
    """Return training samples and new ones, of the genes that vary most among the former."""
    spread = adata.X[fold.train].std(0)
    genes = np.sort(np.argsort(-spread, kind="stable")[:GENES])
    return [AnnData(adata.X[side][:, genes], var=adata.var.iloc[genes][[]]) for side in fold]


def read_off(
    fitted: np.ndarray,
    placed: np.ndarray,
    tasks: Mapping[tuple[str, str], np.ndarray],
    fold: Fold,
    seed: int,
) -> list[dict[str, Any]]:
    """Return R2 of new samples for each task: around the mean of the new samples themselves."""
    found = []
    for (kind, task), values in tasks.items():
        train, test = (np.isfinite(values[side]) for side in fold)
        y, y_new = values[fold.train][train], values[fold.test][test]
        r2 = score(RIDGE, fitted[train], y, placed[test], y_new, seed)["label_r2"]
        found.append({"kind": kind, "task": task, "R2": r2})
    return found


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return R2 and ranks by method and dimension, with 95 % intervals over tasks.

    Of each measured column there are also the mean over folds and its standard error.
    """
    task = ["dim", "cohort", "kind", "task"]
    r2, error = (
        rows.pivot_table("R2", task, "method", aggfunc=by, sort=False) for by in ("mean", "sem")
    )
    ranks = r2.rank(axis=1, ascending=False)
    seconds = rows.groupby(["dim", "method"])["seconds"].mean()
    records = []
    for dim, method in product(rows["dim"].unique(), rows["method"].unique()):
        of_tasks, rank = r2.loc[dim, method], ranks.loc[dim, method]
        record = {"dim": int(dim), "method": method}
        record["decoder"] = DECODERS.get(method, report.NO_MODEL)
        for kind in rows["kind"].unique():
            record |= interval(f"R2, {kind}", of_tasks.xs(kind, level="kind"))
        record |= interval("rank", rank)
        record |= {"first or second": float((rank <= 2).mean()), "tasks": len(rank)}
        record["CPU seconds"] = float(seconds[dim, method])
        for of, kind, name in of_tasks.index:
            if kind == MEASURED:
                record[f"R2 of {of}, {name}"] = of_tasks[of, kind, name]
                record[f"R2 of {of}, {name}, error"] = error.loc[dim, method][of, kind, name]
        records.append(record)
    return pd.DataFrame(records)


def interval(name: str, values: pd.Series) -> dict[str, float]:
    """Return the mean over tasks, and its 95 % bootstrap interval if there are several tasks."""
    found = {name: float(values.mean()), f"{name}, least": np.nan, f"{name}, most": np.nan}
    if len(values) > 1:
        drawn = np.random.default_rng(0).choice(values.to_numpy(), (RESAMPLES, len(values)))
        least, most = np.quantile(drawn.mean(1), (0.025, 0.975))
        found |= {f"{name}, least": float(least), f"{name}, most": float(most)}
    return found


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = report.Parser("regression", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of cohorts")
    parser.add_argument("--dims", nargs="+", type=int, default=(2, 8, 32))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    options = options_of(arguments)
    if options.tiny:
        found = [measure("tiny", tiny(), options)]
    else:
        if not all(cohorts.present(name) for name in LOADERS):
            raise SystemExit("the cohorts are absent: set FE_ANNDATA_DATA.")
        # Compiles what is compiled on first use.
        measure("warm-up", tiny(), argparse.Namespace(**vars(options) | {"folds": 2, "dims": [2]}))
        loaded = {name: load() for name, load in LOADERS.items()}
        sets = drawn_sets([adata.var_names for adata in loaded.values()])
        found = [
            measure(name, cohort(adata, COLUMNS[name], sets), options)
            for name, adata in loaded.items()
            if any(word in name for word in options.only)
        ]
    rows = pd.concat(found)
    note = (
        f"R2 of new samples by ridge regression, means of {options.folds} folds and of tasks; "
        f"intervals: bootstrap over tasks; {time.process_time() / 60:.0f} CPU minutes in all"
    )
    report.publish(options, summary(rows), note, rounds=rows)


if __name__ == "__main__":
    main()
