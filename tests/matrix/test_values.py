from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from fe_anndata.matrix import values as v


@pytest.fixture
def dense():
    X = np.random.default_rng(0).poisson(0.7, size=(23, 17)).astype(np.float32)
    X[[2, 5], [3, 0]] = np.nan
    return X


@pytest.fixture
def csr(dense):
    return sparse.csr_matrix(dense)


def test_what_is_ready_is_used_in_place(dense, csr):
    assert v.as_values(dense) is dense
    assert np.shares_memory(v.as_values(csr).data, csr.data)


@pytest.mark.parametrize("kind", [np.asfortranarray, sparse.csc_matrix, sparse.coo_array])
def test_all_kinds_become_one_of_two(dense, kind):
    got = v.as_values(kind(dense))
    assert got.dtype == np.float32
    as_dense = got.toarray() if sparse.issparse(got) else got
    np.testing.assert_array_equal(as_dense, dense)


def test_duplicate_entries_are_added_up_in_a_copy():
    twice = sparse.csr_matrix((np.ones(2, np.float32), [0, 0], [0, 2]), shape=(1, 2))
    assert v.as_values(twice).toarray().tolist() == [[2, 0]]
    assert twice.nnz == 2


def test_pieces_agree_between_dense_and_sparse(dense, csr):
    rows, cols = np.array([5, 2, 22, 0]), np.array([0, 3, 16, 4])
    np.testing.assert_array_equal(v.entries(csr, rows, cols), v.entries(dense, rows, cols))
    np.testing.assert_array_equal(v.tile(csr, rows, cols), v.tile(dense, rows, cols))
    assert len(v.entries(csr, rows[:0], cols[:0])) == 0
    for a, b in zip(v.missing_entries(csr), v.missing_entries(dense), strict=True):
        np.testing.assert_array_equal(a, b)


def test_missing_values_are_filled_in_a_copy(dense, csr):
    assert not np.isnan(v.without_missing(dense)).any()
    assert np.isnan(dense).sum() == 2
    assert not np.isnan(v.without_missing(csr).data).any()
    assert np.isnan(csr.data).sum() == 2
    whole = np.ones((3, 3), np.float32)
    assert v.without_missing(whole) is whole
