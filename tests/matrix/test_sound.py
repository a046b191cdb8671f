"""Sparse matrices whose indices cannot be trusted."""

from __future__ import annotations

import anndata
import h5py
import numpy as np
import pytest
from scipy import sparse

from fe_anndata.matrix.rows import ByBlocks
from fe_anndata.matrix.sound import require_sound, require_sound_pointers
from fe_anndata.matrix.values import as_values

N, M = 23, 17
KINDS = (sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.csc_array)


def dense():
    X = np.random.default_rng(0).poisson(0.7, size=(N, M)).astype(np.float32)
    X[0, :3] = X[N - 1, M - 3 :] = 1
    return X


def _set(part, at, value):
    def change(X):
        getattr(X, part)[at] = value

    return change


def _shorten(part):
    def change(X):
        setattr(X, part, getattr(X, part)[:-2])

    return change


def _as_float(X):
    X.indices = X.indices.astype(float)


DAMAGE = {
    "index far beyond": (
        _set("indices", 60, 10**6),
        r"\(counted from 0\) has a value in .* 1000000",
    ),
    "index just beyond": (_set("indices", -1, N), "23, but there are"),
    "negative index": (_set("indices", 60, -1), "has a value in .* -1"),
    "pointers fall": (_set("indptr", 7, 0), "6 .*begins at .* and ends at 0"),
    "pointer beyond": (_set("indptr", 7, 10**5), "7 .*begins at 100000 and ends at"),
    "first pointer": (_set("indptr", 0, 3), "0 .*begins at 3, not at 0"),
    "last pointer too large": (_set("indptr", -1, 10**5), "indptr ends at 100000"),
    "last pointer too small": (lambda X: X.indptr.__isub__(X.indptr == X.nnz), "indptr ends at"),
    "fewer pointers": (_shorten("indptr"), "indptr has .* numbers for"),
    "fewer indices": (_shorten("indices"), "values, but .* indices"),
    "fewer values": (_shorten("data"), "values, but .* indices"),
    "indices of floats": (_as_float, "float64, not integers"),
}


def damaged(name, kind=sparse.csr_matrix, integers=np.int32):
    X = kind(dense())
    X.indices, X.indptr = X.indices.astype(integers), X.indptr.astype(integers)
    DAMAGE[name][0](X)
    return X


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("integers", [np.int32, np.int64])
def test_damage_is_named(name, kind, integers):
    with pytest.raises(ValueError, match=f"layer 'a' is a damaged sparse.*{DAMAGE[name][1]}"):
        as_values(damaged(name, kind, integers), "layer 'a'")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("integers", [np.int32, np.int64])
@pytest.mark.parametrize("shape", [(N, M), (N, 0), (0, M), (1, M)])
def test_sound_ones_pass(kind, integers, shape):
    X = kind(dense()[: shape[0], : shape[1]])
    X.indices, X.indptr = X.indices.astype(integers), X.indptr.astype(integers)
    require_sound(X)
    np.testing.assert_array_equal(as_values(X).toarray(), X.toarray())


def test_an_index_that_32_bits_would_cut():
    X = damaged("index far beyond", integers=np.int64)
    X.indices[60] = 2**32  # which is 0 in 32 bits
    with pytest.raises(ValueError, match="4294967296"):
        require_sound(X)


def test_the_first_bad_row_is_named():
    X = sparse.csr_matrix(dense())
    X.indices[X.indptr[9]] = X.indices[X.indptr[15]] = 99
    with pytest.raises(ValueError, match="row 9 "):
        require_sound(X)
    with pytest.raises(ValueError, match="row 109 "):
        require_sound(X, first=100)


@pytest.mark.parametrize("kind", [sparse.coo_matrix, sparse.coo_array])
@pytest.mark.parametrize(
    ("rows", "cols", "words"),
    [([0, 23], [0, 1], "number 1 .*row 23 and column 1, .* 23 rows"),
     ([0, 1], [-1, 1], "number 0 .*row 0 and column -1, .* 17 columns")],
)  # fmt: skip
def test_pairs(kind, rows, cols, words):
    X = kind((np.ones(2, np.float32), ([0, 1], [0, 1])), shape=(N, M))
    require_sound(X)
    X.coords = np.array(rows), np.array(cols)
    with pytest.raises(ValueError, match=words):
        as_values(X)


def test_another_format():
    with pytest.raises(TypeError, match=r"'bsr'.*tocsr"):
        as_values(sparse.bsr_matrix(dense()))


def test_entries_in_any_order_and_twice_are_added_up():
    """Also where scipy was once told that they are in order."""
    X = sparse.csr_matrix(dense())
    assert X.has_canonical_format  # which it remembers
    row = slice(*X.indptr[[0, 1]])
    X.indices[row] = X.indices[row][::-1].copy()
    X.data[row] = X.data[row][::-1].copy()
    np.testing.assert_array_equal(as_values(X).toarray(), dense())
    X.indices[row] = 5
    expected = dense()
    expected[0] = np.where(np.arange(M) == 5, dense()[0].sum(), 0)
    found = as_values(X)
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.has_canonical_format


def in_file(X, folder):
    """Return a sparse matrix in a file that anndata would not have written."""
    whole = (sparse.csr_matrix if X.format == "csr" else sparse.csc_matrix)(dense())
    file = h5py.File(folder / "x.h5", "w")
    anndata.io.write_elem(file, "X", whole)
    for part in ("data", "indices", "indptr"):
        del file["X"][part]
        file["X"][part] = getattr(X, part)
    return anndata.io.sparse_dataset(file["X"])


def blocks_of(X):
    require_sound_pointers(X, "X of a")
    return list(ByBlocks(X, name="X of a").blocks(4))


@pytest.mark.parametrize("name", DAMAGE)
def test_in_a_file_all_is_looked_at_by_the_end(name, tmp_path):
    with pytest.raises(ValueError, match=f"X of a is a damaged sparse.*{DAMAGE[name][1]}"):
        blocks_of(in_file(damaged(name), tmp_path))


def test_a_row_of_a_block_is_named_by_its_number_in_the_file(tmp_path):
    X = sparse.csr_matrix(dense())
    X.indices[X.indptr[9]] = 99
    with pytest.raises(ValueError, match="row 9 "):
        blocks_of(in_file(X, tmp_path))


def test_a_file_without_indices(tmp_path):
    X = in_file(sparse.csr_matrix(dense()), tmp_path)
    del X.group["indices"]
    with pytest.raises(ValueError, match=r"damaged.*no array 'indices'"):
        require_sound_pointers(X, "X of a")
