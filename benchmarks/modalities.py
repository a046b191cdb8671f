"""One modality of new samples predicted from the other, beside ridge regression and PCA regression.

`simulated` are pairs of 1000 genes and 30 proteins of the same eight states, in units of their own.
In `tcga` and `gtex` a random half of the genes stands for one modality, the other half for the
other. A third of the samples is kept aside. FE is trained on both modalities of the rest, places
new samples by the first one alone, and decodes the second. Ridge predicts each feature from all of
the first modality (RidgeCV, one penalty for all, chosen within the training). PCA regression
predicts by as many components of the first modality as FE has dimensions. R2 is that of the
deviations from the training means, over all features and new samples; means over seeds.

    python -m benchmarks.modalities [--seeds N]
    python -m benchmarks.modalities --tiny    # only to see that it runs
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import make_pipeline

import fe_anndata as fe
from benchmarks import cohorts, report

DIM = 32
WHERE = {"first": "X", "second": "second"}
PENALTIES = np.logspace(0, 6, 13)


def simulated(seed: int, n_obs: int = 900, n_vars: int = 1000) -> AnnData:
    """Return genes as X, and proteins in units of their own."""
    draw = np.random.default_rng(seed)
    states = draw.normal(size=(n_obs, 8))
    rna = np.tanh(states @ draw.normal(size=(8, n_vars)) / 2) + draw.normal(size=(n_obs, n_vars))
    of_states = np.tanh(states @ draw.normal(size=(8, 30)) / 2)
    protein = 500 + 100 * of_states + 30 * draw.normal(size=(n_obs, 30))
    adata = AnnData(rna.astype(np.float32))
    adata.obsm["second"] = protein.astype(np.float32)
    return adata


def halves(name: str, seed: int) -> AnnData:
    """Return one half of the genes of a cohort as X, and the other one beside it."""
    adata = cohorts.load(name)
    first = np.random.default_rng(seed).permutation(adata.n_vars) % 2 == 0
    second = pd.DataFrame(adata.X[:, ~first], adata.obs_names, adata.var_names[~first])
    found = AnnData(adata.X[:, first].copy(), adata.obs[[]], adata.var[[]][first])
    found.obsm["second"] = second
    return found


def second(adata: AnnData) -> np.ndarray:
    return np.asarray(adata.obsm["second"], dtype=np.float64)


def by_fe(train: AnnData, new: AnnData, seed: int, dim: int) -> np.ndarray:
    """Place new samples by the first modality, and decode the second."""
    joint = fe.pp.join_modalities(train, WHERE)
    fe.tl.train(joint, sample_dim=dim, rng=seed, progress=False)
    alone = fe.pp.join_modalities(new, {"first": "X"}, reference=joint)
    fe.tl.transform(alone, joint, progress=False)
    fe.tl.reconstruct(alone, reference=joint, modality="second")
    return np.asarray(alone.obsm["fe_second"])


def by_ridge(train: AnnData, new: AnnData, seed: int, dim: int) -> np.ndarray:
    """Predict each feature from all of the first modality."""
    found: np.ndarray = RidgeCV(PENALTIES).fit(train.X, second(train)).predict(new.X)
    return found


def by_pca(train: AnnData, new: AnnData, seed: int, dim: int) -> np.ndarray:
    """Predict each feature from components of the first modality."""
    fitted = make_pipeline(PCA(dim, random_state=seed), LinearRegression())
    found: np.ndarray = fitted.fit(train.X, second(train)).predict(new.X)
    return found


METHODS: dict[str, Callable[[AnnData, AnnData, int, int], np.ndarray]] = {
    "FE": by_fe,
    "ridge": by_ridge,
    "PCA regression": by_pca,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("modalities", __doc__)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    tiny: dict[str, Any] = {"n_obs": 90, "n_vars": 40} if options.tiny else {}
    data: dict[str, Callable[[int], AnnData]] = {"simulated": lambda seed: simulated(seed, **tiny)}
    if not options.tiny:
        for name in ("tcga", "gtex"):
            data[name] = lambda seed, name=name: halves(name, seed)
    dim, records = (4 if options.tiny else DIM), []
    for name, of in data.items():
        scores: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
        for seed in range(1 if options.tiny else options.seeds):
            adata = of(seed)
            drawn = np.random.default_rng(seed).permutation(adata.n_obs) % 3
            train, new = adata[drawn > 0].copy(), adata[drawn == 0].copy()
            squares = np.square(second(new) - second(train).mean(0)).sum()
            for method, predict in METHODS.items():
                started = time.process_time()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    left = np.square(predict(train, new, seed, dim) - second(new)).sum()
                taken = time.process_time() - started
                scores[method].append({"R2": 1 - left / squares, "cpu_seconds": taken})
        for method, found in scores.items():
            means = pd.DataFrame(found).mean().to_dict()
            decoder = "inner" if method == "FE" else report.NO_MODEL
            records.append({"data": name, "method": method, "decoder": decoder, **means})
            print(f"  {name}: {method}: {means}", flush=True)
    report.publish(
        options,
        pd.DataFrame(records),
        f"R2 of one modality of new samples predicted from the other, {DIM} dimensions",
    )


if __name__ == "__main__":
    main()
