"""What gene vectors know: properties and interactions of genes, against the loadings of PCA.

All methods see one matrix: log10(x + 1), every gene standardised, its standardised mean added back,
which methods that centre do not see. Classifiers are those of `tl.classify_genes`, cross-validated
by gene; given is the mean AUROC over the sets of a collection (20 to 500 known genes; GO biological
process, Reactome, genes enriched in a tissue by the Human Protein Atlas). For interactions it is
the AUROC of the cosine similarity: pairs (STRING of at least 0.7, HuRI, BioPlex) against the same
genes re-paired at random. Nothing is held out from FE: a matrix of 64 samples has no entries to
spare. Methods with randomness are medians over seeds.

    python -m benchmarks.gene_vectors [--only WORD ...] [--sets N] [--seeds N] [--methods WORD ...]
    python -m benchmarks.gene_vectors --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from sklearn.metrics import roc_auc_score

import fe_anndata as fe
from benchmarks import cohorts, report

TISSUES = ("bulk/gtex_29tissues_aggregate.h5ad", "bulk/hpa_35tissues_aggregate.h5ad")
SETS = {"GO": "genes/genesets/go_bp_v6.2.gmt.gz", "Reactome": "genes/genesets/reactome_v7.0.gmt.gz"}
SPECIFIC = "genes/tissue_specific_hpa.tsv.gz"
PAIRS = {
    "STRING": "genes/ppi_string_score700.tsv.gz",
    "HuRI": "genes/ppi_huri_union.tsv.gz",
    "BioPlex": "genes/ppi_bioplex3_293T.tsv.gz",
}
MEMBERS = (20, 500)
LEAST_SETS, LEAST_PAIRS = 3, 200
"""With fewer, a number says nothing and is left out."""

Vectors = Callable[[np.ndarray, int, int], np.ndarray]
"""Matrix (samples, genes), dimensions and seed to vectors (genes, d)."""


@dataclass(frozen=True)
class Knowledge:
    """What is known of genes: sets by collection, and interacting pairs by source."""

    sets: dict[str, dict[str, list[str]]]
    pairs: dict[str, pd.DataFrame]


def tissues() -> AnnData:
    """Return the averages of 29 and 35 tissues over their common genes."""
    parts = [fe.io.read_h5ad(cohorts.file(name)) for name in TISSUES]
    common = parts[0].var_names.intersection(parts[1].var_names)
    return log(np.vstack([cohorts.dense(part[:, common]) for part in parts]), common)


def tcga_counts() -> AnnData:
    """Return counts per million of the protein-coding genes."""
    adata = fe.io.read_h5ad(cohorts.path_of("tcga_7"))
    coding = adata[:, (adata.var["biotype"] == "protein_coding").to_numpy()]
    X = cohorts.dense(coding)
    return log(1e6 * X / X.sum(1, keepdims=True), coding.var_names)


def gtex_samples() -> AnnData:
    """Return samples of 31 tissues; 1000 genes, few of them coding; logarithms as they are."""
    adata = cohorts.load("gtex")
    return AnnData(adata.X, var=pd.DataFrame(index=adata.var_names))


DATA = {"tissues": (tissues, 32), "tcga_7types": (tcga_counts, 64), "gtex_v8": (gtex_samples, 64)}
"""What is read, and the number of dimensions."""


def log(X: np.ndarray, genes: pd.Index) -> AnnData:
    return AnnData(np.log10(X + 1), var=pd.DataFrame(index=genes))


def standardised(adata: AnnData) -> AnnData:
    """Return the matrix that all methods see; genes that hardly vary are left out."""
    X = adata.X
    adata = adata[:, X.std(0) > 1e-3].copy()
    mean = adata.X.mean(0)
    adata.X = (adata.X - mean) / adata.X.std(0) + (mean - mean.mean()) / mean.std()
    return adata


def raw(X: np.ndarray, d: int, seed: int) -> np.ndarray:
    return (X - X.mean(0)).T


def random(X: np.ndarray, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((X.shape[1], d)).astype(np.float32)


def loadings(X: np.ndarray, d: int, seed: int) -> np.ndarray:
    """Return loadings times singular values."""
    _, s, Vt = np.linalg.svd(X - X.mean(0), full_matrices=False)
    return (Vt[:d] * s[:d, None]).T


def whitened(X: np.ndarray, d: int, seed: int) -> np.ndarray:
    V = loadings(X, d, seed)
    return V / np.sqrt(np.square(V).mean(0))


def with_mean(X: np.ndarray, d: int, seed: int) -> np.ndarray:
    mean = X.mean(0)
    return np.c_[whitened(X, d - 1, seed), (mean - mean.mean()) / mean.std()]


def fe_of(decoder: str, sample_dim: int, **options: Any) -> Vectors:
    """Return FE by that decoder; concat for so many steps as take minutes."""

    def method(X: np.ndarray, d: int, seed: int) -> np.ndarray:
        adata = AnnData(X)
        few = options | ({"steps": 3000} if decoder == "concat" else {})
        d = min(d, *(n - 1 for n in X.shape))
        fe.tl.train(adata, decoder=decoder, sample_dim=min(sample_dim, d), gene_dim=d, rng=seed,
                    validation=0.0, progress=False, **few)  # fmt: skip
        return np.asarray(adata.varm["fe"])

    return method


def skip_gram(X: np.ndarray, d: int, seed: int) -> np.ndarray:
    """Return vectors in the manner of gene2vec (Du et al. 2019), trained on this matrix.

    Words are genes, and a sentence is a gene with one of the 30 it correlates with best; skip-gram
    with 5 negative samples, 30 epochs.
    """
    rng = torch.Generator().manual_seed(seed)
    Z = torch.from_numpy((X - X.mean(0)) / X.std(0)).T / len(X) ** 0.5
    m, k = len(Z), min(30, len(Z) - 1)
    partners = torch.cat([(part @ Z.T).topk(k + 1).indices[:, 1:] for part in Z.split(1024)])
    word, context = (torch.nn.Embedding(m, d, sparse=True) for _ in range(2))
    with torch.no_grad():
        word.weight.copy_((torch.rand(m, d, generator=rng) - 0.5) / d)
        context.weight.zero_()
    optimiser = torch.optim.SparseAdam([*word.parameters(), *context.parameters()], lr=0.01)
    for _ in range(30):
        for genes in torch.randperm(m, generator=rng).split(2048):
            w = word(genes)[:, None]
            near = partners[genes, torch.randint(k, (len(genes),), generator=rng)][:, None]
            far = torch.randint(m, (len(genes), 5), generator=rng)
            scores = (w * context(torch.cat([near, far], 1))).sum(2)
            scores[:, 1:] *= -1
            loss = -torch.nn.functional.logsigmoid(scores).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return word.weight.detach().numpy()


METHODS: dict[str, tuple[Vectors, bool]] = {
    "FE, inner, 32-D samples": (fe_of("inner", 32), True),
    "FE, inner, 2-D samples": (fe_of("inner", 2), True),
    "FE, concat, 2-D samples": (fe_of("concat", 2), True),
    "PCA loadings": (loadings, False),
    "PCA loadings, whitened": (whitened, False),
    "PCA, whitened, and mean": (with_mean, False),
    "skip-gram": (skip_gram, True),
    "raw profiles": (raw, False),
    "random": (random, True),
}
"""By name: how, and whether it depends on the seed. The profiles have a dimension per sample."""


def decoder_of(method: str) -> str:
    """Return the decoder of a method, which its name says."""
    return next((name for name in ("inner", "concat") if f"FE, {name}" in method), report.NO_MODEL)


def knowledge(genes: pd.Index, number: int) -> Knowledge:
    """Return what is known of these genes, of each collection at most so many sets, drawn once."""
    known = set(genes)
    collections = {name: fe.io.read_gmt(cohorts.file(path)) for name, path in SETS.items()}
    specific = pd.read_csv(cohorts.file(SPECIFIC), sep="\t")
    specific = specific[specific["group"].isin(["Tissue-Enriched", "Group-Enriched"])]
    collections["HPA"] = {str(k): list(v) for k, v in specific.groupby("tissue")["symbol"]}
    sets = {}
    for name, collection in collections.items():
        fit = {k: [g for g in v if g in known] for k, v in collection.items()}
        least, most = (MEMBERS[0], len(known)) if name == "HPA" else MEMBERS
        fit = {k: v for k, v in fit.items() if least <= len(set(v)) <= most}
        drawn = np.random.default_rng(0).permutation(len(fit))[:number]
        sets[name] = {k: fit[k] for k in np.array(list(fit), dtype=object)[np.sort(drawn)]}
    pairs = {}
    for name, path in PAIRS.items():
        table = pd.read_csv(cohorts.file(path), sep="\t").iloc[:, :2]
        pairs[name] = table[table.isin(known).all(axis=1)]
    return Knowledge(sets, pairs)


def interactions(vectors: pd.DataFrame, pairs: pd.DataFrame) -> float:
    """Return the AUROC of cosine similarity for pairs against the same genes re-paired."""
    if len(pairs) < LEAST_PAIRS:
        return np.nan
    V = vectors.to_numpy()
    V = V / np.maximum(np.linalg.norm(V, axis=1, keepdims=True), 1e-12)
    a, b = (vectors.index.get_indexer(pairs.iloc[:, i]) for i in (0, 1))
    other = np.random.default_rng(0).permutation(b)
    apart = a != other
    true, false = (V[a] * V[b]).sum(1), (V[a[apart]] * V[other[apart]]).sum(1)
    truth = np.repeat([1, 0], [len(true), len(false)])
    return float(roc_auc_score(truth, np.concatenate([true, false])))


def of_sets(vectors: pd.DataFrame, known: Knowledge) -> dict[str, np.ndarray]:
    """Return the AUROC of each set by collection, of one NaN where too little is known."""
    space = AnnData(np.zeros((0, len(vectors)), np.float32), var=pd.DataFrame(index=vectors.index))
    space.varm["fe"] = vectors.to_numpy(dtype=np.float32)
    found = {name: np.full(1, np.nan) for name in known.sets}
    for name, sets in known.sets.items():
        if len(sets) >= LEAST_SETS:
            table = fe.tl.classify_genes(space, sets, progress=False).table
            found[name] = table["auroc"].to_numpy()
    return found


def judge(vectors: pd.DataFrame, known: Knowledge) -> dict[str, float]:
    """Return one number per collection and source, NaN where too little is known."""
    sets = {name: float(np.mean(aurocs)) for name, aurocs in of_sets(vectors, known).items()}
    return sets | {name: interactions(vectors, pairs) for name, pairs in known.pairs.items()}


def measure(
    name: str, adata: AnnData, d: int, known: Knowledge, options: argparse.Namespace
) -> pd.DataFrame:
    """Return a row per method and seed."""
    adata = standardised(adata)
    print(f"{name}: {adata.n_obs} x {adata.n_vars}, "
          f"{ {k: len(v) for k, v in known.sets.items()} } sets", flush=True)  # fmt: skip
    rows = []
    for method, (vectors_of, drawn) in METHODS.items():
        if not any(word in method for word in options.methods):
            continue
        for seed in range(options.seeds if drawn else 1):
            V = vectors_of(adata.X, d, seed)
            judged = judge(pd.DataFrame(V, index=adata.var_names), known)
            rows.append({"data": name, "samples": adata.n_obs, "genes": adata.n_vars,
                         "method": method, "decoder": decoder_of(method), "dim": V.shape[1],
                         "seed": seed, **judged})  # fmt: skip
            numbers = ", ".join(f"{key} {value:.4f}" for key, value in judged.items())
            print(f"  {method}, seed {seed}: {numbers}", flush=True)
    return pd.DataFrame(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("gene_vectors", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of data")
    parser.add_argument("--methods", nargs="+", default=[""], help="parts of names of methods")
    parser.add_argument("--sets", type=int, default=10_000, help="at most, of each collection")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    found = []
    if options.tiny:
        adata = fe.datasets.simulated(40, 120, 3)
        groups = {f"part {i}": list(adata.var_names[i::3]) for i in range(3)}
        pairs = pd.DataFrame({"a": adata.var_names[:60], "b": adata.var_names[60:]})
        known = Knowledge({"sets": groups}, {"pairs": pd.concat([pairs] * 4)})
        found.append(measure("tiny", AnnData(adata.X, var=adata.var), 8, known, options))
    else:
        for name, (load, d) in DATA.items():
            if any(word in name for word in options.only):
                if not cohorts.file(SPECIFIC).is_file():
                    raise SystemExit("the cohorts are absent: set FE_ANNDATA_DATA.")
                adata = load()
                known = knowledge(standardised(adata).var_names, options.sets)
                found.append(measure(name, adata, d, known, options))
    rows = pd.concat(found)
    keys = ["data", "samples", "genes", "method", "decoder", "dim"]
    names = [c for c in rows if c not in (*keys, "seed")]
    table = rows.groupby(keys, sort=False)[names].median()
    table = table.assign(mean=table.mean(axis=1)).reset_index()
    report.publish(options, table, f"AUROC, medians of {options.seeds} seeds", rounds=rows)


if __name__ == "__main__":
    main()
