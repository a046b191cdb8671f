"""Whether bins by gene are a second view that makes gene vectors of FE better, at equal width.

Views are judged as `benchmarks.gene_vectors` judges methods, on its matrices: means of AUROC over
collections of gene sets and sources of interactions. The second view of a gene is made of normal
scores of its bins: what the quantiles of the bins would be in a normal distribution, so it knows
order alone. Where views are joined, FE has a mean square of 1, PCA of the second view half the
weight, and the logarithm of the spread of a gene is one more coordinate; joined views are
compressed to the width of FE by the singular values of their common matrix. An option of `tl.train`
is worth having if it is ahead of FE on every cohort, and of FE joined with PCA of the same matrix.

    python -m benchmarks.gene_views [--only WORD ...] [--sets N] [--seeds N]
    python -m benchmarks.gene_views --tiny    # only to see that it runs
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.stats import norm

import fe_anndata as fe
from benchmarks import cohorts, gene_vectors, report
from benchmarks.gene_vectors import Knowledge, judge, knowledge, standardised, with_mean

FE = "FE"
HALF = 0.5
"""Weight of the second view."""


def normal_scores(X: np.ndarray) -> np.ndarray:
    """Return normal scores of the bins of each gene; zeros share the middle of their ranks."""
    least = float(X.min())
    adata = AnnData(X)
    fe.pp.bin_by_gene(adata, zero=min(least, 0.0))
    n_bins, bins = adata.uns["bins"]["n_bins"], adata.layers["bins"]
    zeros = (bins == 0).mean(0)
    rank = zeros + (1 - zeros) * (bins - 0.5) / (n_bins - 1)
    return norm.ppf(np.where(bins == 0, zeros / 2, rank)).astype(np.float32)


def unit(V: np.ndarray) -> np.ndarray:
    """Return vectors with a mean square of 1."""
    return V / np.sqrt(np.square(V).mean())


def compressed(V: np.ndarray, d: int) -> np.ndarray:
    """Return the best d coordinates for the inner products of all vectors."""
    U, s, _ = np.linalg.svd(V, full_matrices=False)
    return U[:, :d] * s[:d]


def views(adata: AnnData, d: int, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield vectors of each kind, (genes, d)."""
    seen = standardised(adata)
    values = adata[:, seen.var_names].X
    spread = np.log(values.std(0))
    spread = ((spread - spread.mean()) / spread.std())[:, None]
    # The bins' own mean is none: they have that of the values, which is what `standardised` adds.
    scores = normal_scores(values)
    mean = values.mean(0)
    second = (scores - scores.mean(0)) / np.maximum(scores.std(0), 1e-6)
    second += (mean - mean.mean()) / mean.std()
    learn = gene_vectors.fe_of("inner", 32)
    first, of_bins = unit(learn(seen.X, d, seed)), unit(learn(second, d, seed))
    width = first.shape[1]
    beside = np.c_[first, HALF * with_mean(second, width, seed)]
    yield FE, first
    yield "FE and spread", compressed(np.c_[first, spread], width)
    yield "FE of the bins", of_bins
    yield "FE and bins", compressed(beside, width)
    # Whether the gain is that of bins, or that of a second view by PCA of whatever matrix.
    yield "FE and PCA", compressed(np.c_[first, HALF * with_mean(seen.X, width, seed)], width)
    yield "FE and bins and spread", compressed(np.c_[beside, spread], width)
    if seed == 0:  # on which it does not depend
        yield "PCA, whitened, and mean", with_mean(seen.X, width, seed)


def measure(name: str, adata: AnnData, d: int, known: Knowledge, seeds: int) -> pd.DataFrame:
    """Return a row per kind of vectors and seed."""
    rows, genes = [], standardised(adata).var_names
    for seed in range(seeds):
        for view, V in views(adata, d, seed):
            judged = judge(pd.DataFrame(V, index=genes), known)
            rows.append({"data": name, "samples": adata.n_obs, "genes": len(genes), "vectors": view,
                         "dim": V.shape[1], "seed": seed, **judged,
                         "mean": float(np.nanmean(list(judged.values())))})  # fmt: skip
            print(f"  {name}, {view}, seed {seed}: {rows[-1]['mean']:.4f}", flush=True)
    return pd.DataFrame(rows)


def against_fe(rows: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds, and how far each kind is ahead of FE with the same seed."""
    keys = ["data", "samples", "genes", "vectors", "dim"]
    judged = [c for c in rows if c not in (*keys, "seed")]
    of_fe = rows[rows["vectors"] == FE].set_index(["data", "seed"])["mean"]
    ahead = rows["mean"].to_numpy() - of_fe.loc[list(zip(rows["data"], rows["seed"], strict=True))]
    rows = rows.assign(ahead=ahead.to_numpy())
    groups = rows.groupby(keys, sort=False)
    table = groups[[*judged, "ahead"]].median()
    return table.assign(least=groups["ahead"].min(), most=groups["ahead"].max()).reset_index()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("gene_views", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of data")
    parser.add_argument("--sets", type=int, default=100, help="at most, of each collection")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    found = []
    if options.tiny:
        adata = fe.datasets.simulated(40, 120, 3)
        groups = {f"part {i}": list(adata.var_names[i::3]) for i in range(3)}
        pairs = pd.DataFrame({"a": adata.var_names[:60], "b": adata.var_names[60:]})
        known = Knowledge({"sets": groups}, {"pairs": pd.concat([pairs] * 4)})
        found.append(measure("tiny", AnnData(adata.X, var=adata.var), 8, known, options.seeds))
    else:
        for name, (load, d) in gene_vectors.DATA.items():
            if any(word in name for word in options.only):
                if not cohorts.file(gene_vectors.SPECIFIC).is_file():
                    raise SystemExit("the cohorts are absent: set FE_ANNDATA_DATA.")
                adata = load()
                known = knowledge(standardised(adata).var_names, options.sets)
                found.append(measure(name, adata, d, known, options.seeds))
    rows = pd.concat(found)
    note = f"AUROC, medians of {options.seeds} seeds; ahead of FE with the same seed"
    report.publish(options, against_fe(rows), note, decoder="inner", rounds=rows)


if __name__ == "__main__":
    main()
