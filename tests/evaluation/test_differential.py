"""Shares of groups compared by their counts: sums, p-values where nothing differs, and power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from fe_anndata.evaluation.differential import compared, sums


def drawn(n, n_group, total=2000.0, dispersion=0.3, m=1500, rng=0, factor=1.0, changed=0):
    """Return counts of two groups, of which the first has some genes changed, and their codes."""
    draw = np.random.default_rng(rng)
    share = np.exp(draw.normal(0, 1.2, m))
    share /= share.sum()
    codes = (np.arange(n) >= n_group).astype(int)
    rate = np.tile(share, (n, 1))
    rate[codes == 0, :changed] *= factor
    mean = total * np.exp(draw.normal(0, 0.5, (n, 1))) * rate
    return draw.negative_binomial(1 / dispersion, 1 / (1 + dispersion * mean)), codes


def table_of(X, codes):
    """Return the table of the first group against the second, as of a model of group means."""
    totals = X.sum(1, keepdims=True)
    means = np.stack([X[codes == c].sum(0) / totals[codes == c].sum() for c in (0, 1)])
    of = sums(X, means[codes] + 1e-12, codes, 2)
    first, second = (of.of(np.array([c])) for c in (0, 1))
    return compared(first, second, (first + second).dispersion)


def test_sums_are_those_of_loops():
    X, codes = drawn(12, 5, m=20)
    p = np.random.default_rng(1).dirichlet(np.ones(20), 12)
    of = sums(X, p, codes, 2)
    for c in (0, 1):
        part, shares = X[codes == c].astype(float), p[codes == c]
        N = part.sum(1, keepdims=True)
        assert (of.n[c], of.totals[c]) == (len(part), N.sum())
        np.testing.assert_allclose(of.squared_totals[c], (N**2).sum())
        np.testing.assert_allclose(of.counts[c], part.sum(0))
        np.testing.assert_allclose(of.squares[c], (part**2).sum(0))
        np.testing.assert_allclose(of.products[c], (N * part).sum(0))
        np.testing.assert_allclose(of.shares[c], shares.sum(0))
        excess = (part - N * shares) ** 2 - N * shares
        np.testing.assert_allclose(of.excess[c], excess.sum(0))
        np.testing.assert_allclose(of.expected[c], ((N * shares) ** 2).sum(0))
    halves = [sums(X[i], p[i], codes[i], 2) for i in (slice(0, 7), slice(7, 12))]
    np.testing.assert_allclose((halves[0] + halves[1]).squares, of.squares)


def test_the_dispersion_is_found_again():
    X, codes = drawn(400, 200, dispersion=0.5)
    of = sums(X, np.tile(X.sum(0) / X.sum(), (400, 1)), codes, 2).of(np.arange(2))
    many = X.sum(0) > 1000
    assert np.median(of.dispersion[many]) == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("dispersion", [0.01, 0.3, 2.0])
@pytest.mark.parametrize("sizes", [(8, 4), (40, 10), (400, 8), (400, 200)])
def test_where_nothing_differs_small_p_values_are_no_more_frequent(sizes, dispersion):
    X, codes = drawn(*sizes, dispersion=dispersion)
    table = table_of(X, codes)
    assert (table["pvals"] < 0.05).mean() < 0.05
    assert (table["pvals"] < 0.001).mean() <= 0.002
    assert (table["pvals_adj"] < 0.05).sum() == 0
    assert table.notna().all(axis=None)


def test_where_counts_are_many_p_values_are_uniform():
    X, codes = drawn(200, 100, total=50_000, dispersion=0.2, m=400)
    p = table_of(X, codes)["pvals"]
    assert kstest(p, "uniform").pvalue > 0.001
    assert (p < 0.05).mean() > 0.02


def test_few_counts_are_judged_as_by_the_binomial():
    # Of equal totals and without any dispersion; all counts of gene g are in the first group.
    n = 50
    X = np.zeros((2 * n, 12), int)
    X[:, -1] = 1000
    for g in range(11):
        X[np.arange(g), g] = 1
        X[np.arange(g), -1] -= 1
    table = table_of(X, np.repeat([0, 1], n))
    for g in range(4, 11):
        exact = binomtest(g, g, 0.5).pvalue
        assert 0.7 * exact < table["pvals"][g] < 6 * exact


def test_genes_that_differ_are_found_by_size_and_sign():
    X, codes = drawn(300, 100, factor=2.0, changed=60)
    table = table_of(X, codes)
    found = table["pvals_adj"] < 0.05
    often = X.sum(0) > 300
    assert found[:60][often[:60]].mean() > 0.9
    assert found[60:].sum() <= 0.05 * max(found.sum(), 1) + 2
    change = table["logfoldchanges"][:60][often[:60]]
    assert np.median(change) == pytest.approx(0.93, abs=0.1)  # the changed genes are a part of all
    assert (table["scores"][:60][found[:60]] > 0).all()
    error = table["standard_errors"][60:][often[60:]]
    z = table["logfoldchanges"][60:][often[60:]] / error
    assert 0.8 < z.std() < 1.2


def test_where_counts_contradict_the_model_nothing_is_claimed():
    X, codes = drawn(300, 100, factor=3.0, changed=60)
    turned = np.where(codes[:, None] == 0, 1e-4, 2e-4) * np.ones(X.shape)
    of = sums(X, turned, codes, 2)
    first, second = (of.of(np.array([c])) for c in (0, 1))
    table = compared(first, second, np.zeros(X.shape[1]))
    assert (table["logfoldchanges"] < 0).all()
    assert (table["scores"] <= 0).all()
    assert (table["pvals"][:60] == 1).mean() > 0.9
