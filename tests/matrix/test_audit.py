"""What one pass over a matrix finds, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.matrix import values
from fe_anndata.matrix.audit import audit
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
    assert (found.extremes.least, found.extremes.greatest) == (np.nanmin(X), np.nanmax(X))
    assert found.total == pytest.approx(np.nansum(exact), rel=1e-12)
    assert found.n_missing == 3 * holes
    assert not found.extremes.infinite
    assert not found.extremes.whole_numbers
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
    assert audit(rows(X)).extremes.least == 0
    assert audit(rows(-X)).extremes.greatest == 0


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
    assert np.isnan(found.extremes.least)
    assert np.isnan(found.extremes.greatest)
    assert found.empty_rows.tolist() == [0, 1, 2, 3, 4]
    assert not found.counts


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 22])
def test_infinite_values(rows, value, row):
    X = matrix()
    X[row, 3] = value
    X[11, 3] = np.nan
    assert audit(rows(X)).extremes.infinite


def test_both_infinities_and_a_hole(rows):
    X = matrix()
    X[[0, 1], 3] = np.inf, -np.inf
    assert audit(rows(X)).extremes.infinite


def test_counts(rows):
    X = COUNTS[:391].reshape(23, 17).copy()
    assert audit(rows(X)).counts
    X[22, 16] += 0.5  # the last value of all
    found = audit(rows(X))
    assert not found.extremes.whole_numbers
    assert not found.counts
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


def of_deviations(X):
    """Return what the sample that deviates most holds, and which it is, by numpy."""
    squares = np.nansum((X.astype(np.float64) - np.nanmean(X, axis=0, dtype=np.float64)) ** 2, 1)
    return squares.max() / squares.sum(), squares.argmax()


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("row", [0, 13, 22])
def test_the_sample_that_holds_most(rows, holes, row):
    X = matrix()
    if holes:
        X[::2, ::3] = np.nan
    X[row] = 40 + 5 * X[row]
    found = audit(rows(X)).deviations
    share, at = of_deviations(X)
    assert found.row == at == row
    assert found.largest / found.total == pytest.approx(share, rel=1e-4)
    squares = (X[row] - np.nanmean(X, axis=0, dtype=np.float64)) ** 2
    assert found.column == np.nanargmax(squares)
    assert found.value == X[row, found.column]
    assert found.of_value == pytest.approx(np.nanmax(squares), rel=1e-4)


def test_whether_samples_vary(rows):
    X = np.repeat(matrix()[:1], 23, axis=0)
    X[2, 3] = X[5:, 4] = np.nan
    assert not audit(rows(X)).deviations.vary
    X[22, 16] += 1  # the last value of all
    assert audit(rows(X)).deviations.vary
