"""R2 of held-out entries: both decoders against PCA of the same rank, on the real cohorts.

Two disjoint sets of entries are hidden from everything. One, the validation set of each method,
chooses when to stop; the other, the test entries, is looked at once, at the end, and gives the R2
printed here (against the mean of each gene over the training entries). PCA is fitted to the same
training entries by masked alternating least squares, and its ridge penalty and number of iterations
are chosen on the same validation entries: the strongest PCA we know how to fit.

    python -m benchmarks.quality [--fast] [--seeds N]
    python -m benchmarks.quality --tiny    # only to see that it runs
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, report

TEST_SHARE = 0.05
VALIDATION_SHARE = 0.05
DIMS = (2, 32)
RIDGES = (0.0, 1.0, 10.0, 30.0)
ITERATIONS = 30
TINY = (60, 40, 3)


def als(X: np.ndarray, observed: np.ndarray, rank: int, ridge: float) -> Iterator[np.ndarray]:
    """Yield predictions of rank-`rank` PCA with gene offsets, iteration by iteration."""
    Y, W = torch.from_numpy(np.where(observed, X, 0)), torch.from_numpy(observed).float()
    offset = Y.sum(0) / W.sum(0)
    _, S, V = torch.linalg.svd((Y - offset) * W, full_matrices=False)
    Q = V[:rank].T * S[:rank] ** 0.5
    eye = torch.eye(rank + 1)
    for _ in range(ITERATIONS):
        gram = (W @ (Q[:, :, None] * Q[:, None]).flatten(1)).reshape(-1, rank, rank)
        gram += (ridge + 1e-4) * eye[:rank, :rank]
        P = torch.linalg.solve(gram, (((Y - offset) * W) @ Q)[..., None])[..., 0]
        P1 = torch.cat([P, torch.ones(len(P), 1)], dim=1)
        gram = (W.T @ (P1[:, :, None] * P1[:, None]).flatten(1)).reshape(-1, rank + 1, rank + 1)
        penalty = (ridge + 1e-4) * eye
        penalty[-1, -1] = 0  # the offset is free
        Q1 = torch.linalg.solve(gram + penalty, (Y.T @ P1)[..., None])[..., 0]
        Q, offset = Q1[:, :rank].contiguous(), Q1[:, rank]
        yield (P @ Q.T + offset).numpy()


def pca(X: np.ndarray, train: np.ndarray, validation: np.ndarray, rank: int) -> np.ndarray:
    """Return the prediction of PCA at the ridge and iteration that fit `validation` best."""
    best, chosen = np.inf, X
    for ridge in RIDGES:
        for predicted in als(X, train, rank, ridge):
            loss = ((predicted - X)[validation] ** 2).mean()
            if loss < best:
                best, chosen = loss, predicted
    return chosen


def hidden_sets(shape: tuple[int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two disjoint random masks: test and validation entries."""
    drawn = np.random.default_rng(seed).random(shape)
    return drawn < TEST_SHARE, (drawn >= TEST_SHARE) & (drawn < TEST_SHARE + VALIDATION_SHARE)


def run(name: str, dim: int, seed: int, methods: list[str]) -> Iterator[dict[str, object]]:
    """Yield one record per method."""
    adata = fe.datasets.simulated(*TINY) if name == "tiny" else cohorts.load(name)
    X = np.asarray(adata.X)
    test, validation = hidden_sets(X.shape, seed)
    train = ~test & ~validation
    means = np.where(train, X, 0).sum(0) / train.sum(0)
    base = ((X - means)[test] ** 2).mean()
    for method in methods:
        started = time.perf_counter()
        if method == "PCA":
            predicted = pca(X, train, validation, dim)
        else:
            predicted = factorized(adata, X, test, dim, seed, method)
        seconds = time.perf_counter() - started
        r2 = 1 - ((predicted - X)[test] ** 2).mean() / base
        yield {"cohort": name, "samples": X.shape[0], "genes": X.shape[1], "dim": dim,
               "seed": seed, "method": "PCA" if method == "PCA" else "FE",
               "decoder": report.NO_MODEL if method == "PCA" else method, "R2": r2,
               "seconds": seconds}  # fmt: skip


def factorized(
    adata: AnnData, X: np.ndarray, test: np.ndarray, dim: int, seed: int, decoder: str
) -> np.ndarray:
    """Train with defaults on all but the test entries; the validation entries are drawn inside."""
    visible = AnnData(np.where(test, np.nan, X), obs=adata.obs[[]], var=adata.var[[]])
    fe.tl.train(visible, decoder=decoder, sample_dim=dim, rng=seed, progress=False)
    fe.tl.reconstruct(visible)
    return np.asarray(visible.layers["fe"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("quality", __doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fast", action="store_true", help="leave out the concat decoder")
    options = parser.parse_args(arguments)
    methods = ["PCA", "inner"] if options.fast else ["PCA", "inner", "concat"]
    records = []
    for name in ["tiny"] if options.tiny else filter(cohorts.present, cohorts.FILES):
        for dim in DIMS:
            for seed in range(options.seeds):
                for record in run(name, dim, seed, methods):
                    records.append(record)
                    print("  {cohort} dim {dim} seed {seed} {method}, {decoder}: R2 {R2:.4f} in "
                          "{seconds:.1f} s".format(**record), flush=True)  # fmt: skip
    if not records:
        raise SystemExit("no cohort is there; name their folder in FE_ANNDATA_DATA.")
    rows = pd.DataFrame(records)
    keys = ["cohort", "samples", "genes", "dim", "method", "decoder"]
    report.publish(
        options,
        rows.groupby(keys, sort=False)[["R2", "seconds"]].median().reset_index(),
        f"R2 of held-out entries of fitted samples, medians of {options.seeds} seeds",
        rounds=rows,
    )


if __name__ == "__main__":
    main()
