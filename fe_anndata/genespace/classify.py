"""Properties of genes read off their vectors: thousands at once, cross-validated by gene."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from scipy import sparse
from scipy.special import expit
from scipy.stats import false_discovery_control

from .._core.random import ranks
from .calibrate import platt
from .gene_folds import deal, permuted
from .ridge import Ridge
from .rivals import Boosting, Neighbours
from .scores import Quality, p_value, quality, standard_error

BLOCK = 256
"""Properties handled at a time, so that only the probabilities are stored for all of them."""


class Prepared(Protocol):
    """A classifier that has its training and test genes, but not yet their labels."""

    def scores(self, labels: sparse.csc_array) -> np.ndarray:
        """Return a score of each test gene for each property, float32 (n_properties, n_test).

        Parameters
        ----------
        labels
            Members among the training genes, bool (n_train, n_properties).
        """


CLASSIFIERS: dict[str, Callable[[np.ndarray, np.ndarray, int], Prepared]] = {
    "linear": Ridge,
    "knn": Neighbours,
    "boosting": Boosting,
}
"""Each takes the vectors of training genes (n_train, d), of test genes (n_test, d) and a seed."""


class Classified(NamedTuple):
    """What was found, by property in the order in which they were given.

    Attributes
    ----------
    measures
        Columns by name, float64 (n_properties,).
    probabilities
        Float32 (n_properties, n_genes). For a gene in the universe it comes from the model of the
        folds it is not in, for any other gene from a model of the whole universe.
    folds
        Fold of each gene, int64 (n_genes,), -1 outside the universe.
    """

    measures: dict[str, np.ndarray]
    probabilities: np.ndarray
    folds: np.ndarray


def classify(
    vectors: np.ndarray,
    members: sparse.csc_array,
    universe: np.ndarray,
    *,
    classifier: str,
    k: int,
    seed: int,
    order: np.ndarray,
    advance: Callable[[int], object] = lambda n: None,
) -> Classified:
    """Return how well every property is read off the vectors, and its probability per gene.

    Parameters
    ----------
    vectors
        (n_genes, d), finite.
    members
        Bool (n_genes, n_properties); members outside the universe do not count.
    universe
        Bool (n_genes,): genes to learn from and to be tested on.
    classifier
        A key of `CLASSIFIERS`.
    k
        Number of folds.
    seed
        Seed of folds, permutation and boosting.
    order
        The rank of each gene by name, int64 (n_genes,).
    advance
        Is called with the number of properties done since the last call.

    Raises
    ------
    ValueError
        If no assignment of genes to folds suits all properties.
    """
    inside, outside = np.flatnonzero(universe), np.flatnonzero(~universe)
    labels = sparse.csc_array(members[inside])
    rank = ranks(order[inside])
    folds = deal(labels, rank, k, seed)
    control = permuted(labels, rank, folds, k, seed)
    prepare = CLASSIFIERS[classifier]
    known = vectors[inside]
    by_fold = [prepare(known[folds != f], known[folds == f], seed) for f in range(k)]
    whole = prepare(known, vectors[outside], seed)
    n_properties = members.shape[1]
    probabilities = np.empty((n_properties, len(vectors)), dtype=np.float32)
    found: list[tuple[Quality, np.ndarray]] = []
    for start in range(0, n_properties, BLOCK):
        block = slice(start, min(start + BLOCK, n_properties))
        held_out = out_of_fold(by_fold, labels[:, block], folds)
        shuffled = quality(out_of_fold(by_fold, control[:, block], folds), control[:, block])
        found.append((quality(held_out, labels[:, block]), shuffled.auroc))
        new = whole.scores(labels[:, block]) if len(outside) else np.empty((0, 0))
        for i, scores in enumerate(held_out):
            slope, intercept = platt(scores, labels[:, [start + i]].toarray()[:, 0])
            probabilities[start + i, inside] = expit(slope * scores + intercept)
            if len(outside):
                probabilities[start + i, outside] = expit(slope * new[i] + intercept)
        advance(len(held_out))
    all_folds = np.full(len(vectors), -1)
    all_folds[inside] = folds
    return Classified(_measures(labels, found), probabilities, all_folds)


def out_of_fold(
    by_fold: list[Prepared], members: sparse.csc_array, folds: np.ndarray
) -> np.ndarray:
    """Return scores by the model that has not seen the gene, float32 (n_properties, n_genes)."""
    scores = np.empty(members.shape[::-1], dtype=np.float32)
    for f, model in enumerate(by_fold):
        scores[:, folds == f] = model.scores(sparse.csc_array(members[folds != f]))
    return scores


def _measures(
    members: sparse.csc_array, found: list[tuple[Quality, np.ndarray]]
) -> dict[str, np.ndarray]:
    n = np.diff(members.indptr).astype(np.float64)
    n_others = members.shape[0] - n
    auroc = np.concatenate([measured.auroc for measured, _ in found])
    p = p_value(auroc, n, n_others)
    return {
        "n_genes": n,
        "base_rate": n / members.shape[0],
        "auroc": auroc,
        "auroc_se": standard_error(auroc, n, n_others),
        "auprc": np.concatenate([measured.auprc for measured, _ in found]),
        "auroc_permuted": np.concatenate([shuffled for _, shuffled in found]),
        "p_value": p,
        "q_value": false_discovery_control(p),
    }
