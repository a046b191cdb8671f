"""Classifiers that read a label off an embedding, and their scores."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .folds import Fold

CLASSIFIERS = ("knn", "logistic", "network")
RIDGE = "ridge"
"""The model for labels that are numbers."""

NEIGHBOURS = 15
NETWORK: dict[str, Any] = {
    "hidden_layer_sizes": (100, 50),
    "learning_rate_init": 1e-2,
    "max_iter": 100,
}
"""The small network of the thesis, with a bound on the number of its passes."""


def score(
    name: str,
    fitted: np.ndarray,
    labels: np.ndarray,
    new: np.ndarray,
    new_labels: np.ndarray,
    seed: int,
) -> dict[str, float]:
    """Return the scores of a classifier that is fitted to one embedding and tested on another."""
    return _scores(_predict(name, fitted, labels, new, seed), new_labels)


def cross_validated(
    name: str, embedding: np.ndarray, labels: np.ndarray, folds: Sequence[Fold], seed: int
) -> dict[str, float]:
    """Return the scores of a classifier inside one embedding, over the predictions of all folds."""
    predicted = np.empty_like(labels)
    for train, test in folds:
        predicted[test] = _predict(name, embedding[train], labels[train], embedding[test], seed)
    return _scores(predicted, labels)


def _predict(
    name: str, fitted: np.ndarray, labels: np.ndarray, new: np.ndarray, seed: int
) -> np.ndarray:
    from sklearn.exceptions import ConvergenceWarning

    if len(np.unique(labels)) == 1:
        return np.full(len(new), labels[0], dtype=labels.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the passes are bounded on purpose
        predicted: np.ndarray = _model(name, len(labels), seed).fit(fitted, labels).predict(new)
    return predicted


def _model(name: str, n: int, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if name == "knn":
        return KNeighborsClassifier(min(NEIGHBOURS, n))
    if name == "logistic":
        model = LogisticRegression(max_iter=1000)
    elif name == "network":
        model = MLPClassifier(solver="adam", random_state=seed, **NETWORK)
    else:
        model = RidgeCV(np.logspace(-3, 3, 7))
    return make_pipeline(StandardScaler(), model)


def _scores(predicted: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    if labels.dtype.kind == "f":
        unexplained = np.sum((labels - predicted) ** 2) / np.sum((labels - labels.mean()) ** 2)
        return {"label_r2": float(1 - unexplained)}
    correct = predicted == labels
    recalls = [correct[labels == name].mean() for name in np.unique(labels)]
    return {"accuracy": float(correct.mean()), "balanced_accuracy": float(np.mean(recalls))}
