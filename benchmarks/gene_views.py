"""Whether bins by gene are a second view that makes gene vectors of FE better, at equal width.

Views are judged as `benchmarks.gene_vectors` judges methods, on its matrices and on a fourth one:
means of AUROC over collections of gene sets and sources of interactions. The second view of a gene
is made of normal scores of its bins, so it knows order alone. FE and bins is the option
`gene_views="bins"`; where other views are joined it is done as there: FE has a mean square of 1, a
PCA has half the weight, and the logarithm of the spread of a gene is one more coordinate; what is
kept are as many coordinates as FE has, those that hold most of the inner products. The question is
whether the second view is ahead of FE on every cohort, and of FE joined with PCA of the same
matrix. The standard error of a difference counts how sets, and twentieths of the pairs, differ;
sets share genes, so it is rather too small.

    python -m benchmarks.gene_views [--only WORD ...] [--sets N] [--seeds N]
    python -m benchmarks.gene_views --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, gene_vectors, report
from benchmarks.gene_vectors import (
    Knowledge,
    interactions,
    knowledge,
    of_sets,
    standardised,
    with_mean,
)
from fe_anndata.kernels.normal_scores import NormalScores
from fe_anndata.matrix.rows import InMemory

FE, WITH_PCA = "FE", "FE and PCA"
HALF = 0.5
"""Weight of the second view."""
PARTS = 20
"""Into how many parts pairs are cut, to see how much they differ."""


def pathways() -> AnnData:
    """Return tumours of 11 types and normal tissue; genes of pathways; logarithms as they are."""
    adata = cohorts.load("tcga")
    return AnnData(adata.X, var=pd.DataFrame(index=adata.var_names))


Measure = Callable[[str, AnnData, int, Knowledge, int], pd.DataFrame]
"""Measures a cohort: its name and matrix, dimensions, what is known, number of seeds."""
DATA = {**gene_vectors.DATA, "tcga_11types": (pathways, 64)}
"""What is read, and the number of dimensions."""


def normal_scores(X: np.ndarray) -> np.ndarray:
    """Return normal scores of the bins of each gene, at mean 0 and variance 1, float32."""
    rows = InMemory(X)
    observed = np.full(X.shape[1], float(len(X)))
    scores = NormalScores.of(rows.blocks, observed, float(X.min()))
    return np.concatenate([scores.above_zero(block) for _, block in rows.blocks()]) - scores.centre


def unit(V: np.ndarray) -> np.ndarray:
    """Return vectors with a mean square of 1."""
    return V / np.sqrt(np.square(V).mean())


def compressed(V: np.ndarray, d: int) -> np.ndarray:
    """Return the best d coordinates for the inner products of all vectors."""
    axes = np.linalg.eigh(V.T.astype(np.float64) @ V)[1]
    return (V @ axes[:, ::-1][:, :d]).astype(np.float32)


class Matrices:
    """The matrix that all see, the second view of it, and PCA of both."""

    def __init__(self, adata: AnnData, d: int) -> None:
        seen = standardised(adata)
        self.genes, self.X = seen.var_names, seen.X
        self.d = min(d, *(n - 1 for n in seen.shape))
        values = np.ascontiguousarray(adata[:, seen.var_names].X, dtype=np.float32)
        spread = np.log(values.std(0))
        self.spread = ((spread - spread.mean()) / spread.std())[:, None]
        # The bins' own mean is none: they have that of the values, as `standardised` adds it.
        mean = values.mean(0)
        self.second = normal_scores(values) + (mean - mean.mean()) / mean.std()

    @cached_property
    def pca(self) -> np.ndarray:
        """Whitened loadings and the mean."""
        return with_mean(self.X, self.d, 0)

    @cached_property
    def pca_of_second(self) -> np.ndarray:
        """The same of the second view."""
        return with_mean(self.second, self.d, 0)

    def views(self, seed: int) -> Iterator[tuple[str, np.ndarray]]:
        """Yield vectors of each kind, (genes, d)."""
        learn = gene_vectors.fe_of("inner", 32)
        learn_both = gene_vectors.fe_of("inner", 32, gene_views="bins")
        first = unit(learn(self.X, self.d, seed))
        d, spread, bins = self.d, self.spread, HALF * self.pca_of_second
        yield FE, first
        yield "FE and spread", compressed(np.c_[first, spread], d)
        yield "FE of the bins", unit(learn(self.second, d, seed))
        yield "FE and bins", unit(learn_both(self.X, d, seed))
        # Whether the gain is that of bins, or that of a second view by PCA of whatever matrix.
        yield WITH_PCA, compressed(np.c_[first, HALF * self.pca], d)
        yield "FE and PCA and spread", compressed(np.c_[first, HALF * self.pca, spread], d)
        yield "FE and bins and spread", compressed(np.c_[first, bins, spread], d)
        if seed == 0:  # on which it does not depend
            yield "PCA, whitened, and mean", self.pca
            yield "PCA and bins", compressed(np.c_[self.pca, bins], d)


def judged(vectors: pd.DataFrame, known: Knowledge) -> tuple[dict[str, float], pd.Series]:
    """Return one number per collection and source, and those of its sets or parts."""
    found = of_sets(vectors, known)
    means = {name: float(np.mean(aurocs)) for name, aurocs in found.items()}
    for name, pairs in known.pairs.items():
        means[name] = interactions(vectors, pairs)
        order = np.random.default_rng(0).permutation(len(pairs))
        parts = np.array_split(
            order, PARTS if len(pairs) >= PARTS * gene_vectors.LEAST_PAIRS else 1
        )
        found[name] = np.array([interactions(vectors, pairs.iloc[part]) for part in parts])
    numbers = {(name, i): v for name, values in found.items() for i, v in enumerate(values)}
    return means, pd.Series(numbers)


def error(difference: pd.Series) -> float:
    """Return the standard error of the mean over collections of a difference of sets and parts."""
    of = difference.groupby(level=0)
    squares = (of.var() / of.count()).dropna()
    return float(np.sqrt(squares.sum()) / len(squares))


def measure(name: str, adata: AnnData, d: int, known: Knowledge, seeds: int) -> pd.DataFrame:
    """Return a row per kind of vectors: medians over seeds, and what it is ahead of FE."""
    matrices = Matrices(adata, d)
    counts = {**{k: len(v) for k, v in known.sets.items()},
              **{k: len(v) for k, v in known.pairs.items()}}  # fmt: skip
    print(f"{name}: {adata.n_obs} x {len(matrices.genes)}, {counts}", flush=True)
    means: dict[str, list[dict[str, float]]] = {}
    parts: dict[str, list[pd.Series]] = {}
    for seed in range(seeds):
        for view, V in matrices.views(seed):
            of, numbers = judged(pd.DataFrame(V, index=matrices.genes), known)
            of["mean"] = float(np.nanmean(list(of.values())))
            means.setdefault(view, []).append(of)
            parts.setdefault(view, []).append(numbers)
            told = ", ".join(f"{key} {value:.4f}" for key, value in of.items())
            print(f"  {view}, seed {seed}: {told}", flush=True)
    size = {"data": name, "samples": adata.n_obs, "genes": len(matrices.genes)}
    rows = [{**size, "vectors": view, "dim": matrices.d, "sets": sum(map(len, known.sets.values())),
             **pd.DataFrame(of).median(), **_beside(view, means, parts)}
            for view, of in means.items()]  # fmt: skip
    return pd.DataFrame(rows)


def _beside(
    view: str, means: Mapping[str, list[dict[str, float]]], parts: Mapping[str, list[pd.Series]]
) -> dict[str, float]:
    """Return how far a kind of vectors is ahead of FE, and of FE joined with PCA.

    Least and most are over seeds, with the same seed of FE.
    """
    found = {}
    for rival, head in ((FE, "ahead"), (WITH_PCA, "ahead of PCA")):
        of, that = (np.array([one["mean"] for one in means[name]]) for name in (view, rival))
        differences = of - (that if len(of) > 1 or len(that) == 1 else that.mean())
        found[head] = float(np.mean(differences))
        mine, other = (pd.concat(parts[name], axis=1).mean(axis=1) for name in (view, rival))
        found[f"{head}, error"] = error(mine - other)
        if rival == FE:
            found |= {"least": float(differences.min()), "most": float(differences.max())}
    return found


def tiny(of: Measure, seeds: int) -> pd.DataFrame:
    """Return what is measured of something small."""
    adata = fe.datasets.simulated(40, 120, 3)
    groups = {f"part {i}": list(adata.var_names[i::3]) for i in range(3)}
    pairs = pd.DataFrame({"a": adata.var_names[:60], "b": adata.var_names[60:]})
    known = Knowledge(
        dict.fromkeys([*gene_vectors.SETS, "HPA"], groups),
        dict.fromkeys(gene_vectors.PAIRS, pd.concat([pairs] * 4)),
    )
    return of("tiny", AnnData(adata.X, var=adata.var), 16, known, seeds)


def of_cohorts(of: Measure, options: argparse.Namespace) -> list[pd.DataFrame]:
    """Return what is measured of each cohort that `options` name."""
    found = []
    for name, (load, d) in DATA.items():
        if any(word in name for word in options.only):
            if not cohorts.file(gene_vectors.SPECIFIC).is_file():
                raise SystemExit("the cohorts are absent: set FE_ANNDATA_DATA.")
            adata = load()
            known = knowledge(standardised(adata).var_names, options.sets)
            found.append(of(name, adata, d, known, options.seeds))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("gene_views", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of data")
    parser.add_argument("--sets", type=int, default=10_000, help="at most, of each collection")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    found = [tiny(measure, options.seeds)] if options.tiny else of_cohorts(measure, options)
    note = f"AUROC, medians of {options.seeds} seeds; ahead of FE with the same seed, mean of them"
    report.publish(options, pd.concat(found), note, decoder="inner")


if __name__ == "__main__":
    main()
