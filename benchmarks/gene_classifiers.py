"""Thousands of gene properties: tl.classify_genes against a loop over scikit-learn's classifiers.

Random vectors and random sets of 20 to 500 genes, five folds. Ours does more for its time: the
penalty is chosen per property and fold, everything is done again with shuffled labels, and every
gene gets a probability. The loop standardises each fold once, fits one classifier per property
and fold at a fixed penalty, and computes its AUROC, nothing else; it is timed on a slice of the
properties, and its time for all is that of the slice, scaled. The area is that of ours.

    python -m benchmarks.gene_classifiers [--properties N] [--genes N] [--dims N] [--rounds N]
    python -m benchmarks.gene_classifiers --tiny    # only to see that it runs
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

import fe_anndata as fe
from benchmarks import report

FOLDS = 5


def data(n_genes: int, dims: int, n_sets: int, seed: int = 0) -> tuple[AnnData, pd.DataFrame]:
    """Return genes with random vectors, and random sets as a boolean DataFrame."""
    rng = np.random.default_rng(seed)
    names = [f"gene{i}" for i in range(n_genes)]
    genes = AnnData(np.zeros((0, n_genes), dtype=np.float32), var=pd.DataFrame(index=names))
    genes.varm["fe"] = rng.normal(size=(n_genes, dims)).astype(np.float32)
    largest = min(500, n_genes // 4)
    sizes = np.exp(rng.uniform(np.log(20), np.log(largest), n_sets)).astype(int)
    members = np.zeros((n_sets, n_genes), dtype=bool)
    for own, size in zip(members, sizes, strict=True):
        own[rng.choice(n_genes, size, replace=False)] = True
    return genes, pd.DataFrame(members.T, index=names, columns=[f"p{i}" for i in range(n_sets)])


def ours(genes: AnnData, sets: pd.DataFrame) -> float:
    return report.seconds(lambda: fe.tl.classify_genes(genes, sets, folds=FOLDS, progress=False))


def loop(genes: AnnData, sets: pd.DataFrame, make: Callable[[], object]) -> None:
    """Fit once per property and fold."""
    vectors = genes.varm["fe"]
    folds = np.random.default_rng(0).permutation(len(vectors)) % FOLDS
    scaled = [
        (s.transform(vectors[folds != f]), s.transform(vectors[folds == f]))
        for f in range(FOLDS)
        for s in [StandardScaler().fit(vectors[folds != f])]
    ]
    for name in sets:
        members, scores = sets[name].to_numpy(), np.empty(len(vectors))
        for f, (train, test) in enumerate(scaled):
            model = make().fit(train, members[folds != f])  # type: ignore[attr-defined]
            scores[folds == f] = model.decision_function(test)
        roc_auc_score(members, scores)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("gene_classifiers", __doc__)
    parser.add_argument("--properties", type=int, default=5000)
    parser.add_argument("--genes", type=int, default=19_000)
    parser.add_argument("--dims", type=int, default=100)
    parser.add_argument("--slice", type=int, default=10, help="properties of the loops")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.tiny:
        options.properties, options.genes, options.dims, options.slice = 6, 200, 4, 2
    genes, sets = data(options.genes, options.dims, options.properties)
    some = sets.iloc[:, : options.slice]
    scale = options.properties / some.shape[1]

    def looped(make: Callable[[], object]) -> Callable[[], float]:
        return lambda: scale * report.seconds(lambda: loop(genes, some, make))

    ours(genes, some)  # compiles, loads and settles what is done once
    measured = report.alternate(
        {
            "tl.classify_genes": lambda: ours(genes, sets),
            "loop of RidgeClassifier": looped(RidgeClassifier),
            "loop of LogisticRegression": looped(LogisticRegression),
        },
        options.rounds,
        warm_up=False,
    )
    medians = measured.median()
    table = pd.DataFrame({"method": medians.index, "seconds": medians.to_numpy()})
    table["properties"], table["genes"] = options.properties, options.genes
    table["dim"], table["folds"] = options.dims, FOLDS
    table["over ours"] = table["seconds"] / medians["tl.classify_genes"]
    table["measured on"] = [options.properties, options.slice, options.slice]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    report.publish(
        options,
        table,
        f"{options.properties} properties x {options.genes} genes x {options.dims} dimensions, "
        f"{FOLDS} folds, medians of {options.rounds} rounds; peak of the process {peak:.1f} GB",
        decoder=report.NO_MODEL,
        rounds=measured,
    )


if __name__ == "__main__":
    main()
