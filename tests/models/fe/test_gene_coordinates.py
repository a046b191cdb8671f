"""Gene coordinates that mean something, for a model that stays what it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers import choose, fit, predict

SHAPE = (60, 90)


@pytest.fixture(scope="module")
def X():  # noqa: N802
    rng = np.random.default_rng(0)
    low = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 90))
    return (low + 0.3 * rng.normal(size=SHAPE) + rng.normal(size=90)).astype(np.float32)


@pytest.fixture(scope="module", params=[(16, 16), ()], ids=["network", "linear"])
def both(request, X):
    options = choose("default", sample_dim=4, steps=30, hidden=request.param, place_samples=False)
    # As many factors in both, so that they are one training.
    free = fit(X, replace(options, gene_dim=19, gene_metric="free"))
    balanced = fit(X, replace(options, gene_dim=20))
    return free, balanced


def test_nothing_decoded_changes(both):
    free, balanced = both
    assert (free.trained.options.gene_metric, balanced.trained.options.gene_metric) == (
        "free",
        "balanced",
    )
    assert not np.allclose(free.trained.genes(), balanced.trained.genes()[:, :-1], atol=1e-2)
    np.testing.assert_allclose(predict(balanced), predict(free), atol=2e-4)
    assert balanced.validation_loss == pytest.approx(free.validation_loss, rel=1e-4)


def test_axes_are_those_of_what_is_predicted(both):
    free, balanced = both
    factors = balanced.trained.genes()[:, :-1].astype(np.float64)
    covariance = np.cov(factors.T, bias=True)
    variances = np.diag(covariance)
    assert np.abs(covariance - np.diag(variances)).max() < 1e-4
    predicted = predict(free).astype(np.float64)
    predicted -= predicted.mean(0)
    predicted -= predicted.mean(1, keepdims=True)
    leading = np.linalg.svd(predicted, compute_uv=False)[:4]
    ratio = np.sqrt(variances[:4]) / leading**0.25
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-2)
    assert ((factors**3).sum(0)[:4] > 0).all()


def test_the_mean_is_the_last_coordinate(both):
    _, balanced = both
    mean = balanced.trained.module.offset.numpy()
    expected = (mean - mean.mean()) / mean.std()
    np.testing.assert_allclose(balanced.trained.genes()[:, -1], expected, atol=1e-4)


def test_a_model_of_few_coordinates_keeps_them(X):
    few = fit(X, choose("default", gene_dim=8, steps=2))
    assert few.trained.options.gene_metric == "free"
    assert few.trained.genes().shape == (90, 8)


def test_where_it_does_not_apply():
    with pytest.raises(ValueError, match="gene_metric='balanced' needs"):
        choose("default", gene_metric="balanced", gene_hidden=(4,), gene_step="gradient")
    with pytest.raises(ValueError, match="gene_metric does not apply"):
        choose("default", decoder="concat", gene_metric="balanced")
