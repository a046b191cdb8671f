"""Classifiers: right on easy data, chance on noise, and as scikit-learn would say."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score
from sklearn.neighbors import KNeighborsClassifier

from fe_anndata.evaluation import CLASSIFIERS, cross_validated, score, split


def blobs(n, rng):
    labels = np.array(["a", "b", "c"])[rng.choice(3, n, p=[0.6, 0.3, 0.1])]
    centres = {"a": (0, 0), "b": (4, 0), "c": (0, 4)}
    return labels, np.array([centres[x] for x in labels]) + rng.normal(size=(n, 2))


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return *blobs(150, rng), *blobs(100, rng)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_new_and_fitted(data, name):
    labels, points, new_labels, new = data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = score(name, points, labels, new, new_labels, 0)
        inside = cross_validated(name, points, labels, split(labels, 3), 0)
    for found in (out, inside):
        assert set(found) == {"accuracy", "balanced_accuracy"}
        assert 0.9 < found["accuracy"] <= 1
    assert out == score(name, points, labels, new, new_labels, 0)


def test_scores_are_those_of_scikit_learn(data):
    labels, points, new_labels, new = data
    new = np.random.default_rng(1).normal(size=new.shape)  # so that classes are confused
    predicted = KNeighborsClassifier(15).fit(points, labels).predict(new)
    found = score("knn", points, labels, new, new_labels, 0)
    assert found["accuracy"] == pytest.approx(accuracy_score(new_labels, predicted))
    expected = balanced_accuracy_score(new_labels, predicted)
    assert found["balanced_accuracy"] == pytest.approx(expected)


def test_cross_validation_never_tests_what_it_fits(data):
    labels, points, *_ = data
    rng = np.random.default_rng(0)
    # One neighbour of every point is itself: a leak would be right every time.
    found = cross_validated("knn", points, rng.permutation(labels), split(labels, 3), 0)
    assert found["balanced_accuracy"] < 0.45


def test_numbers(data):
    _, points, _, new = data
    labels, new_labels = points @ [1.0, -2.0], new @ [1.0, -2.0]
    noise = np.random.default_rng(0).normal(size=len(new))
    assert score("ridge", points, labels, new, new_labels, 0)["label_r2"] > 0.999
    # Twice the spread of nothing but noise: R2 as scikit-learn has it.
    found = score("ridge", points, labels, new, noise, 0)["label_r2"]
    assert found == pytest.approx(r2_score(noise, new_labels), abs=1e-3)


def test_a_fold_with_one_class_predicts_it():
    labels = np.array(["a", "a", "a", "b"])
    folds = [(np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0, 1]))]
    points = np.arange(8.0).reshape(4, 2)
    assert cross_validated("logistic", points, labels, folds, 0)["accuracy"] >= 0.25
