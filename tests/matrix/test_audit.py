"""What one pass over a matrix finds, against numpy; and what it refuses."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from fe_anndata.matrix import values
from fe_anndata.matrix.audit import audit
from fe_anndata.matrix.trainable import require_trainable
from fe_anndata.matrix.rows import InMemory
from tests.helpers import KINDS_OF_ROWS

COUNTS = np.random.default_rng(0).poisson(60, size=1000).astype(np.float32)


@pytest.fixture(params=KINDS_OF_ROWS)
def rows(request, monkeypatch):
    """Return what makes rows of an array, which are looked at some at a time."""
    monkeypatch.setattr(values, "STORED", 40)
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", 60)
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 60)
    return KINDS_OF_ROWS[request.param]


def matrix(seed=0):
    X = np.random.default_rng(seed).normal(1, 2, size=(23, 17)).astype(np.float32)
    X[np.random.default_rng(seed + 1).random(X.shape) < 0.5] = 0
    return X


def names(X):
    n, m = X.shape
    return pd.Index([f"g{i}" for i in range(m)]), pd.Index([f"s{i}" for i in range(n)])


@pytest.mark.parametrize("holes", [False, True])
def test_sums_and_extremes(rows, holes):
    X = matrix()
    if holes:
        X[[2, 5, 22], [3, 0, 16]] = np.nan
    found = audit(rows(X))
    exact = X.astype(np.float64)
    assert found.shape == X.shape
    np.testing.assert_allclose(found.sums, np.nansum(exact, 0), rtol=1e-12)
    assert found.observed.tolist() == (~np.isnan(X)).sum(0).tolist()
    assert found.squares == pytest.approx(np.nansum(exact**2), rel=1e-12)
    assert (found.least, found.greatest) == (np.nanmin(X), np.nanmax(X))
    assert found.total == pytest.approx(np.nansum(exact), rel=1e-12)
    assert found.n_missing == 3 * holes
    assert not found.infinite
    assert not found.whole_numbers
    assert found.empty_rows.tolist() == []


@pytest.mark.parametrize("holes", [False, True])
def test_the_mark_tells_where_values_stand(rows, holes):
    X = matrix()
    if holes:
        X[::2, ::3] = np.nan
    found = audit(rows(X))
    size = found.squares**0.5
    assert found.mark == pytest.approx(audit(InMemory(X)).mark, abs=1e-5 * size)
    assert abs(found.mark) < 4 * size
    swapped = np.arange(23)
    swapped[[3, 10]] = 10, 3
    for moved in (X[::-1], X[:, ::-1], X[swapped]):
        moved = audit(rows(np.ascontiguousarray(moved)))
        assert moved.total == pytest.approx(found.total)
        assert abs(moved.mark - found.mark) > 1e-3 * size


def test_zeros_that_are_not_stored_are_values(rows):
    X = np.abs(matrix()) + 1
    X[3, 4] = 0
    assert audit(rows(X)).least == 0
    assert audit(rows(-X)).greatest == 0


def test_samples_and_genes_without_a_value(rows):
    X = matrix()
    X[[4, 22]] = np.nan
    X[:, 7] = np.nan
    found = audit(rows(X))
    assert found.empty_rows.tolist() == [4, 22]
    assert found.observed[7] == 0
    assert found.sums[7] == 0
    assert found.n_missing == 2 * 17 + 21


def test_nothing_but_missing_values(rows):
    found = audit(rows(np.full((5, 4), np.nan, np.float32)))
    assert np.isnan(found.least)
    assert np.isnan(found.greatest)
    assert found.empty_rows.tolist() == [0, 1, 2, 3, 4]
    assert not found.counts


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 22])
def test_infinite_values(rows, value, row):
    X = matrix()
    X[row, 3] = value
    X[11, 3] = np.nan
    assert audit(rows(X)).infinite


def test_both_infinities_and_a_hole(rows):
    X = matrix()
    X[[0, 1], 3] = np.inf, -np.inf
    assert audit(rows(X)).infinite


def test_counts(rows):
    X = COUNTS[:391].reshape(23, 17).copy()
    assert audit(rows(X)).counts
    X[22, 16] += 0.5  # the last value of all
    found = audit(rows(X))
    assert not found.whole_numbers
    assert not found.counts
    assert not audit(rows(np.minimum(COUNTS[:391], 50).reshape(23, 17))).counts
    assert not audit(rows(COUNTS[:391].reshape(23, 17) - 70)).counts


def test_of_the_genes_that_have_values(rows):
    X = matrix()
    X[:, [2, 9]] = np.nan
    kept = ~np.isin(np.arange(17), [2, 9])
    found, expected = audit(rows(X)).of_genes(kept), audit(rows(X[:, kept].copy()))
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.sums, expected.sums)
    np.testing.assert_array_equal(found.observed, expected.observed)
    assert found.squares == pytest.approx(expected.squares, rel=1e-12)
    assert found.n_missing == 0
    assert found.total == pytest.approx(expected.total, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X: X[:2], "2 samples x 17 genes are too few"),
        (lambda X: X[:, :2], "23 samples x 2 genes are too few"),
        (lambda X: X[:0], "the matrix is empty"),
        (lambda X: np.where(X[0, 0] == X, np.inf, X), "infinite values.*log"),
        (lambda X: X * np.nan, "every value of the matrix is missing"),
        (lambda X: np.where(np.arange(23)[:, None] == 5, np.nan, X), "1 samples.*'s5'"),
    ],
)
def test_what_cannot_be_trained_on(change, words):
    X = change(matrix()).astype(np.float32)
    with pytest.raises(ValueError, match=words):
        require_trainable(audit(InMemory(X)), *names(X))


def test_gene_names_that_occur_twice():
    X = matrix()
    genes, samples = names(X)
    genes = genes.where(genes != "g3", "g2")
    with pytest.raises(ValueError, match=r"1 gene names.*\(g2\).*var_names_make_unique"):
        require_trainable(audit(InMemory(X)), genes, samples)


def test_raw_counts_are_warned_of():
    X = COUNTS[:391].reshape(23, 17)
    with pytest.warns(UserWarning, match="looks like raw counts"):
        require_trainable(audit(InMemory(X)), *names(X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        require_trainable(audit(InMemory(np.log1p(X))), *names(X))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (COUNTS, True),
        (np.append(COUNTS, np.nan), True),
        (np.log1p(COUNTS), False),
        (COUNTS - 70, False),
        (np.minimum(COUNTS, 10), False),
        (np.minimum(COUNTS, 50), False),
        (np.minimum(COUNTS, 51), True),
        (np.empty(0, np.float32), False),
        (np.tile(COUNTS, 5), True),
        (np.tile(COUNTS, 5) + 0.5 * (np.arange(5000) == 1), False),  # one that a glance misses
    ],
)
def test_looks_like_counts(values, expected):
    assert looks_like_counts(values) is expected
