"""Which metric between gene vectors finds interacting genes, and which those of one process.

Vectors are those of FE of `benchmarks.gene_views`, on its matrices. Of every metric of
`tl.similar_genes` two things are measured. AUROC is the chance that a known pair is more similar
than one of the same genes re-paired at random. In ten is how much more often than by chance one of
the ten most similar genes is a partner, over genes with a partner. Pairs are interactions (STRING
of at least 0.7, HuRI, BioPlex), and genes that share a set of GO or Reactome (20 to 500 known
genes), of which 100 random pairs each are taken for the AUROC. Inner products of whitened vectors,
which no verb offers, stand beside their cosine. The error is the standard error of the difference
from the cosine by twentieths of the pairs, the largest of the sources.

    python -m benchmarks.gene_metrics [--only WORD ...] [--sets N] [--seeds N]
    python -m benchmarks.gene_metrics --tiny    # only to see that it runs
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from sklearn.metrics import roc_auc_score

from benchmarks import gene_views, report
from benchmarks.gene_vectors import LEAST_PAIRS, Knowledge, fe_of, standardised
from fe_anndata.genespace import GeneSpace

METRICS = ("cosine", "euclidean", "dot", "whitened")
PRODUCTS = "whitened, inner products"
IN_SET, NEAREST, PARTS = 100, 10, gene_views.PARTS

Pairs = tuple[np.ndarray, sparse.csr_matrix]
"""Positions of genes, (n, 2), for the AUROC; and who is whose partner, (genes, genes)."""


def of_interactions(pairs: pd.DataFrame, genes: pd.Index) -> Pairs:
    """Return pairs of a source."""
    found = np.column_stack([genes.get_indexer(pairs.iloc[:, i]) for i in (0, 1)])
    ones = np.ones(len(found), np.float32)
    known = sparse.csr_matrix((ones, found.T), (len(genes), len(genes)))
    return found[found[:, 0] != found[:, 1]], _partners(known + known.T)


def of_sets(sets: Mapping[str, Sequence[str]], genes: pd.Index) -> Pairs:
    """Return random pairs of each set, and all."""
    rng = np.random.default_rng(0)
    members = [genes.get_indexer(sorted(set(of))) for of in sets.values()]
    drawn = [of[rng.integers(len(of), size=(IN_SET, 2))] for of in members]
    found = np.concatenate(drawn)
    belongs = sparse.csr_matrix(np.stack([np.isin(np.arange(len(genes)), of) for of in members]),
                                dtype=np.float32)  # fmt: skip
    return found[found[:, 0] != found[:, 1]], _partners(belongs.T @ belongs)


def _partners(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    counts = counts.tocsr()
    counts.setdiag(0)
    counts.eliminate_zeros()
    counts.data[:] = 1
    return counts


def similarities(space: GeneSpace, metric: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the similarity of pairs, as `tl.similar_genes` measures it."""
    seen, plain = space.seen_by(metric)
    if plain == "euclidean":
        return -np.linalg.norm(seen.vectors[a] - seen.vectors[b], axis=1)
    vectors = seen.unit if plain == "cosine" else seen.vectors
    return (vectors[a] * vectors[b]).sum(1)


def auroc(space: GeneSpace, metric: str, pairs: np.ndarray) -> np.ndarray:
    """Return the AUROC of all pairs and of each of some parts, against the genes re-paired."""
    rng = np.random.default_rng(0)
    a, b = pairs.T
    other = rng.permutation(b)
    true, false = (similarities(space, metric, a, of) for of in (b, other))
    apart = a != other
    part = rng.integers(PARTS, size=len(a))

    def of(chosen: np.ndarray) -> float:
        t, f = true[chosen], false[chosen & apart]
        return float(roc_auc_score(np.repeat([1, 0], [len(t), len(f)]), np.concatenate([t, f])))

    return np.array([of(part >= 0), *(of(part == i) for i in range(PARTS))])


def in_ten(space: GeneSpace, metric: str, partners: sparse.csr_matrix) -> float:
    """Return how much more often than by chance one of the nearest genes is a partner."""
    near, _ = space.neighbours(NEAREST, metric)
    have = np.flatnonzero(np.diff(partners.indptr))
    hits = np.asarray(partners[np.repeat(have, NEAREST), near[have].ravel()]).mean()
    chance = partners.nnz / len(have) / (len(space.names) - 1)
    return float(hits / chance)


def measure(name: str, adata: AnnData, d: int, known: Knowledge, seeds: int) -> pd.DataFrame:
    """Return a row per metric: medians over seeds."""
    adata = standardised(adata)
    genes = adata.var_names
    sources = {key: of_interactions(pairs, genes) for key, pairs in known.pairs.items()
               if len(pairs) >= LEAST_PAIRS}  # fmt: skip
    sources |= {key: of_sets(sets, genes) for key, sets in known.sets.items() if key != "HPA"}
    numbers = ", ".join(f"{key} {len(pairs)} pairs" for key, (pairs, _) in sources.items())
    print(f"{name}: {adata.n_obs} x {adata.n_vars}, {numbers}", flush=True)
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        space = GeneSpace(genes, fe_of("inner", 32)(adata.X, d, seed))
        spaces = {metric: (space, metric) for metric in METRICS}
        spaces[PRODUCTS] = space.whitened(), "dot"
        by_cosine: dict[str, np.ndarray] = {}
        for label, (of, metric) in spaces.items():
            found = {key: auroc(of, metric, pairs) for key, (pairs, _) in sources.items()}
            by_cosine = by_cosine or found
            row = {key: float(values[0]) for key, values in found.items()}
            errors = [float(np.std(values[1:] - by_cosine[key][1:], ddof=1)) / PARTS**0.5
                      for key, values in found.items()]  # fmt: skip
            row |= {"error": max(errors)}
            row |= {f"{key}, in ten": in_ten(of, metric, partners)
                    for key, (_, partners) in sources.items()}  # fmt: skip
            rows.setdefault(label, []).append(row)
            told = ", ".join(f"{key} {value:.4f}" for key, value in row.items())
            print(f"  {label}, seed {seed}: {told}", flush=True)
    size = {"data": name, "samples": adata.n_obs, "genes": adata.n_vars, "dim": d}
    return pd.DataFrame([{**size, "metric": label, **pd.DataFrame(of).median()}
                         for label, of in rows.items()])  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("gene_metrics", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of data")
    parser.add_argument("--sets", type=int, default=10_000, help="at most, of each collection")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    if options.tiny:
        found = [gene_views.tiny(measure, options.seeds)]
    else:
        found = gene_views.of_cohorts(measure, options)
    note = f"medians of {options.seeds} seeds"
    report.publish(options, pd.concat(found), note, decoder="inner")


if __name__ == "__main__":
    main()
