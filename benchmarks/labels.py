"""Classes learned beside the expression, and the map that never saw them, on new samples.

FE is trained on two thirds of the samples, without labels and with them, and new samples, of other
patients or donors, are placed by their expression alone. `neighbours` is the accuracy of the 15
nearest training samples, `head` that of tl.predict_labels (of the model without labels: of a
logistic regression on its coordinates), `calibration` the expected calibration error of the
probabilities over ten bins, and `R2` how well the expression of new samples is predicted. The
weight of the labels is the default; nothing is chosen here. Means over seeds.

    python -m benchmarks.labels [--seeds N]
    python -m benchmarks.labels --tiny    # only to see that it runs
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import fe_anndata as fe
from benchmarks import cohorts, report

COHORTS = {
    "tcga": ("cancer_type", "patient"),
    "gtex": ("tissue", "donor"),
    "kang": ("cell_type", "donor"),
}
"""The column of classes, and that of what is new as a whole."""


def cohort(name: str) -> tuple[AnnData, str, str]:
    """Return log expression, and the columns of classes and of groups."""
    if name == "tiny":
        adata = fe.datasets.simulated(90, 40, 3)
        adata.obs["patient"] = np.arange(90) // 3
        return adata, "group", "patient"
    adata = sc.read_h5ad(cohorts.path_of(name))
    if name == "kang":
        sc.pp.normalize_total(adata, target_sum=1e4)
        sc.pp.log1p(adata)
    return adata, *COHORTS[name]


def calibration(probabilities: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error over ten bins of the greatest probability."""
    sure = probabilities.max(axis=1)
    bins = np.minimum((10 * sure).astype(int), 9)
    return float(
        sum(
            abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean()
            for b in np.unique(bins)
        )
    )


def judged(
    train: AnnData, new: AnnData, label: str, dim: int, seed: int, learns: bool
) -> dict[str, float]:
    """Train, place and judge."""
    given = {"labels_key": label} if learns else {}
    fe.tl.train(train, sample_dim=dim, rng=seed, progress=False, **given)
    fe.tl.transform(new, train, progress=False)
    u, v = train.obsm["X_fe"], new.obsm["X_fe"]
    y, truth = (of.obs[label].astype(str).to_numpy() for of in (train, new))
    near = KNeighborsClassifier(15).fit(u, y).score(v, truth)
    if learns:
        told, names = new.obsm["fe_probabilities"], new.obs["fe_label"].cat.categories.to_numpy()
    else:
        spread = u.std(axis=0)
        head = LogisticRegression(max_iter=1000).fit(u / spread, y)
        told, names = head.predict_proba(v / spread), head.classes_
    right = names[np.asarray(told).argmax(axis=1)] == truth
    return {
        "neighbours": float(near),
        "head": float(right.mean()),
        "calibration": calibration(np.asarray(told), right),
        "R2": float(new.obs["fe_r2"].mean()),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("labels", __doc__)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args(arguments)
    records = []
    for name in ["tiny"] if options.tiny else COHORTS:
        adata, label, groups = cohort(name)
        kinds = adata.obs[groups].unique()
        for dim in (2, 32) if not options.tiny else (2,):
            for learns in (False, True):
                found = []
                for seed in range(1 if options.tiny else options.seeds):
                    drawn = np.random.default_rng(seed).permutation(kinds)
                    out = adata.obs[groups].isin(drawn[: max(1, len(drawn) // 3)]).to_numpy()
                    parts = adata[~out].copy(), adata[out].copy()
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        found.append(judged(*parts, label, dim, seed, learns))
                means = pd.DataFrame(found).mean().to_dict()
                row = {"cohort": name, "dim": dim, "labels": "with" if learns else "without"}
                records.append({**row, "decoder": "inner", **means})
                print(f"  {name}, {dim}: {learns}: {means}", flush=True)
    report.publish(
        options,
        pd.DataFrame(records),
        "FE without and with labels_key: new samples of other patients or donors, means over seeds",
    )


if __name__ == "__main__":
    main()
