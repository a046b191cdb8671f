"""What the contact sheet draws: a trained cohort, its groups few and many, and tables of results.

The cohort is TCGA where it is there, and else the blood cells that Scanpy ships.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.cluster import KMeans

import fe_anndata as fe
from benchmarks import cohorts

SEED = 0
LONG = {
    "BRCA": "breast invasive carcinoma",
    "COAD": "colon adenocarcinoma",
    "HNSC": "head and neck squamous cell carcinoma",
    "KIRC": "kidney renal clear cell carcinoma",
    "KIRP": "kidney renal papillary cell carcinoma",
    "LIHC": "liver hepatocellular carcinoma",
    "LUAD": "lung adenocarcinoma",
    "LUSC": "lung squamous cell carcinoma",
    "PRAD": "prostate adenocarcinoma",
    "STAD": "stomach adenocarcinoma",
    "THCA": "thyroid carcinoma",
}
"""Names of the types of TCGA as its publications spell them."""
FEW_STEPS: dict[str, Any] = {"steps": 45, "evaluate_every": 15}


def material(*, tiny: bool = False) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what calls draw, by name, and what is not drawn, with the reason."""
    real = cohorts.present("tcga") and not tiny
    t, label = (cohorts.load("tcga"), "cancer_type") if real else (_blood(), "bulk_labels")
    fe.tl.train(t, record_every=15, rng=SEED, progress=False)
    add_groups(t, label)
    genes = _well_known(t)
    found: dict[str, Any] = {"t": t, "new": _new_samples(t), "counts": _attended(t), **genes}
    some = t[:, t.var_names[::8]].copy()
    found |= tables(some, tiny)
    if real:
        found["survived"] = _survived(some)
        return found, {}
    why = "--tiny" if tiny else f"{cohorts.path_of('tcga')} is not there"
    return found, {"survival": f"needs samples that were followed ({why})"}


def _blood() -> AnnData:
    adata = fe.datasets.pbmc68k_reduced()
    adata.X = cohorts.dense(adata)
    return adata


def add_groups(adata: AnnData, label: str) -> None:
    """Write columns of 1, 2, 11, 33 and 100 groups; the 33 have long names, some are missing."""
    names = adata.obs[label].astype(str)
    place = pd.Series(np.asarray(adata.obsm["X_fe"])[:, 0], index=adata.obs_names)
    third = place.groupby(names).rank(pct=True, method="first").mul(3).apply(np.ceil).astype(int)
    long = names.map(lambda name: LONG.get(name, f"{name}, sorted by its surface markers"))
    clusters = KMeans(100, random_state=SEED, n_init=1).fit_predict(adata.obsm["X_fe"])
    adata.obs["one"] = "all"
    adata.obs["two"] = np.where(place > place.median(), "right", "left")
    adata.obs["eleven"] = pd.Categorical(names)
    adata.obs["thirty-three"] = long + ", part " + third.astype(str) + " of 3"
    adata.obs["hundred"] = [f"cluster {i + 1}" for i in clusters]  # whose order is a natural one
    adata.obs["gaps"] = adata.obs["eleven"].where(np.arange(adata.n_obs) % 3 > 0)
    adata.obs["number"] = place + 0.0


def _well_known(adata: AnnData) -> dict[str, Any]:
    """Return genes by name: one, and lists of 2, 11, 100, and lists of lists."""
    spread = np.argsort(-np.asarray(adata.X).std(axis=0), kind="stable")
    names = list(adata.var_names[spread])
    lists = {f"set {i + 1} of genes": names[7 * i : 7 * i + 6] for i in range(11)}
    lists["set 2 of genes"] = [*lists["set 2 of genes"], lists["set 1 of genes"][0]]
    return {"gene": names[0], "genes": names[:150], "lists": lists}


def _new_samples(adata: AnnData) -> AnnData:
    """Return samples that are placed as if they were new: every tenth, a little changed."""
    new = AnnData(np.asarray(adata.X)[::10] + 0.1, obs=adata.obs[::10].copy(), var=adata.var.copy())
    fe.tl.transform(new, adata, progress=False)
    return new


def _attended(adata: AnnData) -> AnnData:
    """Return an Exceiver of a few genes and samples."""
    positive = np.maximum(np.asarray(adata.X)[::6, :200], 0)
    counts = AnnData(np.rint(np.exp2(np.minimum(positive, 8))).astype(np.float32))
    counts.obs_names, counts.var_names = adata.obs_names[::6], adata.var_names[:200]
    counts.obs["eleven"] = adata.obs["eleven"][::6]
    few: dict[str, Any] = {"sample_dim": 8, "width": 16, "latents": 12, "heads": 2, "steps": 40}
    fe.tl.train(counts, "exceiver", progress=False, **few)
    return counts


def tables(adata: AnnData, tiny: bool) -> dict[str, Any]:
    """Return results of the verbs whose tables are drawn, of few genes and few steps."""
    fe.tl.train(adata, progress=False, **FEW_STEPS)
    quick: Mapping[str, Any] = {"folds": 2, "progress": False}
    of = {"dims": [2, 4] if tiny else [2, 8, 32], "methods": ["fe", "pca"], "train": FEW_STEPS}
    evaluated = fe.tl.evaluate(adata, "eleven", **of, **quick)
    maps = {"methods": ["fe", "fe_linear", "pca"], "n_components": 3 if tiny else 8}
    kept = fe.tl.components_kept(adata, **maps, train=FEW_STEPS, **quick)
    options: dict[str, Any] = {"gene_dim": [10, 25], "l2": [0.0, 1e-5]}
    swept = fe.tl.sweep(adata, options, epochs=3.0, **quick)
    sets = {f"set {i + 1}": list(adata.var_names[i::7][:30]) for i in range(4)}
    classified = fe.tl.classify_genes(adata, sets, progress=False)
    imputed = fe.tl.imputation_curve(adata, subsets=2, train=FEW_STEPS, **quick)
    return {
        "evaluated": evaluated,
        "imputed": imputed,
        "many_methods": _of_methods(evaluated, 33),
        "kept": kept,
        "kept_of_many": _of_methods(kept, 6),
        "swept": swept,
        "single": fe.tl.sweep(adata, {"gene_dim": [10]}, epochs=3.0, **quick),
        "classified": classified,
        "many_collections": _collections(33),
        "marking": fe.tl.markers(adata, "eleven"),
        "marking_33": fe.tl.markers(adata, "thirty-three"),
        "marking_100": fe.tl.markers(adata, "hundred"),
    }


def _of_methods(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return a table of many methods with long names: one method's numbers, shifted."""
    first = table[table["method"] == table["method"].iloc[0]]
    copies = []
    for i in range(n):
        copy = first.assign(method=f"method {i + 1} with a name that says all of its options")
        measured = "accuracy_new" if "accuracy_new" in table else "r2_new"
        copies.append(copy.assign(**{measured: copy[measured] * (1 - i / (2 * n))}))
    return pd.concat(copies, ignore_index=True)


def _collections(n: int) -> pd.DataFrame:
    draw = np.random.default_rng(SEED)
    names = np.repeat([f"collection {i + 1} of gene sets from a database" for i in range(n)], 30)
    values = draw.beta(6, 3, len(names))
    return pd.DataFrame(
        {"collection": names, "auroc": values, "auroc_permuted": draw.beta(20, 20, len(names))}
    )


def _survived(adata: AnnData) -> Any:
    """Return the survival of the tumours by four models."""
    known = adata.obs[["OS_time", "OS"]].notna().all(axis=1)
    tumours = adata[known & (adata.obs["sample_type"] == "tumor")].copy()
    return fe.tl.survival(
        tumours,
        "OS_time",
        "OS",
        bases=["fe", "pca"],
        dims=[2, 8],
        folds=2,
        resamples=50,
        train=FEW_STEPS,
        progress=False,
    )
