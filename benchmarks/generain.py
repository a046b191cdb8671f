"""GeneRAIN: against transformers in speed, and against simpler methods in what it knows.

Parts, of which `--only` takes some: `equal` (hidden states, scores and gradients of the same
weights, from those of transformers), `runs` (a run that was killed and resumed from one that was
not, two processes from one; greatest relative differences), `step` (one training step of the
published sizes, alternating with Hugging Face's GPT-2 in one process, no dropout), `next` (held-out
next-gene cross-entropy on TCGA-7, beside the bag of vectors and the unigram), `genes` (its gene
vectors beside their start), `expression` (squared error of hidden expression on TCGA-11, 1 being
the variance), `samples` (new samples by logistic regression, three folds, beside PCA and FE),
`call` (the default call on TCGA-11). Times are CPU seconds of all threads but for those of `call`.
The settings were chosen on TCGA-11; `next` and `genes` saw none of it.

    python -m benchmarks.generain [--only PART ...] [--steps N] [--folds N]
    python -m benchmarks.generain --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

import fe_anndata as fe
from benchmarks import cohorts, gene_vectors, generain_runs, generain_step, new_samples, report
from fe_anndata.models.generain.tokens import FEWEST

Row = dict[str, Any]


def transformers_for(part: str) -> bool:
    """Return whether transformers is there, and say that a part is skipped if not."""
    there = find_spec("transformers") is not None
    if not there:
        print(f"  {part}: skipped: transformers is not installed")
    return there


def row(part: str, what: str, value: float, against: str = "", other: float = np.nan) -> Row:
    """Return a row of the table, and print it."""
    print(f"  {part}: {what}: {value:.4g}" + (f" ({against} {other:.4g})" if against else ""),
          flush=True)  # fmt: skip
    return {"part": part, "what": what, "value": value, "against": against, "value against": other}


def part_step(options: argparse.Namespace) -> Iterator[Row]:
    """Compare one step of 1 x 2048 tokens."""
    if not transformers_for("step"):
        return
    n_genes, tokens = (300, 64) if options.tiny else (generain_step.GENES, generain_step.TOKENS)
    torch.set_num_threads(1)
    steps = {
        f"{name}, {'bf16' if half else 'float32'}": make(n_genes, tokens, half)
        for half in (False, True)
        for name, make in generain_step.STEPS.items()
    }

    def seconds(step: Callable[[], float]) -> float:
        started = time.process_time()
        step()
        return time.process_time() - started

    table = report.alternate(
        {name: lambda step=step: seconds(step) for name, step in steps.items()}, options.rounds
    ).median()
    for precision in ("float32", "bf16"):
        mine, other = table[f"ours, {precision}"], table[f"transformers, {precision}"]
        yield row("step", f"CPU s, {precision}", mine, "transformers", other)
        yield row("step", f"times as fast, {precision}", other / mine)
    across = table["transformers, float32"] / table["ours, bf16"]
    yield row("step", "times as fast, bf16 against float32", across)
    mine, other = (generain_step.memory(kind, n_genes, tokens) for kind in generain_step.STEPS)
    yield row("step", "peak MB above the model", mine, "transformers", other)
    yield row("step", "of their peak", mine / max(other, 1e-9))


def trained(adata: AnnData, options: argparse.Namespace, **given: Any) -> tuple[AnnData, float]:
    """Return what was trained, and CPU seconds."""
    small = {"tokens": 16, "width": 8, "heads": 2, "steps": 4} if options.tiny else {}
    started = time.process_time()
    result = fe.tl.train(
        adata, "generain", progress=False, copy=True, **{**given, **small}
    )  # fmt: skip
    return result, time.process_time() - started


def lowest(result: AnnData) -> float:
    """Return the lowest held-out loss."""
    return float(fe.get.history(result, key="generain")["validation_loss"].min())


def tcga_7(tiny: bool) -> AnnData:
    """Return counts of TCGA-7, as logarithms; coding genes."""
    return generain_runs.counts() if tiny else gene_vectors.tcga_counts()


def part_next(options: argparse.Namespace) -> Iterator[Row]:
    """Predict the next gene of held-out samples."""
    adata = tcga_7(options.tiny)
    begun, before = trained(adata, options, steps=1, learning_rate=1e-12,
                            table_learning_rate=1e-12, patience=None)  # fmt: skip
    result, seconds = trained(adata, options, steps=options.steps, patience=None)
    of_key = result.uns["generain"]
    loss = lowest(result)
    baselines = of_key["baselines"]
    yield row("next", "CPU s of the training", seconds - before, "all of the call", seconds)
    for name in ("bag", "unigram"):
        yield row("next", "held-out cross-entropy", loss, name, baselines[name])
        yield row("next", f"nats below {name}", baselines[name] - loss)
    if options.tiny or not options.sets:
        return
    yield from genes_of(adata, begun, result, options)


def genes_of(
    adata: AnnData, begun: AnnData, result: AnnData, options: argparse.Namespace
) -> Iterator[Row]:
    """Judge gene vectors beside their start, FE and PCA."""
    listed = np.isfinite(result.varm["generain"]).all(1)
    seen = gene_vectors.standardised(adata)
    names = adata.var_names[listed].intersection(seen.var_names)
    known = gene_vectors.knowledge(names, options.sets)
    tables = {
        "trained": pd.DataFrame(result.varm["generain"], adata.var_names),
        "start": pd.DataFrame(begun.varm["generain"], adata.var_names),
        "FE": pd.DataFrame(gene_vectors.fe_of("inner", 32)(seen.X, 64, 0), seen.var_names),
        "PCA and mean": pd.DataFrame(gene_vectors.with_mean(seen.X, 64, 0), seen.var_names),
    }
    means = {
        name: float(np.nanmean(list(gene_vectors.judge(table.loc[names], known).values())))
        for name, table in tables.items()
    }
    for name in ("start", "FE", "PCA and mean"):
        yield row("genes", "mean AUROC", means["trained"], name, means[name])


def part_expression(options: argparse.Namespace) -> Iterator[Row]:
    """Predict hidden expression of held-out samples."""
    adata = generain_runs.counts() if options.tiny else cohorts.load("tcga")
    zero = 0.0 if options.tiny else -2.0
    given: Row = {"zero": zero, "objective": "masked-expression", "patience": None}
    _, before = trained(adata, options, steps=1, **given)
    result, seconds = trained(adata, options, steps=options.expression_steps, **given)
    loss = lowest(result)
    constant = result.uns["generain"]["baselines"]["constant"]
    yield row("expression", "CPU s of the training", seconds - before, "all of the call", seconds)
    yield row("expression", "held-out squared error", loss, "constant", constant)


def part_samples(options: argparse.Namespace) -> Iterator[Row]:
    """Embed new samples of three folds, and read their labels off."""
    if options.tiny:
        known = {"tiny": new_samples.Cohort(generain_runs.counts(), "group")}
    else:
        makers = {"TCGA-11": new_samples.tcga, "GTEx": new_samples.gtex}
        known = {name: makers[name]() for name in options.cohorts}
    for name, of_name in known.items():
        adata, label, groups = of_name.adata, of_name.label, of_name.groups
        zero = 0.0 if options.tiny else float(adata.X.min())
        # Some of GTEx express a dozen of its genes: nothing of them is a list. None sees them.
        adata = adata[np.not_equal(adata.X, zero).sum(1) >= FEWEST].copy()
        truth = adata.obs[label].astype(str).to_numpy()
        of = np.arange(len(truth)) if groups is None else adata.obs[groups].astype(str)
        scores: dict[str, list[float]] = {}
        for train, test in GroupKFold(options.folds).split(adata.X, truth, of):
            fitted, new = adata[train].copy(), adata[test].copy()
            for method, places in embedded(fitted, new, zero, options).items():
                scores.setdefault(method, []).append(accuracy(*places, truth[train], truth[test]))
        means = {method: float(np.mean(of_folds)) for method, of_folds in scores.items()}
        for other in ("PCA", "FE"):
            yield row("samples", f"{name}, accuracy of new samples", means["GeneRAIN"],
                      other, means[other])  # fmt: skip


def embedded(
    fitted: AnnData, new: AnnData, zero: float, options: argparse.Namespace
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return training and new samples in 64 dimensions, by method."""
    from sklearn.decomposition import PCA

    d = 8 if options.tiny else 64
    pca = PCA(d, random_state=0).fit(fitted.X)
    found = {"PCA": (pca.transform(fitted.X), pca.transform(new.X))}
    fe.tl.train(fitted, sample_dim=d, progress=False)
    fe.tl.transform(new, fitted, progress=False)
    found["FE"] = (fitted.obsm["X_fe"], new.obsm["X_fe"])
    model, _ = trained(fitted, options, zero=zero, steps=options.sample_steps, patience=None)
    placed = fe.tl.transform(new, model, key="generain", progress=False, copy=True)
    found["GeneRAIN"] = (model.obsm["X_generain"], placed.obsm["X_generain"])
    return found


def accuracy(train: np.ndarray, test: np.ndarray, truth: np.ndarray, of_test: np.ndarray) -> float:
    """Return how many labels logistic regression on standardised coordinates gets right."""
    scaler = StandardScaler().fit(train)
    reader = LogisticRegression(max_iter=2000).fit(scaler.transform(train), truth)
    return float(reader.score(scaler.transform(test), of_test))


def part_call(options: argparse.Namespace) -> Iterator[Row]:
    """Time the default call on TCGA-11."""
    adata = generain_runs.counts() if options.tiny else cohorts.load("tcga")
    started = time.perf_counter()
    _, seconds = trained(adata, options, zero=0.0 if options.tiny else -2.0)
    yield row("call", "wall s of the default call", time.perf_counter() - started, "CPU s", seconds)


def part_equal(_: argparse.Namespace) -> Iterator[Row]:
    """Compare with Hugging Face's models, given the same weights."""
    if not transformers_for("equal"):
        return
    from benchmarks import hugging_face

    for what, far in hugging_face.differences():
        yield row("equal", what, far, "bar", 1e-5)


def part_runs(_: argparse.Namespace) -> Iterator[Row]:
    """Compare runs that should be equal."""
    yield row("runs", "killed and resumed", generain_runs.of_resumed(), "bar", 0.0)
    yield row("runs", "two processes", generain_runs.of_processes(), "bar", 1e-6)


PARTS = {"equal": part_equal, "runs": part_runs, "step": part_step, "next": part_next,
         "expression": part_expression,
         "call": part_call, "samples": part_samples}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("generain", __doc__)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=340, help="of the next gene")
    parser.add_argument("--expression-steps", type=int, default=800)
    parser.add_argument("--sample-steps", type=int, default=150, help="for new samples")
    parser.add_argument("--cohorts", nargs="+", default=["TCGA-11", "GTEx"], help="of new samples")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument(
        "--sets", type=int, default=300, help="at most, of each collection; 0 for no gene vectors"
    )
    options = parser.parse_args(arguments)
    fe.settings.verbosity()
    found = [line for name in options.only for line in PARTS[name](options)]
    report.publish(
        options, pd.DataFrame(found), "GeneRAIN beside transformers, PCA and FE; one seed",
        decoder=report.NO_MODEL,
    )  # fmt: skip


if __name__ == "__main__":
    main()
