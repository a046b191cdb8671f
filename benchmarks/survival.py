"""Survival: how well embeddings foretell death and progression of patients they have not seen.

`fe.tl.survival` on tumours of TCGA: in each fold everything is fitted to the training samples, and
the others are placed. A c-index is that of pairs of patients in the same fold, of all of them or of
those with the same type of cancer, with the 95 % interval of 10,000 resamples of the patients;
`ahead` is its difference to that of age and type together, in the same resamples. Beside each
embedding stands age with it, and all three together. Cohorts that are absent are left out.

    python -m benchmarks.survival [--dims 2 32] [--folds N] [--methods fe pca umap]
    python -m benchmarks.survival --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, report
from benchmarks.new_samples import GENES, normalised

KNOWN = "age+cancer_type"
OUTCOMES = {"death": ("OS_time", "OS"), "progression": ("PFI_time", "PFI")}
NUMBERS = ["c_index", "low", "high", "difference", "difference_low", "difference_high"]


@dataclass(frozen=True)
class Cohort:
    """Tumours whose patients were followed."""

    adata: AnnData
    n_top_genes: int | None = None


def eleven_types() -> Cohort:
    adata = cohorts.load("tcga")
    return Cohort(adata[(adata.obs["sample_type"] == "tumor").to_numpy()].copy())


def seven_types() -> Cohort:
    return Cohort(normalised(cohorts.load("tcga_7")), GENES)


def tiny() -> Cohort:
    adata = fe.datasets.simulated(120, 40, 3)
    draw = np.random.default_rng(0)
    days = 1000 * draw.exponential(np.exp(-adata.obsm["factors"][:, 0]))
    followed = draw.uniform(500, 2000, len(days))
    died = pd.Series((days < followed).astype(float), adata.obs_names)
    adata.obs["age"], adata.obs["cancer_type"] = draw.normal(60, 10, len(days)), adata.obs["group"]
    adata.obs["patient"] = adata.obs_names
    for of_time, of_event in OUTCOMES.values():
        adata.obs[of_time], adata.obs[of_event] = np.minimum(days, followed), died
    return Cohort(adata)


COHORTS: dict[str, tuple[str, Callable[[], Cohort]]] = {
    "11 types": ("tcga", eleven_types),
    "7 types": ("tcga_7", seven_types),
}
"""Each with the name of its file."""


def measure(name: str, cohort: Cohort, outcome: str, options: argparse.Namespace) -> pd.DataFrame:
    """Return a row per basis and dimension."""
    bases = [*options.methods, "age", "cancer_type", KNOWN]
    bases += [f"{method}+{known}" for known in ("age", KNOWN) for method in options.methods]
    started = time.perf_counter()
    found = fe.tl.survival(
        cohort.adata, *OUTCOMES[outcome], bases=bases, dims=options.dims, baseline=KNOWN,
        within="cancer_type", folds=options.folds, groups="patient", rng=options.seed,
        resamples=options.resamples, n_top_genes=cohort.n_top_genes, progress=False,
    )  # fmt: skip
    print(f"{name}, {outcome}: {time.perf_counter() - started:.0f} s", flush=True)
    return summary(found.table).assign(cohort=name, outcome=outcome, genes=cohort.adata.n_vars)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return all pairs and those within a type beside each other."""
    keys = ["basis", "dim", "n", "events", "ridge"]
    every = table[table["pairs"] == "all"].set_index(["basis", "dim"])
    within = table[table["pairs"] != "all"].set_index(["basis", "dim"])[NUMBERS]
    both = every.join(within.add_suffix("_within")).reset_index()
    uses_fe = both["basis"].str.split("+").map(lambda parts: "fe" in parts)
    both["decoder"] = np.where(uses_fe, "inner", report.NO_MODEL)
    return both[[*keys, "decoder", *NUMBERS, *(f"{name}_within" for name in NUMBERS)]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("survival", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of cohorts")
    parser.add_argument("--dims", nargs="+", type=int, default=[2, 32])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--methods", nargs="+", default=["fe", "pca", "umap"])
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    found = []
    known = {name: load for name, (file, load) in COHORTS.items() if cohorts.present(file)}
    for name, load in ({"tiny": tiny} if options.tiny else known).items():
        if not any(word in name for word in options.only):
            continue
        cohort = load()
        found += [measure(name, cohort, outcome, options) for outcome in OUTCOMES]
    if not found:
        raise SystemExit("no such cohort, or its file is absent: set FE_ANNDATA_DATA.")
    table = pd.concat(found)
    first = ["cohort", "outcome", "genes"]
    table = table[[*first, *(column for column in table if column not in first)]]
    report.publish(
        options, table, f"c-index of new patients, {options.folds} folds; ahead: of {KNOWN}"
    )


if __name__ == "__main__":
    main()
