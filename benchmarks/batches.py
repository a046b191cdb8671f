"""Batches taken out of an embedding: how well they mix, and whether classes stay apart.

In the simulations six kinds of samples come from four batches, each of which shifts every gene by
its own number. The batches hold the kinds in equal shares (`alike`), in very unequal ones
(`uneven`), or only some of the kinds each (`confounded`: two kinds are in one batch alone, and what
they differ in cannot be told from it). `kang` are cells of five donors. Two thirds of the samples
are embedded; `batch` is the part of the variance within kinds that batches explain, `iLISI` how
well batches mix (1 is best) and `cLISI` how well kinds stay apart (1 is best), both of scib-metrics
with 90 neighbours. `accuracy` is that of the kind of the other third, which is placed, by 15
nearest neighbours; Harmony places no new samples. `truth` is PCA before the batches were added.
Means over seeds.

    python -m benchmarks.batches [--seeds N] [--only NAME ...]
    python -m benchmarks.batches --tiny    # only to see that it runs

It needs scib-metrics and harmonypy (pip install 'fe-anndata[test]'); scVI, trained as it is by
default, has a row where scvi-tools is installed.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

import fe_anndata as fe
from benchmarks import report
from benchmarks.cohorts import path_of

SHARES = {
    "alike": np.full((6, 4), 0.25),
    "uneven": np.array([np.roll([0.7, 0.1, 0.1, 0.1], kind % 4) for kind in range(6)]),
    "confounded": np.array([[1, 0, 0, 0], [0, 1, 0, 0], *[[0.25] * 4] * 4]),
}
"""Of the samples of each kind in each batch."""
Embedded = tuple[np.ndarray, np.ndarray | None]
"""Of the training samples, and of new ones if the method places any."""


def simulated(shares: np.ndarray, seed: int, n_obs: int = 1500, n_vars: int = 800) -> AnnData:
    """Return log expression with batches, and without them as the layer "free"."""
    draw = np.random.default_rng(seed)
    kind = draw.integers(len(shares), size=n_obs)
    batch = np.array([draw.choice(4, p=shares[k]) for k in kind])
    loadings = draw.normal(size=(10, n_vars))
    states = 1.2 * draw.normal(size=(len(shares), 10))[kind] + 0.5 * draw.normal(size=(n_obs, 10))
    free = states @ loadings + 2 * draw.normal(size=(n_obs, n_vars))
    X = free + draw.normal(size=(4, n_vars))[batch]
    obs = pd.DataFrame({"batch": batch.astype(str), "kind": kind.astype(str)})
    obs.index = [f"s{i}" for i in range(n_obs)]
    var = pd.DataFrame(index=[f"g{j}" for j in range(n_vars)])
    return AnnData(X.astype(np.float32), obs=obs, var=var, layers={"free": free.astype(np.float32)})


def kang(seed: int) -> AnnData:
    """Return log expression of cells, with their counts as a layer."""
    adata = sc.read_h5ad(path_of("kang"))
    adata.layers["counts"] = adata.X.astype(np.float32)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    adata.obs["batch"] = adata.obs["donor"].astype(str)
    adata.obs["kind"] = adata.obs["cell_type"].astype(str)
    return adata


def dense(X: Any) -> np.ndarray:
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def pca(train: AnnData, new: AnnData, seed: int, layer: str | None = None) -> Embedded:
    """Embed by 32 principal components."""
    found = PCA(32, random_state=seed).fit(dense(train.layers[layer] if layer else train.X))
    parts = (dense(of.layers[layer] if layer else of.X) for of in (train, new))
    u, v = map(found.transform, parts)
    return u, v


def truth(train: AnnData, new: AnnData, seed: int) -> Embedded:
    """Embed what there was before batches."""
    return pca(train, new, seed, "free")


def harmony(train: AnnData, new: AnnData, seed: int) -> Embedded:
    """Correct principal components by Harmony."""
    import harmonypy

    u, _ = pca(train, new, seed)
    found = harmonypy.run_harmony(u, train.obs, "batch", random_state=seed, verbose=False)
    corrected = np.asarray(found.Z_corr)
    return (corrected if len(corrected) == len(u) else corrected.T), None


def scvi(train: AnnData, new: AnnData, seed: int) -> Embedded:
    """Embed by scVI, in 32 dimensions."""
    import scvi as package

    package.settings.seed = seed
    parts = [AnnData(of.layers["counts"], obs=of.obs[["batch"]], var=of.var) for of in (train, new)]
    package.model.SCVI.setup_anndata(parts[0], batch_key="batch")
    model = package.model.SCVI(parts[0], n_latent=32, gene_likelihood="nb")
    model.train(enable_progress_bar=False)  # for as many epochs as it takes by default
    u, v = (model.get_latent_representation(part) for part in parts)
    return u, v


def ours(model: str = "fe", **options: Any) -> Callable[[AnnData, AnnData, int], Embedded]:
    """Return what embeds by a family."""
    layer = "counts" if model == "exceiver" else None

    def embed(train: AnnData, new: AnnData, seed: int) -> Embedded:
        train, new = train.copy(), new.copy()
        fe.tl.train(train, model, layer=layer, rng=seed, progress=False, **options)
        fe.tl.transform(new, train, key=model, layer=layer, progress=False)
        return train.obsm[f"X_{model}"], new.obsm[f"X_{model}"]

    return embed


METHODS: dict[str, Callable[[AnnData, AnnData, int], Embedded]] = {
    "truth": truth,
    "PCA, 32-D": pca,
    "Harmony, 32-D": harmony,
    "scVI, 32-D": scvi,
    "FE, 32-D": ours(sample_dim=32),
    "FE with batch_key, 32-D": ours(sample_dim=32, batch_key="batch"),
    "FE, 2-D": ours(),
    "FE with batch_key, 2-D": ours(batch_key="batch"),
    "Exceiver": ours("exceiver"),
    "Exceiver with batch_key": ours("exceiver", batch_key="batch"),
}
OF_COUNTS = ("Exceiver", "Exceiver with batch_key", "scVI, 32-D")


def judged(train: AnnData, new: AnnData, found: Embedded) -> dict[str, float]:
    """Return how well batches mix, kinds stay apart, and new samples are told."""
    from scib_metrics import clisi_knn, ilisi_knn
    from scib_metrics.nearest_neighbors import NeighborsResults
    from sklearn.neighbors import NearestNeighbors

    u, v = found
    batch, kind = (pd.factorize(train.obs[name])[0] for name in ("batch", "kind"))
    n = min(90, len(u) // 4)
    distances, indices = NearestNeighbors(n_neighbors=n).fit(u).kneighbors(u)
    near = NeighborsResults(indices=indices, distances=distances)
    within = u - pd.DataFrame(u).groupby(kind).transform("mean").to_numpy()
    means = pd.DataFrame(within).groupby([kind, batch]).transform("mean").to_numpy()
    accuracy = np.nan
    if v is not None:
        told = KNeighborsClassifier(15).fit(u, kind)
        names = dict(zip(train.obs["kind"], kind, strict=True))
        accuracy = told.score(v, new.obs["kind"].map(names))
    return {
        "batch": float(np.square(means).sum() / np.square(within).sum()),
        "iLISI": float(ilisi_knn(near, batch)),
        "cLISI": float(clisi_knn(near, kind)),
        "accuracy": float(accuracy),
    }


def methods_for(adata: AnnData) -> list[str]:
    """Return the methods that know what they need of an AnnData, and are installed."""
    names = [name for name in METHODS if "counts" in adata.layers or name not in OF_COUNTS]
    names = [name for name in names if "free" in adata.layers or name != "truth"]
    has_scvi = importlib.util.find_spec("scvi") is not None
    return [name for name in names if has_scvi or not name.startswith("scVI")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("batches", __doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], help="settings")
    options = parser.parse_args(arguments)
    tiny = {"n_obs": 240, "n_vars": 60} if options.tiny else {}
    settings: dict[str, Callable[[int], AnnData]] = {
        name: lambda seed, shares=shares: simulated(shares, seed, **tiny)
        for name, shares in SHARES.items()
    }
    if not options.tiny:
        settings["kang"] = kang
    records = []
    for name in options.only or settings:
        found: dict[str, list[dict[str, float]]] = {}
        for seed in range(1 if options.tiny else options.seeds):
            adata = settings[name](seed)
            drawn = np.random.default_rng(seed).permutation(adata.n_obs) % 3
            train, new = adata[drawn > 0].copy(), adata[drawn == 0].copy()
            for method in methods_for(adata):
                started = time.process_time()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    scores = judged(train, new, METHODS[method](train, new, seed))
                scores["cpu_seconds"] = time.process_time() - started
                found.setdefault(method, []).append(scores)
        for method, scores_of in found.items():
            means = pd.DataFrame(scores_of).mean().to_dict()
            print(f"  {name}: {method}: {means}", flush=True)
            records.append({"data": name, "method": method, "decoder": decoder(method), **means})
    report.publish(
        options,
        pd.DataFrame(records),
        "batches out of an embedding: mixing, classes and new samples, means over seeds",
    )


def decoder(method: str) -> str:
    """Return the decoder of a method, for the table."""
    return "inner" if method.startswith("FE") else report.NO_MODEL


if __name__ == "__main__":
    main()
