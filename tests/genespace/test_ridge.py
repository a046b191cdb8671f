"""Ridge regression for all properties at once against one fit at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge as OneRidge
from sklearn.preprocessing import StandardScaler

from fe_anndata.genespace.ridge import STRENGTHS, Ridge


@pytest.fixture(params=[(60, 7), (25, 40)], ids=["tall", "wide"])
def data(request):
    n, d = request.param
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(n + 10, d)) * rng.uniform(0.1, 10, size=d) + rng.normal(size=d)
    labels = rng.random((n, 12)) < np.linspace(0.1, 0.6, 12)
    labels[:, 6:] |= vectors[:n, :1] > vectors[:n, :1].mean()
    labels[0], labels[1] = True, False
    return vectors[:n].astype(np.float32), vectors[n:].astype(np.float32), labels


def left_out_error(x, y, penalty):
    """Fit n times with one gene left out; features stay standardised by all training genes."""
    errors = []
    for i in range(len(y)):
        rest = np.delete(np.arange(len(y)), i)
        model = OneRidge(penalty).fit(x[rest], y[rest])
        errors.append(y[i] - model.predict(x[[i]])[0])
    return np.sum(np.square(errors))


def test_the_strength_is_that_of_brute_force(data):
    train, test, labels = data
    x = StandardScaler().fit_transform(train.astype(np.float64))
    chosen = Ridge(train, test).strengths(sparse.csc_array(labels))
    errors = np.array(
        [[left_out_error(x, y.astype(float), len(x) * s) for s in STRENGTHS] for y in labels.T]
    )
    np.testing.assert_array_equal(chosen, STRENGTHS[errors.argmin(axis=1)])
    assert len(set(chosen)) > 1


def test_scores_are_those_of_one_fit_per_property(data):
    train, test, labels = data
    model = Ridge(train, test)
    found = model.scores(sparse.csc_array(labels))
    assert (found.dtype, found.shape) == (np.float32, (12, 10))
    scaler = StandardScaler().fit(train.astype(np.float64))
    x, new = scaler.transform(train), scaler.transform(test)
    strengths = model.strengths(sparse.csc_array(labels))
    for scores, y, strength in zip(found, labels.T, strengths, strict=True):
        one = OneRidge(len(x) * strength).fit(x, y.astype(float))
        expected = (new @ one.coef_) / (x @ one.coef_).std()
        np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


def test_a_feature_that_does_not_vary_changes_nothing(data):
    train, test, labels = data
    labels = sparse.csc_array(labels)
    still = [np.column_stack([part, np.full(len(part), 3.0)]) for part in (train, test)]
    expected = Ridge(train, test).scores(labels)
    np.testing.assert_allclose(Ridge(*still).scores(labels), expected, rtol=1e-4, atol=1e-5)
