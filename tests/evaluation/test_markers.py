"""Genes that set groups apart: AUC beside scipy's, sums beside loops, the score by its words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from fe_anndata.evaluation.markers import auc, compared, sums


def drawn(n=50, m=6, missing=True, rng=0):
    """Return values with ties and gaps, and the group of each sample, of three."""
    draw = np.random.default_rng(rng)
    X = draw.poisson(2, (n, m)).astype(np.float64)
    if missing:
        X[draw.random(X.shape) < 0.2] = np.nan
    return X, np.arange(n) % 3


def by_scipy(a, b):
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    return mannwhitneyu(a, b).statistic / (len(a) * len(b))


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("against", [None, 1])
def test_auc_is_that_of_scipy(missing, against):
    X, codes = drawn(missing=missing)
    found = auc(X, codes, 3, against)
    for group in (0, 2):
        others = codes != group if against is None else codes == against
        expected = [by_scipy(x[codes == group], x[others]) for x in X.T]
        np.testing.assert_allclose(found[group], expected, rtol=1e-12)


def test_auc_of_nothing_is_nan():
    X, codes = drawn()
    X[codes == 0, 2] = np.nan
    X[codes != 0, 3] = np.nan
    found = auc(X, codes, 3)
    assert np.isnan(found[:, 2]).tolist() == [True, False, False]
    assert np.isnan(found[0, 3])
    assert np.isnan(auc(X, codes, 3, against=0)[1, 2])


def test_sums_are_those_of_loops():
    X, codes = drawn()
    predicted = np.random.default_rng(1).normal(size=X.shape)
    halves = [sums(X[rows], predicted[rows], codes[rows], 3) for rows in np.split(range(50), [20])]
    of = halves[0] + halves[1]
    for c in range(3):
        x, p = X[codes == c], predicted[codes == c]
        assert of.n[c] == len(x)
        np.testing.assert_allclose(of.predicted[c], p.sum(0))
        np.testing.assert_allclose(of.known[c], np.isfinite(x).sum(0))
        np.testing.assert_allclose(of.observed[c], np.nansum(x, 0))
        np.testing.assert_allclose(of.left[c], np.nansum((x - p) ** 2, 0))
    noise = of.of(np.array([0, 1, 2])).noise
    np.testing.assert_allclose(noise, np.sqrt(np.nanmean((X - predicted) ** 2, 0)))
    exact = sums(X, np.nan_to_num(X), codes, 3).of(np.array([0, 1, 2]))
    np.testing.assert_allclose(exact.noise, 0.1 * np.nanstd(X, 0))


def test_the_score_needs_model_and_data():
    # Genes: higher by both, lower by both, by the data alone, by the model alone, of no spread.
    X = np.array([[4, 0, 4, 1, 2], [5, 1, 5, 2, 2], [0, 4, 0, 1, 2], [1, 5, 1, 2, 2.0]])
    predicted = np.array([[4, 1, 1, 4, 2], [4, 1, 1, 4, 2], [1, 4, 2, 1, 2], [1, 4, 2, 1, 2.0]])
    codes = np.array([0, 0, 1, 1])
    of = sums(X, predicted, codes, 2)
    group, other = (of.of(np.array([c])) for c in (0, 1))
    noise = of.of(np.array([0, 1])).noise
    table = compared(group, other, auc(X, codes, 2)[0], noise)
    assert table["auc"].tolist() == [1, 0, 1, 0.5, 0.5]
    assert table["difference_predicted"].tolist() == [3, -3, -1, 3, 0]
    assert table["difference_observed"].tolist() == [4, -4, 4, 0, 0]
    root = np.sqrt(3 / noise[:2])
    np.testing.assert_allclose(table["scores"], [root[0], -root[1], 0, 0, 0])


@pytest.mark.parametrize("higher", [0, 1])
def test_no_claim_where_means_and_ranks_disagree(higher):
    # One sample of the first group, or of the second, makes the mean; the ranks say the opposite.
    X = np.array([[1.0], [1], [1], [30], [2], [2], [2], [2]])[:: 1 - 2 * higher]
    codes = np.arange(8) // 4
    of = sums(X, np.repeat([[8.0], [2.0]], 4, axis=0), codes, 2)
    sides = [of.of(np.array([c])) for c in (0, 1)]
    table = compared(*sides, auc(X, codes, 2)[0], of.of(np.array([0, 1])).noise)
    assert table["difference_observed"][0] * (table["auc"][0] - 0.5) < 0
    assert table["scores"][0] == 0
