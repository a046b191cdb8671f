"""Which results docs/benchmarks.md and README.md show, and how: data for benchmarks.tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Table:
    """How a result is shown.

    Parameters
    ----------
    arguments
        Of the command that makes it, after ``python -m benchmarks.``.
    heads
        The columns that are shown, and their heads; none for all columns as they are.
    reshape
        What is done to the table of the result before.
    """

    arguments: str
    heads: Mapping[str, str] = field(default_factory=dict)
    reshape: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table

    @property
    def command(self) -> str:
        """The command that makes the result."""
        return f"python -m benchmarks.{self.arguments}"

    @property
    def result(self) -> str:
        """The name of the result."""
        words = self.arguments.split()
        return words[-1] if "--result" in words else words[0]


def side_by_side(values: str, by: str, rows: Sequence[str]) -> Callable[..., pd.DataFrame]:
    """Return what gives each value of the column `by` a column of its own."""

    def reshape(table: pd.DataFrame) -> pd.DataFrame:
        wide = table.pivot_table(values, rows, by, aggfunc="first", sort=False)
        return wide[table[by].unique()].reset_index()

    return reshape


def r2_of_methods(table: pd.DataFrame) -> pd.DataFrame:
    """Return quality with a column per method and decoder."""
    is_fe = table["method"] == "FE"
    method = table["method"].where(~is_fe, "FE, " + table["decoder"])
    rows = ["cohort", "samples", "genes", "dim"]
    return side_by_side("R2", "method", rows)(table.assign(method=method))


def beginning_with(start: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return what keeps the columns whose names begin so, beside method and dimension."""

    def reshape(table: pd.DataFrame) -> pd.DataFrame:
        kept = [column for column in table if column.startswith(start)]
        table = table[["dim", "method", "decoder", *kept]]
        return table.rename(columns=lambda name: name.removeprefix(start))

    return reshape


def with_intervals(value: str, *, added: bool = False) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return what gives a number of survival with its interval, a column per cohort and outcome.

    With `added` these are the rows of what stands beside age and type.
    """
    of = "_within" if value.endswith("_within") else ""
    start = "difference_" if value.startswith("difference") else ""

    def reshape(table: pd.DataFrame) -> pd.DataFrame:
        if added:
            table = table[table["basis"].str.endswith("+age+cancer_type")]
        ends = table[[value, f"{start}low{of}", f"{start}high{of}"]].to_numpy(dtype=float)
        text = [f"{a:.3f} ({b:.3f} to {c:.3f})" if a == a else "-" for a, b, c in ends]
        head = table["cohort"] + ", " + table["outcome"]
        made = table.assign(text=text, head=head, dim=table["dim"].replace(0, None))
        made["dim"] = made["dim"].map(lambda dim: "-" if dim is None else str(dim))
        return side_by_side("text", "head", ["basis", "dim"])(made)

    return reshape


def by_l2(value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return what gives each weight of a sweep a column of `value`."""

    def reshape(table: pd.DataFrame) -> pd.DataFrame:
        head = table["l2"].map("l2 = {:g}".format).str.replace("e-0", "e-")
        return side_by_side(value, "head", ["gene_dim"])(table.assign(head=head))

    return reshape


def spread_by_l2(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far the clouds of a sweep are spread for each weight, for any gene_dim."""
    rows = table.groupby("l2", sort=False)
    return pd.DataFrame(
        {
            "l2": [f"{l2:g}".replace("e-0", "e-") for l2 in rows.groups],
            "spread, least": rows["spread"].min().to_numpy(),
            "spread, most": rows["spread"].max().to_numpy(),
            "largest coordinate": rows["largest"].max().to_numpy(),
            "spread in the thesis": rows["thesis spread"].first().to_numpy(),
        }
    )


def ahead(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far the first method is ahead of each other one, a column per method."""
    rows = ["cohort", "n", "dim", "classifier"]
    first = table.loc[table["ahead"].isna(), [*rows, "accuracy_new"]]
    name = table["method"].iloc[0]
    others = table[table["ahead"].notna()]
    text = [f"{a:+.3f} ± {e:.3f}" for a, e in others[["ahead", "standard error"]].to_numpy()]
    others = others.assign(text=text, head="ahead of " + others["method"])
    wide = side_by_side("text", "head", rows)(others)
    return first.rename(columns={"accuracy_new": name}).merge(wide, on=rows)


def with_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far gene vectors are ahead, with standard errors."""
    found = {}
    for rival, head in (("of FE", "ahead"), ("of PCA", "ahead of PCA")):
        numbers = table[[head, f"{head}, error"]].to_numpy(dtype=float)
        found[rival] = [f"{a:+.4f} ± {e:.4f}" if e else "-" for a, e in numbers]
    return table.assign(**found)


def second_view(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of both views, and what each collection and source is ahead of FE."""
    of = ["GO", "Reactome", "HPA", "STRING", "HuRI", "BioPlex"]
    of_fe = table[table["vectors"] == "FE"].set_index("data")[of].astype(float)
    both = with_errors(table)
    both = both[both["vectors"] == "FE and bins"].set_index("data")
    ahead = both[of].astype(float) - of_fe
    both[of] = ahead.map(lambda a: "-" if a != a else f"{a:+.4f}")
    return both.reset_index()


ON_A_MAP = "--dims 2 --methods fe pca umap --result new_samples_differences"
IN_32_D = "--dims 32 --methods fe pca --classifiers knn --result new_samples_32d"
SIZE = {"samples": "samples", "genes": "genes"}
GROWTH = {
    **SIZE, "how": "how", "processor seconds": "s of the processor", "seconds": "s",
    "peak, MB": "peak, MB", "kB / sample": "kB a sample", "file read, times": "file read, times",
    "exponent": "exponent",
}  # fmt: skip
VIEWS = {
    "data": "data", **SIZE, "vectors": "vectors", "dim": "dim", "sets": "sets", "mean": "mean",
    "of FE": "ahead of FE", "least": "least", "most": "most", "of PCA": "ahead of FE and PCA",
}  # fmt: skip
SECOND_VIEW = {
    "data": "data", "mean": "mean, FE and bins", "of FE": "ahead of FE",
    "of PCA": "ahead of FE and PCA", "GO": "GO", "Reactome": "Reactome", "HPA": "HPA",
    "STRING": "STRING", "HuRI": "HuRI", "BioPlex": "BioPlex",
}  # fmt: skip
METRICS = {
    "data": "data", **SIZE, "metric": "metric", "STRING": "STRING", "HuRI": "HuRI",
    "BioPlex": "BioPlex", "GO": "GO", "Reactome": "Reactome", "error": "error",
}  # fmt: skip
BESIDE = {
    "what": "what", "value": "Exceiver", "against": "against", "value against": "that",
    "n": "n", "least ahead": "least difference", "most ahead": "greatest",
}  # fmt: skip
IMPUTED = {
    "cohort": "cohort", **SIZE, "hidden": "hidden", "dim": "dim", "FE places": "FE, places",
    "FE inner": "FE", "PCA": "PCA, least squares", "PPCA": "PCA, prior", "kNN": "15 nearest",
    "ridge": "kernel ridge", "auto": "`auto`", "FE - ridge": "FE - ridge",
    "auto - ridge": "`auto` - ridge",
}  # fmt: skip
TABLES: dict[str, Table] = {
    "calls": Table("calls", {
        "data": "data", **SIZE, "dim": "dim", "seconds": "`tl.train`, s", "against": "against",
        "seconds against": "s", "ratio": "ratio", "held-out R2": "R2, held out",
    }),
    "speed": Table("speed", {
        "implementation": "implementation", "decoder": "decoder", "matrix": "matrix",
        "GF/s": "GF/s", "M entries/s": "M entries/s", "x thesis 3 fw": "/ thesis, 3 fw",
        "x thesis 1 fw": "/ thesis, 1 fw", "x 2020": "/ 2020", "of roofline": "of roofline",
    }),
    "headline": Table("headline", {
        "what": "what", "decoder": "decoder", "how": "how", "M entries/s": "M entries/s",
        "seconds": "s", "hours": "h", "held-out loss": "loss, held out",
    }),
    "time_to_quality": Table("time_to_quality", {
        "data": "data", "recipe": "recipe", "loss": "its loss", "kNN fitted": "its kNN, fitted",
        "decoder": "decoder", "until": "until", "our s": "s", "our loss": "loss",
        "our kNN fitted": "kNN, fitted", "x (1 fw | eager)": "ratio, 1 fw or eager",
        "x (3 fw | loader)": "ratio, 3 fw or loader",
    }),
    "memory": Table("memory", {
        "matrix": "matrix", **SIZE, "decoder": "decoder", "matrix, MB": "matrix, MB",
        "peak, MB": "peak, MB", "/ matrix": "/ matrix", "/ dense": "/ dense size",
        "bar, MB": "bar, MB", "within": "within",
    }),
    "from_disk": Table("from_disk", {
        "matrix": "matrix", **SIZE, "how": "how", "seconds": "s", "peak, MB": "peak, MB",
        "held-out loss": "loss, held out", "seconds / memory's": "s, ratio",
        "peak / memory's": "peak, ratio",
    }),
    "growth": Table("growth", GROWTH),
    "growth_wide": Table("growth --wide --result growth_wide", GROWTH),
    "several_processes": Table("several_processes", {
        "part": "part", "messages": "messages", "bytes": "bytes", "bytes, formula": "formula",
        "bytes by formula": "bytes by formula",
    }),
    "several_processes_times": Table("several_processes --times --result several_processes_times", {
        "samples": "samples", "processes": "processes", "seconds": "s",
        "speaking": "of them speaking", "in every process": "of them in every process",
        "measured": "s, measured",
    }),
    "reading": Table("reading", {
        "rows are": "rows are", "reader": "reader", "samples": "samples", "genes": "genes",
        "seconds": "s", "peak, MB": "peak, MB", "matrix, MB": "matrix, MB",
        "peak / matrix": "peak / matrix",
    }),
    "stalls": Table("stalls", {
        "implementation": "implementation", "decoder": "decoder", "machine": "machine",
        "median": "median", "largest": "largest",
    }),
    "gpu": Table("gpu", {
        "hidden": "hidden layers", "activation": "activation", "sums": "sums", "seconds": "s",
        "M entries/s": "M entries/s", "of matmul": "of a matrix product",
    }),
    "quality": Table("quality", reshape=r2_of_methods),
    "new_samples_differences": Table(f"new_samples {ON_A_MAP}", reshape=ahead),
    "fitted_2d": Table(
        f"new_samples {ON_A_MAP}",
        reshape=side_by_side("accuracy_fitted", "method", ["cohort", "n", "classifier"]),
    ),
    "new_samples_32d": Table(f"new_samples {IN_32_D}", reshape=ahead),
    "new_samples_r2": Table(
        f"new_samples {IN_32_D}", reshape=side_by_side("r2_new", "method", ["cohort", "n"])
    ),
    "regression": Table("regression", {
        "dim": "dim", "method": "method", "decoder": "decoder", "rank": "rank, mean",
        "rank, least": "least", "rank, most": "most", "first or second": "first or second",
        "tasks": "tasks", "CPU seconds": "CPU s",
    }),
    "regression_r2": Table("regression", {
        "dim": "dim", "method": "method", "decoder": "decoder",
        "R2, score of hidden genes": "R2, hidden genes",
        "R2, score of hidden genes, least": "least", "R2, score of hidden genes, most": "most",
        "R2, measured": "R2, columns",
        "R2, measured, least": "least ", "R2, measured, most": "most ",
    }),
    "regression_columns": Table("regression", reshape=beginning_with("R2 of ")),
    "survival": Table("survival", reshape=with_intervals("c_index")),
    "survival_within": Table("survival", reshape=with_intervals("c_index_within")),
    "survival_added": Table("survival", reshape=with_intervals("difference", added=True)),
    "survival_added_within": Table(
        "survival", reshape=with_intervals("difference_within", added=True)
    ),
    "sweep": Table("sweep", reshape=by_l2("accuracy_new")),
    "sweep_fitted": Table("sweep", reshape=by_l2("accuracy_fitted")),
    "sweep_thesis": Table("sweep", reshape=by_l2("thesis accuracy_fitted")),
    "sweep_loss": Table("sweep", reshape=by_l2("validation_loss")),
    "sweep_spread": Table("sweep", reshape=spread_by_l2),
    "imputation": Table("imputation --only tcga --hidden genes --dims 2 8 32", IMPUTED),
    "imputation_gtex": Table(
        "imputation --only gtex --hidden genes --dims 2 8 32 --of 2 3 4 --result imputation_gtex",
        IMPUTED,
    ),
    "imputation_curve": Table(
        "imputation --curve --folds 2 --subsets 3 --methods fe means pca knn "
        "--result imputation_curve", {
            "cohort": "cohort", **SIZE, "n_genes": "genes shown", "fe": "FE",
            "pca": "PCA, prior", "knn": "15 nearest",
        },
    ),
    "placing": Table("placing", {
        "decoder": "decoder", "new samples": "new samples", "genes": "genes",
        "transform, s": "`tl.transform`, s", "gap": "gap", "near (1e-4)": "share within 1e-4",
        "Adam, s": "Adam, s", "Adam's gap": "gap of Adam", "x Adam": "ratio",
    }),
    "batches": Table("batches", {
        "data": "data", "method": "method", "decoder": "decoder", "batch": "batch",
        "iLISI": "iLISI", "cLISI": "cLISI", "accuracy": "accuracy, new",
        "cpu_seconds": "CPU s",
    }),
    "factors": Table("factors", {
        "data": "data", "method": "method", "decoder": "decoder", "R2": "R2", "least": "least",
        "most": "most",
    }),
    "labels": Table("labels", {
        "cohort": "cohort", "dim": "dim", "labels": "labels_key", "decoder": "decoder",
        "neighbours": "15 nearest", "head": "named right", "calibration": "calibration error",
        "R2": "R2, new",
    }),
    "modalities": Table("modalities --seeds 2", {
        "data": "data", "method": "method", "decoder": "decoder", "R2": "R2, new",
        "cpu_seconds": "CPU s",
    }),
    "gene_vectors": Table("gene_vectors --sets 300"),
    "gene_views": Table("gene_views", VIEWS, with_errors),
    "second_view": Table("gene_views", SECOND_VIEW, second_view),
    "gene_metrics": Table("gene_metrics", METRICS),
    "gene_metrics_near": Table("gene_metrics", {
        "data": "data", "metric": "metric", "STRING, in ten": "STRING", "HuRI, in ten": "HuRI",
        "BioPlex, in ten": "BioPlex", "GO, in ten": "GO", "Reactome, in ten": "Reactome",
    }),
    "orthologs": Table(
        'orthologs --only "human, mouse" --folds 3 --no-variants', {
        "data": "data", "vectors": "vectors", "decoder": "decoder", "dims": "dims",
        "training": "map from", "top_1 held out": "first, held out",
        "top_10 held out": "in ten, held out", "top_1 used": "first, used",
        "top_10 used": "in ten, used", "pairs": "pairs", "candidates": "candidates",
    }),
    "gene_classifiers": Table("gene_classifiers", {
        "method": "method", "properties": "properties", "genes": "genes", "dim": "dim",
        "seconds": "s", "over ours": "ratio", "measured on": "measured on",
    }),
    "generain": Table("generain", {
        "part": "part", "what": "what", "value": "GeneRAIN", "against": "against",
        "value against": "that",
    }),
    "exceiver": Table("exceiver --only counts labels few", BESIDE),
    "exceiver_genes": Table("exceiver --only genes --result exceiver_genes", BESIDE),
    "exceiver_cost": Table("exceiver --only speed memory scale runs --result exceiver_cost", {
        "what": "what", "value": "Exceiver", "against": "against", "value against": "that",
    }),
    "bins": Table("bins --rounds 5", {
        "samples": "samples", "genes": "genes", "panel": "panel",
        "samples a CPU second": "samples a CPU second",
    }),
    "gene_lookup": Table("gene_lookup", {
        "genes": "genes x dim", "what": "what", "milliseconds": "ms", "ratio": "loop / this",
    }),
    "app": Table("app", {
        "file": "file", "samples": "samples", "genes": "genes", "what": "what",
        "seconds": "seconds", "most": "slowest", "limit": "limit",
    }),
}  # fmt: skip
"""By the name that benchmarks/page.md has for them."""

Place = tuple[dict[str, Any], str]
"""Of a number in a result: what its row has in some columns, and its own column."""


@dataclass(frozen=True)
class Headline:
    """A line of the table in README.

    Parameters
    ----------
    what, against
        In words: what is measured, and with what it is compared.
    table
        A name in TABLES.
    ours, theirs
        Where the two numbers are.
    ahead
        Where it is how far ours is ahead, with its standard error, if that was measured.
    """

    what: str
    against: str
    table: str
    ours: Place
    theirs: Place
    ahead: tuple[Place, Place] | None = None


TWO_DIM_GTEX = {"data": "gtex", "dim": 2}
NEW_GTEX = {"cohort": "gtex", "classifier": "knn", "dim": 2}
MANY_SAMPLES = {"matrix": "CSR", "samples": 200_000}
HEADLINES = (
    Headline(
        "whole call in 2 dimensions, GTEx, seconds", "PCA, neighbors and UMAP", "calls",
        (TWO_DIM_GTEX, "seconds"), (TWO_DIM_GTEX, "seconds against"),
    ),
    Headline(
        "whole gradient steps, million entries a second", "the published way, 3 forwards", "speed",
        ({"implementation": "inner, dense"}, "M entries/s"),
        ({"implementation": "thesis style, 3 forwards"}, "M entries/s"),
    ),
    Headline(
        "peak memory from disk, 200,000 x 2000 CSR, MB", "in memory", "from_disk",
        ({**MANY_SAMPLES, "how": "from disk"}, "peak, MB"),
        ({**MANY_SAMPLES, "how": "in memory"}, "peak, MB"),
    ),
    Headline(
        "held-out entries of fitted samples, TCGA, 2 dimensions, R2", "PCA", "quality",
        ({"cohort": "tcga", "dim": 2, "decoder": "inner"}, "R2"),
        ({"cohort": "tcga", "dim": 2, "method": "PCA"}, "R2"),
    ),
    Headline(
        "new samples, tissue in 2 dimensions, GTEx by donor, accuracy", "UMAP",
        "new_samples_differences",
        ({**NEW_GTEX, "method": "fe"}, "accuracy_new"),
        ({**NEW_GTEX, "method": "umap"}, "accuracy_new"),
        (({**NEW_GTEX, "method": "umap"}, "ahead"),
         ({**NEW_GTEX, "method": "umap"}, "standard error")),
    ),
    Headline(
        "what gene vectors know, 64 tissues, mean AUROC", "whitened PCA and means", "gene_vectors",
        ({"data": "tissues", "method": "FE, inner, 32-D samples"}, "mean"),
        ({"data": "tissues", "method": "PCA, whitened, and mean"}, "mean"),
    ),
)  # fmt: skip
