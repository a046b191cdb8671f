"""Combinations of factors that no sample has, beside what adds up without them.

A fifth of the combinations of two factors is kept out of the training. FE is trained with
``factors``, and the profile of each combination is generated and compared with the mean of its
samples. R2 is that of the deviations from the mean over all training samples. The additive
baselines are the sum of the effects of both levels, as differences of means (`means`) and by least
squares over all training samples (`least squares`). `simulated` samples follow both factors and
their product, so that a level does other things to each level of the other; in `additive` there is
no product. `kang` are cell types of five donors.

    python -m benchmarks.factors [--seeds N]
    python -m benchmarks.factors --tiny    # only to see that it runs
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.preprocessing import OneHotEncoder

import fe_anndata as fe
from benchmarks import cohorts, report

OUT = 5
"""One of so many combinations is kept out."""


def simulated(
    seed: int, product: float = 1.0, n_obs: int = 2000, n_vars: int = 300, size: int = 12
) -> AnnData:
    """Return samples of so many donors in six conditions."""
    draw = np.random.default_rng(seed)
    donor, condition = draw.integers(size, size=n_obs), draw.integers(6, size=n_obs)
    u, v = draw.normal(size=(size, 3)), draw.normal(size=(6, 3))
    loadings = draw.normal(size=(3, 3, n_vars))
    X = u[donor] @ loadings[0] + v[condition] @ loadings[1]
    X += product * (u[donor] * v[condition]) @ loadings[2] + draw.normal(size=X.shape)
    obs = pd.DataFrame({"one": [f"d{i}" for i in donor], "other": [f"c{i}" for i in condition]})
    obs.index = [f"s{i}" for i in range(n_obs)]
    return AnnData(X.astype(np.float32), obs=obs)


def kang(seed: int) -> AnnData:
    """Return cells with their donor and type."""
    adata = sc.read_h5ad(cohorts.path_of("kang"))
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    adata.obs["one"] = adata.obs["donor"].astype(str)
    adata.obs["other"] = adata.obs["cell_type"].astype(str)
    return adata


def dense(X: object) -> np.ndarray:
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def by_fe(train: AnnData, asked: pd.DataFrame, seed: int, form: str = "sum") -> np.ndarray:
    """Generate the profiles of combinations."""
    fe.tl.train(
        train,
        factors=["one", "other"],
        factors_form=form,
        sample_dim=8,
        rng=seed,
        progress=False,
    )
    levels = {name: list(asked[name]) for name in asked}
    return np.asarray(fe.tl.generate(train, factors=levels).X)


def by_concatenation(train: AnnData, asked: pd.DataFrame, seed: int) -> np.ndarray:
    """Generate them from vectors that stand one behind the other."""
    return by_fe(train, asked, seed, "concatenation")


def by_means(train: AnnData, asked: pd.DataFrame, seed: int) -> np.ndarray:
    """Add the differences of the means of both levels."""
    X = dense(train.X)
    found = X.mean(axis=0)
    for name in asked:
        means = {k: X[(train.obs[name] == k).to_numpy()].mean(axis=0) for k in asked[name].unique()}
        found = found + np.array([means[level] for level in asked[name]]) - X.mean(axis=0)
    return found


def by_least_squares(train: AnnData, asked: pd.DataFrame, seed: int) -> np.ndarray:
    """Add the coefficients of both levels."""
    coded = OneHotEncoder().fit(train.obs[list(asked)])
    model = Ridge(1e-3).fit(coded.transform(train.obs[list(asked)]), dense(train.X))
    found: np.ndarray = model.predict(coded.transform(asked))
    return found


METHODS: dict[str, Callable[[AnnData, pd.DataFrame, int], np.ndarray]] = {
    "FE, sum": by_fe,
    "FE, concatenation": by_concatenation,
    "additive, means": by_means,
    "additive, least squares": by_least_squares,
}


def kept_out(obs: pd.DataFrame, seed: int) -> np.ndarray:
    """Return which samples are of combinations that are kept out; no level is out as a whole."""
    pairs = obs.drop_duplicates().sort_values(["one", "other"])
    pairs = pairs.iloc[np.random.default_rng(seed).permutation(len(pairs))]
    out: list[tuple[str, str]] = []
    left = set(map(tuple, pairs.to_numpy()))
    for pair in map(tuple, pairs.to_numpy()):
        rest = left - {pair}
        if len(out) < len(pairs) // OUT and all(
            any(of[i] == pair[i] for of in rest) for i in (0, 1)
        ):
            out.append(pair)
            left = rest
    return np.array([pair in set(out) for pair in map(tuple, obs.to_numpy())])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("factors", __doc__)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    tiny = {"n_obs": 200, "n_vars": 40, "size": 5} if options.tiny else {}
    data: dict[str, Callable[[int], AnnData]] = {
        "simulated": lambda seed: simulated(seed, **tiny),
        "additive": lambda seed: simulated(seed, 0.0, **tiny),
    }
    if not options.tiny:
        data["kang"] = kang
    records = []
    for name, of in data.items():
        scores: dict[str, list[float]] = {method: [] for method in METHODS}
        for seed in range(1 if options.tiny else options.seeds):
            adata = of(seed)
            obs = adata.obs[["one", "other"]]
            out = kept_out(obs, seed)
            train = adata[~out].copy()
            asked = obs[out].drop_duplicates()
            X = dense(adata[out].X)
            rows = [(obs[out] == pair).all(axis=1).to_numpy() for pair in asked.to_numpy()]
            truth = np.array([X[row].mean(axis=0) for row in rows])
            squares = np.square(truth - dense(train.X).mean(axis=0)).sum()
            for method, predict in METHODS.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    left = np.square(predict(train.copy(), asked, seed) - truth).sum()
                scores[method].append(float(1 - left / squares))
        for method, found in scores.items():
            decoder = "inner" if method.startswith("FE") else report.NO_MODEL
            row = {"data": name, "method": method, "decoder": decoder}
            r2 = {"R2": np.mean(found), "least": np.min(found), "most": np.max(found)}
            records.append({**row, **r2})
            print(f"  {name}: {method}: {found}", flush=True)
    report.publish(
        options,
        pd.DataFrame(records),
        "R2 of combinations of factors that no training sample has, over seeds",
    )


if __name__ == "__main__":
    main()
