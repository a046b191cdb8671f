"""GeneRAIN: against transformers in speed, and against simpler methods in what it knows.

Parts, of which `--only` takes some: `step` (one training step of the published sizes, alternating
with Hugging Face's GPT-2 in one process, no dropout), `next` (held-out next-gene cross-entropy on
TCGA-7, beside the bag of vectors and the unigram), `genes` (its gene vectors beside their start),
`expression` (squared error of hidden expression on TCGA-11, 1 being the variance), `samples` (new
samples by logistic regression, three folds, beside PCA and FE), `call` (the default call on
TCGA-11). Times are CPU seconds of all threads but for those of `call`. The settings were chosen
on TCGA-11; `next` and `genes` saw none of it.

    python -m benchmarks.generain [--only PART ...] [--steps N] [--folds N]
    python -m benchmarks.generain --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

import fe_anndata as fe
from benchmarks import cohorts, gene_vectors, new_samples, report
from fe_anndata.models.generain.network import Batch, Network
from fe_anndata.models.generain.objectives import objective_of
from fe_anndata.models.generain.sizes import sized

GENES, TOKENS = 38_960, 2048
"""Of the published model."""
Row = dict[str, Any]


def row(part: str, what: str, value: float, against: str = "", other: float = np.nan) -> Row:
    """Return a row of the table, and print it."""
    print(f"  {part}: {what}: {value:.4g}" + (f" ({against} {other:.4g})" if against else ""),
          flush=True)  # fmt: skip
    return {"part": part, "what": what, "value": value, "against": against, "value against": other}


def published(n_genes: int, tokens: int) -> Network:
    """Return the published GPT, without dropout."""
    options = fe.models.family("generain").choose("generain2024", {}, {})
    plain = {**options.chosen(), "dropout": 0.0, "attention_dropout": 0.0, "tokens": tokens}
    network = Network(sized(type(options)(**plain), (100, n_genes)), n_genes)
    network.start(torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.genes.normal_(std=0.02, generator=torch.Generator().manual_seed(1))
    return network


def ours(n_genes: int, tokens: int, half: bool) -> Callable[[], float]:
    """Return a training step of ours, which returns the loss."""
    network = published(n_genes, tokens)
    objective = objective_of(network.options)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    batch = Batch(lists(n_genes, tokens), torch.zeros(1, tokens), (tokens,))

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            states = network.states(batch)
        losses = objective.losses(network, states, batch, None)
        (losses.total / (tokens - 1)).backward()
        optimiser.step()
        optimiser.zero_grad()
        return float(losses.total.detach()) / (tokens - 1)

    return step


def theirs(n_genes: int, tokens: int, half: bool) -> Callable[[], float]:
    """Return a training step of GPT-2 of transformers, which returns the loss."""
    import transformers

    config = transformers.GPT2Config(
        vocab_size=n_genes, n_positions=tokens, n_embd=200, n_layer=6, n_head=4, n_inner=800,
        layer_norm_epsilon=1e-10, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    model = transformers.GPT2LMHeadModel(config)
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    batch = lists(n_genes, tokens)

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = model(batch, labels=batch, use_cache=False).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        return float(loss.detach())

    return step


def lists(n_genes: int, tokens: int) -> torch.Tensor:
    """Return a list of genes."""
    return torch.randperm(n_genes, generator=torch.Generator().manual_seed(0))[None, :tokens]


STEPS = {"ours": ours, "transformers": theirs}


def memory(kind: str, n_genes: int, tokens: int) -> float:
    """Return by how many MB steps in a process of their own raise its peak above the model."""
    code = f"from benchmarks import generain as g; g.print_memory({kind!r}, {n_genes}, {tokens})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def print_memory(kind: str, n_genes: int, tokens: int) -> None:
    """Print the peak of three steps above the built model, MB."""
    torch.set_num_threads(1)
    step = STEPS[kind](n_genes, tokens, False)
    before = peak()
    for _ in range(3):
        step()
    print(peak() - before)


def peak() -> float:
    """Return the greatest memory of this process so far, MB; getrusage counts its parent's."""
    (line,) = [t for t in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in t]
    return int(line.split()[1]) / 1024


def part_step(options: argparse.Namespace) -> Iterator[Row]:
    """Compare one step of 1 x 2048 tokens."""
    n_genes, tokens = (300, 64) if options.tiny else (GENES, TOKENS)
    torch.set_num_threads(1)
    steps = {
        f"{name}, {'bf16' if half else 'float32'}": make(n_genes, tokens, half)
        for half in (False, True)
        for name, make in STEPS.items()
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
    mine, other = (memory(kind, n_genes, tokens) for kind in STEPS)
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
    return counts_like() if tiny else gene_vectors.tcga_counts()


def counts_like() -> AnnData:
    """Return a little cohort without negative values."""
    adata = fe.datasets.simulated(60, 60, 3)
    adata.X = np.exp(adata.X - adata.X.max())
    return adata


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
    adata = counts_like() if options.tiny else cohorts.load("tcga")
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
        known = {"tiny": (counts_like(), "group", None, 0.0)}
    else:
        tcga, gtex = new_samples.tcga(), new_samples.gtex()
        floor = float(gtex.adata.X.min())
        known = {
            "TCGA-11": (tcga.adata, tcga.label, tcga.groups, -2.0),
            "GTEx": (gtex.adata, gtex.label, gtex.groups, floor),
        }
    for name, (adata, label, groups, zero) in known.items():
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
    adata = counts_like() if options.tiny else cohorts.load("tcga")
    started = time.perf_counter()
    _, seconds = trained(adata, options, zero=0.0 if options.tiny else -2.0)
    yield row("call", "wall s of the default call", time.perf_counter() - started, "CPU s", seconds)


PARTS = {"step": part_step, "next": part_next, "expression": part_expression,
         "call": part_call, "samples": part_samples}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("generain", __doc__)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=170, help="of the next gene")
    parser.add_argument("--expression-steps", type=int, default=300)
    parser.add_argument("--sample-steps", type=int, default=150, help="for new samples")
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
