"""Exceiver: what it knows of new cells and of genes beside PCA and FE, and what it costs.

Parts, of which `--only` takes some: `counts` (hidden counts of new cells, nats per count; see
`benchmarks.exceiver_counts`), `labels` (labels of new cells by 15 neighbours and by logistic
regression, means over splits), `genes` (AUROC of gene sets beside the loadings that gene vectors
start from, and FE), `few` (a few labels of each class of four donors of kang, read off frozen
coordinates of the fifth), `scale` (the default call on 50,000 simulated cells), `memory` (peak
above imports and data on pbmc3k, 64 cells a minibatch), `speed` (CPU seconds of a cell, beside the
published form), `runs` (runs that should be equal). All methods are fitted to the same cells,
and nothing is chosen by new ones.

    python -m benchmarks.exceiver [--only PART ...] [--seeds N] [--cohorts NAME ...]
    python -m benchmarks.exceiver --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fe_anndata as fe
from benchmarks import cohorts, exceiver_cells, exceiver_counts, gene_vectors, report
from benchmarks.exceiver_cells import LABEL, SMALL, fitted, known
from benchmarks.generain import Row, row

OURS = "Exceiver"
RIVALS = ("PCA", "FE")
NEIGHBOURS = 15
FEW = (5, 20, 100)
DECODER = "Exceiver's own; that of FE is inner"


def beside(part: str, what: str, scores: pd.DataFrame) -> Iterator[Row]:
    """Yield ours beside each other method: means over rows, which are splits or draws."""
    means = scores.mean()
    for name in scores:
        if name != OURS:
            line = row(part, what, means[OURS], str(name), means[name])
            ahead = scores[OURS] - scores[name]
            yield {**line, "n": len(scores), "least ahead": ahead.min(), "most ahead": ahead.max()}


def part_counts(options: argparse.Namespace) -> Iterator[Row]:
    """Foretell hidden counts of new cells."""
    if find_spec("scvi") is None:
        print("  counts: scVI: skipped: scvi-tools is not installed")
    for name in known(options):
        found = []
        for seed in range(options.seeds):
            of = fitted(name, seed, options.steps)
            found.append(exceiver_counts.losses(of) | scvi_of(of))
        losses = pd.DataFrame(found)
        yield from beside("counts", f"{name}, nats per hidden count", losses)
        gains = losses.rsub(losses["gene mean"], axis=0).mean()
        for other in losses.columns.drop(["gene mean", OURS]):
            yield row("counts", f"{name}, gain over the gene mean", gains[OURS], other,
                      gains[other])  # fmt: skip


def scvi_of(of: exceiver_cells.Fitted) -> dict[str, float]:
    """Return the loss of scVI, if it is there."""
    if find_spec("scvi") is None:
        return {}
    from benchmarks import exceiver_scvi

    return {"scVI": exceiver_scvi.loss(of)}


def readers() -> dict[str, Any]:
    """Return what reads labels off coordinates."""
    return {
        f"{NEIGHBOURS} neighbours": KNeighborsClassifier(NEIGHBOURS),
        "logistic regression": logistic(),
    }


def logistic() -> Any:
    """Return logistic regression on standardised coordinates."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))


SCORES = {"accuracy": accuracy_score, "balanced accuracy": balanced_accuracy_score}


def part_labels(options: argparse.Namespace) -> Iterator[Row]:
    """Read labels of new cells."""
    for name in known(options):
        found: dict[str, list[dict[str, float]]] = {}
        for seed in range(options.seeds):
            of = fitted(name, seed, options.steps)
            truth, of_new = (a.obs[LABEL].astype(str) for a in (of.split.train, of.split.new))
            for reader, fresh in readers().items():
                told = {
                    method: fresh.fit(train, truth).predict(new)
                    for method, (train, new) in of.places.items()
                }
                for score, judge in SCORES.items():
                    found.setdefault(f"{name}, {reader}, {score}", []).append(
                        {method: judge(of_new, labels) for method, labels in told.items()}
                    )
        for what, scores in found.items():
            yield from beside("labels", what, pd.DataFrame(scores))


def part_few(options: argparse.Namespace) -> Iterator[Row]:
    """Read labels of a new donor by a few of the others."""
    name = "tiny" if options.tiny else "kang"
    if not options.tiny and not cohorts.present(name):
        print(f"  few: skipped: {cohorts.path_of(name)} is not there")
        return
    for k in FEW[:1] if options.tiny else FEW:
        found: dict[str, list[dict[str, float]]] = {score: [] for score in SCORES}
        for seed in range(options.seeds):
            of = fitted(name, seed, options.steps)
            truth, of_new = (
                a.obs[LABEL].astype(str).to_numpy() for a in (of.split.train, of.split.new)
            )
            for draw in range(options.draws):
                some = drawn(truth, k, np.random.default_rng([seed, draw]))
                told = {
                    method: logistic().fit(train[some], truth[some]).predict(new)
                    for method, (train, new) in of.places.items()
                }
                for score, judge in SCORES.items():
                    found[score].append({m: judge(of_new, labels) for m, labels in told.items()})
        for score, scores in found.items():
            yield from beside("few", f"{name}, {k} labels of a class, {score}",
                              pd.DataFrame(scores))  # fmt: skip


def drawn(labels: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return k samples of each class, but at most half of one."""
    parts = [np.flatnonzero(labels == name) for name in np.unique(labels)]
    return np.concatenate([rng.permutation(p)[: min(k, max(1, len(p) // 2))] for p in parts])


def part_genes(options: argparse.Namespace) -> Iterator[Row]:
    """Judge gene vectors beside the whitened loadings they start from, and FE."""
    name = "tiny" if options.tiny else "pbmc3k"
    if not options.tiny and not cohorts.file(gene_vectors.SPECIFIC).is_file():
        print("  genes: skipped: gene sets are absent, set FE_ANNDATA_DATA")
        return
    adata = exceiver_cells.cells(name)
    width = SMALL["width"] if options.tiny else 64
    seen = adata[:, adata.X.getnnz(0) >= 3].copy()
    if options.tiny:
        sets = {"sets": {f"part {i}": list(seen.var_names[i::3]) for i in range(3)}}
    else:
        sets = gene_vectors.knowledge(seen.var_names, options.sets).sets
        sets = {collection: sets[collection] for collection in ("GO", "Reactome")}
    knowledge = gene_vectors.Knowledge(sets, {})
    logs = exceiver_cells.log_profiles(seen.X.toarray(), seen.X.sum(1).A1)
    dense = AnnData(logs, var=seen.var[[]])
    found: dict[str, list[dict[str, float]]] = {}
    for seed in range(options.genes_seeds):
        tables = {"start": vectors(seen, options, seed, steps=1, learning_rate=1e-12,
                                   table_learning_rate=1e-12),
                  "FE": of_fe(dense, width, seed, options.tiny),
                  OURS: vectors(seen, options, seed)}  # fmt: skip
        for method, V in tables.items():
            judged = gene_vectors.judge(pd.DataFrame(V, index=seen.var_names), knowledge)
            for collection, value in judged.items():
                of_seeds = found.setdefault(collection, [{} for _ in range(options.genes_seeds)])
                of_seeds[seed][method] = value
    for collection, scores in found.items():
        yield from beside("genes", f"{name}, AUROC of {collection}", pd.DataFrame(scores))


def vectors(adata: AnnData, options: argparse.Namespace, seed: int, **given: Any) -> np.ndarray:
    """Return gene vectors of Exceiver."""
    result = adata.copy()
    small = dict(SMALL) if options.tiny else {}
    if not options.tiny and options.steps is not None:
        small = {"steps": options.steps}
    of_evaluation = {"evaluate_every": 1} if "steps" in given else {}
    fe.tl.train(result, "exceiver", rng=seed, progress=False, **{**small, **given, **of_evaluation})
    return np.asarray(result.varm["exceiver"])


def of_fe(adata: AnnData, width: int, seed: int, tiny: bool) -> np.ndarray:
    """Return gene vectors of FE, as long as those of Exceiver."""
    result, few = adata.copy(), {"steps": 5} if tiny else {}
    fe.tl.train(result, gene_dim=width, sample_dim=min(width, 32), rng=seed, progress=False, **few)
    return np.asarray(result.varm["fe"])


def part_scale(options: argparse.Namespace) -> Iterator[Row]:
    """Time the default call on many simulated cells, on two threads."""
    from benchmarks.exceiver_cost import measure

    cells, genes = (200, 100) if options.tiny else (options.cells, 10_000)
    found = measure("simulated", options.steps, 2, cells, genes, 0.08)
    size = f"{cells} cells x {genes} genes"
    yield row("scale", f"{size}, wall s of the call", found["seconds"], "density",
              found["density"])  # fmt: skip
    yield row("scale", f"{size}, peak MB above imports and data", found["above"], "those",
              found["before"])  # fmt: skip


def part_memory(options: argparse.Namespace) -> Iterator[Row]:
    """Measure the peak memory on pbmc3k."""
    from benchmarks.exceiver_cost import measure

    name = "tiny" if options.tiny else "pbmc3k"
    found = measure(name, 3 if options.tiny else 30, 1)
    yield row("memory", f"{name}, peak MB above imports and data", found["above"], "those",
              found["before"])  # fmt: skip


def part_speed(options: argparse.Namespace) -> Iterator[Row]:
    """Compare CPU seconds of a cell with those of the published form."""
    if find_spec("benchmarks.exceiver_published") is None:
        print("  speed: skipped: benchmarks.exceiver_published is not there")
        return
    from benchmarks.exceiver_published import steps

    for name in known(options):
        variants = steps(name, exceiver_cells.cells(name), threads=1)
        table = report.alternate(variants, options.rounds).median()
        for other in table.index.drop("ours"):
            yield row("speed", f"{name}, cells a CPU s", 1 / table["ours"], other,
                      1 / table[other])  # fmt: skip
            yield row("speed", f"{name}, times as fast as {other}", table[other] / table["ours"])


def part_runs(_: argparse.Namespace) -> Iterator[Row]:
    """Compare runs that should be equal."""
    from benchmarks import exceiver_runs

    yield row("runs", "killed and resumed", exceiver_runs.of_resumed(), "bar", 0.0)
    yield row("runs", "two processes", exceiver_runs.of_processes(), "bar", 1e-5)
    for what, number in exceiver_runs.of_orders().items():
        yield row("runs", f"bytes that differ by {what}" if "refused" not in what else what,
                  number, "bar", 0)  # fmt: skip


PARTS = {"counts": part_counts, "labels": part_labels, "few": part_few, "genes": part_genes,
         "scale": part_scale, "memory": part_memory, "speed": part_speed,
         "runs": part_runs}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("exceiver", __doc__)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--cohorts", nargs="+", default=["pbmc3k", "kang"],
                        choices=list(cohorts.SINGLE_CELL))  # fmt: skip
    parser.add_argument("--seeds", type=int, default=2, help="splits, each trained by its seed")
    parser.add_argument("--genes-seeds", type=int, default=3, help="of gene vectors")
    parser.add_argument("--draws", type=int, default=5, help="of a few labels, for each split")
    parser.add_argument("--sets", type=int, default=300, help="at most, of each collection")
    parser.add_argument("--rounds", type=int, default=5, help="of speed")
    parser.add_argument("--cells", type=int, default=50_000, help="of scale")
    parser.add_argument("--steps", type=int, help="of each training; else those of the default")
    parser.add_argument("--threads", type=int, help="of all but scale")
    options = parser.parse_args(arguments)
    if options.threads:
        fe.settings.threads = options.threads
    found = [line for name in options.only for line in PARTS[name](options)]
    report.publish(
        options, pd.DataFrame(found),
        "Exceiver beside PCA and FE of 32 dimensions; least and most are differences of splits",
        decoder=DECODER,
    )  # fmt: skip


if __name__ == "__main__":
    main()
