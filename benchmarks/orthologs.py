"""Orthologs: whether gene vectors of human and mouse, learned apart, find each other.

Human vectors come from GTEx and HPA (64 tissues), those of the mouse from ENCODE (17 tissues),
log2(x + 1); tissues and their names are never matched. The maps between the two come from
one-to-one orthologs. Top-1 and top-10 count the true ortholog among all genes of the other
species: of pairs held out of the maps (5 folds), and beside it of the pairs that made the maps.

Lines: FE; PCA loadings, scaled (by the singular values) and whitened; the raw profiles, centred
by gene, with and without its mean. Controls: maps from shuffled pairs; a pseudo-species (GTEx
against HPA, two sets of samples of one species, trained apart, each gene its own ortholog); and
a turned copy of the human space. `shared` takes only tissues that both species have, chosen by
hand and put into no order: the expression is all that the methods see of it.

    python -m benchmarks.orthologs [--only WORD ...] [--folds N] [--no-variants]
    python -m benchmarks.orthologs --tiny      # only to see that it runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, report

BULK = ("gtex_29", "hpa_35", "mouse_17")
HUMAN_DIM, MOUSE_DIM = 32, 16
"""Dimensions of gene vectors: the mouse has 17 samples."""
SHARED = {
    "Brain", "Cerebral.Cortex", "Heart", "Heart.Muscle", "Kidney", "Liver", "Lung", "Spleen",
    "Testis", "Bone.Marrow", "Small.Intestine", "Duodenum", "Placenta",
    "Cortex", "Cerebellum", "Intestine", "E14.5.Placenta", "Olfactory",
}  # fmt: skip
"""Tissues, by either name, that both species have."""
TOP = ["top_1", "top_10"]


def log_profiles(name: str) -> AnnData:
    """Return tissues x genes of log2(x + 1)."""
    adata = cohorts.load(name)
    return AnnData(np.log2(adata.X + 1), obs=adata.obs[[]].copy(), var=adata.var[[]].copy())


def joined(*cohorts_: AnnData) -> AnnData:
    """Return all samples, on the genes in common."""
    common = cohorts_[0].var_names
    for adata in cohorts_[1:]:
        common = common.intersection(adata.var_names)
    X = np.concatenate([adata[:, common].X for adata in cohorts_])
    return AnnData(X, var=pd.DataFrame(index=common))


def fe_vectors(adata: AnnData, dim: int, seed: int) -> np.ndarray:
    """Return vectors of the default recipe, which here holds no entries out.

    Of 17 values of a gene, one in twenty is nearly one a gene, and what it says of the gene is
    lost to the vector: with the default FE falls behind PCA, which sees all entries.
    """
    adata = adata.copy()
    fe.tl.train(adata, sample_dim=dim, gene_dim=dim, validation=0.0, rng=seed, progress=False)
    return np.asarray(adata.varm["fe"])


def loadings(adata: AnnData, dim: int, *, whitened: bool) -> np.ndarray:
    """Return loadings of the principal components, times the singular values unless whitened."""
    _, sizes, right = np.linalg.svd(adata.X - adata.X.mean(axis=0), full_matrices=False)
    return np.asarray(right[:dim].T * (1 if whitened else sizes[:dim]), dtype=np.float32)


METHODS: dict[str, Callable[[AnnData, int, int], np.ndarray]] = {
    "FE": fe_vectors,
    "PCA scaled": lambda adata, dim, seed: loadings(adata, dim, whitened=False),
    "PCA whitened": lambda adata, dim, seed: loadings(adata, dim, whitened=True),
    "profiles": lambda adata, dim, seed: (adata.X - adata.X.mean(axis=0)).T,
    "profiles with mean": lambda adata, dim, seed: adata.X.T,
}


def vectors(adata: AnnData, method: str, dim: int, seed: int) -> AnnData:
    """Return 0 samples x genes with the vectors of a method; no more dims than samples leave."""
    found = METHODS[method](adata, min(dim, adata.n_obs - 1), seed).astype(np.float32)
    X = np.empty((0, adata.n_vars), np.float32)
    return AnnData(X, var=pd.DataFrame(index=adata.var_names), varm={"fe": found},
                   uns={"samples": adata.n_obs})  # fmt: skip


def turned(adata: AnnData, seed: int) -> AnnData:
    """Return the same genes, their vectors turned at random."""
    copy = adata.copy()
    dim = copy.varm["fe"].shape[1]
    draw = np.random.default_rng(seed)
    copy.varm["fe"] = copy.varm["fe"] @ np.linalg.qr(draw.normal(size=(dim, dim)))[0]
    return copy


def rows(
    data: str, name: str, a: AnnData, b: AnnData, pairs: pd.DataFrame, folds: int, **how: Any
) -> pd.DataFrame:
    """Return the lines of one alignment: held out and used for training side by side."""
    started = time.perf_counter()
    found = fe.tl.align_gene_spaces(a, b, pairs, folds=folds, **how).summary
    found = found[found["direction"] == "human to mouse"]
    used = found.loc[found["pairs"] == "used for training", TOP]
    lines = found[found["pairs"] == "held out"]
    keys = {
        "data": data,
        "vectors": name,
        "decoder": "inner" if name == "FE" else report.NO_MODEL,
        "samples": f"{a.uns['samples']}, {b.uns['samples']}",
        "dims": f"{a.varm['fe'].shape[1]}, {b.varm['fe'].shape[1]}",
        "map": how.get("method", "cca"),
        "CSLS": how.get("csls", 10),
        "refined": how.get("refine", 0 if how.get("supervised", True) else 10),
    }
    records = []
    for _, line in lines.iterrows():
        own = used.iloc[0] if line["training"] == "orthologs" else pd.Series(np.nan, TOP)
        records.append(
            {
                **keys,
                "training": line["training"],
                **{f"{top} held out": line[top] for top in TOP},
                **{f"{top} used": own[top] for top in TOP},
                "median rank": line["median_rank"],
                "pairs": line["n_pairs"],
                "candidates": line["n_candidates"],
            }
        )
        print("  " + ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}"
              for k, v in records[-1].items()), flush=True)  # fmt: skip
    print(f"  {time.perf_counter() - started:.0f} s", flush=True)
    return pd.DataFrame(records)


VARIANTS: tuple[dict[str, Any], ...] = (
    {"csls": 0},
    {"method": "procrustes"},
    {"method": "procrustes", "csls": 0},
    {"refine": 2},
    {"supervised": False},
)


def own_pairs(names: pd.Index) -> pd.DataFrame:
    """Return each gene as its own ortholog."""
    return pd.DataFrame({"human": names, "mouse": names})


def tables(sets: dict[str, Any], options: argparse.Namespace) -> list[pd.DataFrame]:
    """Return the lines of all data and methods that were asked for."""
    found = []
    for data, (a, b, pairs) in sets.items():
        for method in METHODS:
            if not any(word in f"{data}, {method}" for word in options.only):
                continue
            print(f"{data}, {method}", flush=True)
            spaces = (
                vectors(a, method, HUMAN_DIM, options.seed),
                vectors(b, method, MOUSE_DIM if data != "pseudo-species" else HUMAN_DIM, 1),
            )
            found.append(rows(data, method, *spaces, pairs, options.folds))
            if method != "FE" or not options.variants or data == "shared tissues":
                continue
            for how in VARIANTS:
                found.append(rows(data, method, *spaces, pairs, options.folds, **how))
            if data == "human, mouse":
                copy = turned(spaces[0], options.seed)
                own = own_pairs(a.var_names)
                for how in ({}, {"supervised": False}):
                    found.append(rows("turned copy", method, spaces[0], copy, own, 2, **how))
    return found


def real() -> dict[str, Any]:
    """Return human against mouse, the same on shared tissues, and the pseudo-species."""
    gtex, hpa, mouse = (log_profiles(name) for name in BULK)
    human = joined(gtex, hpa)
    shared = [adata[adata.obs_names.isin(SHARED)] for adata in (gtex, hpa, mouse)]
    pairs = pd.read_csv(cohorts.path_of("orthologs"), sep="\t")
    pairs = pairs[["human_symbol", "mouse_symbol"]]
    for column in pairs:  # unique by Ensembl id, not all by symbol
        pairs = pairs.drop_duplicates(column, keep=False)
    common = gtex.var_names.intersection(hpa.var_names)
    return {
        "human, mouse": (human, mouse, pairs),
        "shared tissues": (joined(*shared[:2]), shared[2].copy(), pairs),
        "pseudo-species": (gtex, hpa, own_pairs(common)),
    }


def tiny() -> dict[str, Any]:
    """Return two halves of a simulation."""
    adata = fe.datasets.simulated(80, 60, 4)
    halves = [adata[i::2].copy() for i in (0, 1)]
    return {"human, mouse": (*halves, own_pairs(adata.var_names))}


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = report.Parser("orthologs", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of data and methods")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--no-variants", dest="variants", action="store_false")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    options = options_of(arguments)
    absent = [n for n in (*BULK, "orthologs") if not cohorts.present(n)]
    if absent and not options.tiny:
        raise SystemExit(f"{cohorts.path_of(absent[0])} is absent: set FE_ANNDATA_DATA.")
    found = tables(tiny() if options.tiny else real(), options)
    if not found:
        raise SystemExit(f"no data or method is called {' or '.join(options.only)}.")
    report.publish(
        options,
        pd.concat(found),
        "true orthologs among all genes of the other species, human to mouse; held out: pairs that "
        "shaped no map; used: pairs that made the map they are scored by",
    )


if __name__ == "__main__":
    main()
