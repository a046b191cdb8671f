"""R2 of hidden values of new samples: FE against PCA, nearest neighbours and kernel ridge.

Everything is fitted to the training folds alone; patients or donors never straddle a fold. Of the
test samples a fifth is hidden: either genes, the same for all samples of a fold, or entries, other
genes in every sample. FE and PCA of the same number of dimensions find the place of a sample by
what is not hidden, and predict the rest. PCA has missing values in two ways: scores by least
squares, and the posterior mean of probabilistic PCA (Tipping and Bishop 1999); differences are
those from the better one. kNN is the mean of the 15 training samples nearest by what is not
hidden. "FE, places" is what the decoder says of the place of a sample, "FE" what `tl.impute` makes
of it and of what is not hidden, without a training sample. "ridge" is its method of that name, and
"auto" the mean of both that it chooses; both see the training samples. R2 is against the gene means
of the training samples, pooled over the hidden values.

    python -m benchmarks.imputation [--only COHORT ...] [--dims 2 8 32 64] [--folds N]
    python -m benchmarks.imputation --curve [--methods fe means pca knn ridge] [--subsets N]
    python -m benchmarks.imputation --tiny    # only to see that it runs

With --curve it is what `tl.imputation_curve` measures: from 1, 5, 10, 25, 100 and more random genes
to all others, in two dimensions.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.model_selection import GroupKFold

import fe_anndata as fe
from benchmarks import cohorts, report

GROUPS = {"tcga": "patient", "gtex": "donor"}
HIDDEN = 0.2
KINDS = ("genes", "entries")
DIMS = (2, 8, 32, 64)
NEIGHBOURS = 15
METHODS = ("FE inner", "FE places", "ridge", "auto", "PCA", "PPCA", "kNN")
CURVE = ("fe", "means", "pca", "knn", "ridge")
ROWS = 64
"""Samples whose normal equations are held at a time."""


@dataclass(frozen=True)
class Fold:
    """Training and test samples, and what of the test samples is hidden.

    Attributes
    ----------
    train, test
        Matrices, (n, m).
    seen
        Which values of the test samples are shown, bool like `test`.
    """

    train: np.ndarray
    test: np.ndarray
    seen: np.ndarray

    def r2(self, predicted: np.ndarray) -> float:
        """Return the share of the squared deviations of hidden values that is predicted."""
        hidden = ~self.seen
        left = (self.test - predicted)[hidden].astype(np.float64)
        all_ = (self.test - self.train.mean(0))[hidden].astype(np.float64)
        return float(1 - np.square(left).sum() / np.square(all_).sum())


def hide(shape: tuple[int, int], what: str, rng: np.random.Generator) -> np.ndarray:
    """Return which values are shown: not some genes, or not some entries of each sample."""
    if what == "entries":
        return rng.random(shape) >= HIDDEN
    shown = np.ones(shape, dtype=bool)
    shown[:, rng.permutation(shape[1])[: round(HIDDEN * shape[1])]] = False
    return shown


def trained(X: np.ndarray, dim: int, steps: int | None) -> AnnData:
    """Return the reference, trained as by default."""
    adata = AnnData(X)
    fe.tl.train(adata, decoder="inner", sample_dim=dim, steps=steps, progress=False)
    return adata


def placed(reference: AnnData, fold: Fold) -> AnnData:
    """Return the test samples, placed by what is shown."""
    new = AnnData(np.where(fold.seen, fold.test, np.float32(np.nan)), var=reference.var[[]])
    fe.tl.transform(new, reference, progress=False)
    return new


def imputed(reference: AnnData, new: AnnData, method: str) -> np.ndarray:
    """Return the values of placed samples, with predictions where they are hidden."""
    filled = fe.tl.impute(new, reference=reference, method=method, copy=True)
    return np.asarray(filled.layers["fe_imputed"])


def components(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return gene means, variances along the components (all of them), and components (k, m)."""
    centre = X.mean(0)
    _, s, V = np.linalg.svd(X - centre, full_matrices=False)
    return centre, s**2 / len(X), V


def pca(
    fitted: tuple[np.ndarray, np.ndarray, np.ndarray], dim: int, fold: Fold, noise: bool
) -> np.ndarray:
    """Predict by principal components whose scores fit what is shown.

    With `noise`, the scores are those most likely under the normal prior of probabilistic PCA.
    """
    centre, variances, V = fitted
    W, m = V[:dim].T, V.shape[1]
    left = variances[dim:].sum() / max(1, m - dim)
    prior = left / np.maximum(variances[:dim] - left, 1e-12) if noise else np.full(dim, 1e-6)
    predicted = np.empty_like(fold.test)
    for first in range(0, len(predicted), ROWS):
        rows = slice(first, first + ROWS)
        seen = fold.seen[rows].astype(np.float32)
        deviations = (fold.test[rows] - centre) * seen
        gram = np.stack([(W * row[:, None]).T @ W for row in seen]) + np.diag(prior)
        scores = np.linalg.solve(gram, (deviations @ W)[..., None])[..., 0]
        predicted[rows] = centre + scores @ W.T
    return predicted


def neighbours(fold: Fold) -> np.ndarray:
    """Return the means of the training samples that are nearest by what is shown."""
    seen = fold.seen.astype(np.float32)
    centre = fold.train.mean(0)
    train, test = fold.train - centre, (fold.test - centre) * seen
    distance = seen @ np.square(train).T - 2 * test @ train.T
    nearest = np.argpartition(distance, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    return np.stack([fold.train[rows].mean(0) for rows in nearest])


def run(
    name: str,
    adata: AnnData,
    groups: np.ndarray,
    dims: Sequence[int],
    folds: int,
    steps: int | None,
    chosen: Sequence[int] | None = None,
    kinds: Sequence[str] = KINDS,
) -> Iterator[dict[str, object]]:
    """Yield one record per fold, dimension, kind of hidden values and method."""
    X = np.asarray(adata.X)
    split = GroupKFold(folds, shuffle=True, random_state=0).split(X, groups=groups)
    for number, (train, test) in enumerate(split):
        if chosen is not None and number not in chosen:
            continue
        rng = np.random.default_rng(number)
        hidden = {
            what: Fold(X[train], X[test], hide((len(test), X.shape[1]), what, rng))
            for what in KINDS
        }
        hidden = {what: fold for what, fold in hidden.items() if what in kinds}
        fitted = components(X[train])
        regressed: dict[str, tuple[np.ndarray, float]] = {}
        nearest = {what: timed(neighbours, fold) for what, fold in hidden.items()}
        for dim in dims:
            started = time.perf_counter()
            reference = trained(X[train], dim, steps)
            seconds = time.perf_counter() - started
            print(f"  {name} fold {number}, {dim}-D: trained in {seconds:.1f} s", flush=True)
            for what, fold in hidden.items():
                new, of_placing = timed(placed, reference, fold)
                if what not in regressed:
                    regressed[what] = timed(imputed, reference, new, "ridge")
                of_model, of_filling = timed(imputed, reference, new, "model")
                of_places, of_decoding = timed(decoded, reference, new)
                results = {
                    "FE inner": (of_model, of_placing + of_filling),
                    "FE places": (of_places, of_placing + of_decoding),
                    "ridge": regressed[what],
                    "auto": timed(imputed, reference, new, "auto"),
                    "PCA": timed(pca, fitted, dim, fold, False),
                    "PPCA": timed(pca, fitted, dim, fold, True),
                    "kNN": nearest[what],
                }
                of_all = {
                    "cohort": name,
                    "samples": X.shape[0],
                    "genes": X.shape[1],
                    "hidden": what,
                    "dim": dim,
                    "fold": number,
                }
                for method, (predicted, seconds) in results.items():
                    measured = {"method": method, "R2": fold.r2(predicted), "seconds": seconds}
                    yield of_all | measured


def decoded(reference: AnnData, new: AnnData) -> np.ndarray:
    """Return what the decoder says of the places of samples."""
    return np.asarray(fe.tl.generate(reference, new.obsm["X_fe"]).X)


def timed(predict: Callable[..., Any], *arguments: object) -> tuple[Any, float]:
    """Return a prediction, and the seconds it took (without the training)."""
    started = time.perf_counter()
    predicted = predict(*arguments)
    return predicted, time.perf_counter() - started


def summary(records: pd.DataFrame) -> pd.DataFrame:
    """Return means over folds, and the differences of FE from the better PCA and from kNN."""
    rows = []
    keys = ["cohort", "samples", "genes", "hidden", "dim"]
    for key, of_one in records.groupby(keys, sort=False):
        r2 = of_one.pivot_table(index="fold", columns="method", values="R2")
        better = "PCA" if r2["PCA"].mean() >= r2["PPCA"].mean() else "PPCA"
        row = dict(zip(keys, key, strict=True))
        row |= {method: r2[method].mean() for method in METHODS}
        for label, other in (("PCA", better), ("kNN", "kNN"), ("ridge", "ridge")):
            difference = r2["FE inner"] - r2[other]
            row |= {f"FE - {label}": difference.mean(), f"least - {label}": difference.min()}
        difference = r2["auto"] - r2["ridge"]
        row |= {"auto - ridge": difference.mean(), "least of it": difference.min()}
        rows.append(row)
    return pd.DataFrame(rows).sort_values(
        ["cohort", "hidden", "dim"], ascending=[False] * 2 + [True]
    )


def curve(
    options: argparse.Namespace, folds: int, train: dict[str, object]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return means of the curve with a column per method, and all of its rows."""
    tables = []
    for name, adata, groups in data(options.tiny, options.only):
        adata.obs["apart"] = groups.astype(str)
        found = fe.tl.imputation_curve(
            adata,
            methods=options.methods,
            subsets=options.subsets,
            folds=folds,
            groups="apart",
            train=train,
            progress=False,
        )
        tables.append(found.assign(cohort=name, samples=adata.n_obs, genes=adata.n_vars))
        print(f"  {name}: {len(found)} rows", flush=True)
    rows = pd.concat(tables)
    keys = ["cohort", "samples", "genes", "n_genes"]
    wide = rows.pivot_table("r2", keys, "method", sort=False)[options.methods].reset_index()
    return wide.sort_values(["cohort", "n_genes"], ascending=[False, True]), rows


def data(tiny: bool, only: Sequence[str] | None) -> Iterator[tuple[str, AnnData, np.ndarray]]:
    """Yield name, samples and groups of each cohort that is there."""
    if tiny:
        adata = fe.datasets.simulated(60, 40, 3)
        yield "simulated", adata, np.arange(60) // 2
        return
    for name, column in GROUPS.items():
        if cohorts.present(name) and (not only or name in only):
            adata = cohorts.load(name)
            yield name, adata, adata.obs[column].to_numpy()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("imputation", __doc__)
    parser.add_argument("--only", nargs="+", choices=list(GROUPS), help="these cohorts")
    parser.add_argument("--dims", nargs="+", type=int, default=list(DIMS))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--hidden", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--of", nargs="+", type=int, help="numbers of the folds that are run")
    parser.add_argument("--curve", action="store_true", help="from a few genes to all others")
    parser.add_argument("--methods", nargs="+", choices=CURVE, default=list(CURVE))
    parser.add_argument("--subsets", type=int, default=5)
    options = parser.parse_args(arguments)
    dims, steps = ([2, 4], 20) if options.tiny else (options.dims, None)
    folds = 2 if options.tiny else options.folds
    if options.curve:
        table, rows = curve(options, folds, {"steps": steps} if steps else {})
        note = (
            f"R2 of hidden genes of new samples by the number of genes shown, means over {folds} "
            f"folds and {options.subsets} random choices each; two dimensions"
        )
        report.publish(options, table, note, decoder="inner", rounds=rows)
        return
    records = []
    for name, adata, groups in data(options.tiny, options.only):
        for record in run(name, adata, groups, dims, folds, steps, options.of, options.hidden):
            records.append(record)
            print("  {cohort} {hidden} {dim}-D fold {fold} {method}: R2 {R2:.4f} in {seconds:.1f} s"
                  .format(**record), flush=True)  # fmt: skip
    if not records:
        raise SystemExit("no cohort is there; name their folder in FE_ANNDATA_DATA.")
    table = pd.DataFrame(records)
    note = (
        f"R2 of hidden values of new samples, means over {table['fold'].nunique()} folds; "
        f"{HIDDEN:.0%} hidden; least: of the folds, paired; PCA in differences: the better of PCA "
        "and PPCA"
    )
    report.publish(options, summary(table), note, decoder="inner", rounds=table)


if __name__ == "__main__":
    main()
