"""Rows in memory and by blocks: the same values, wherever they come from."""

from __future__ import annotations

import anndata
import h5py
import numpy as np
import pytest
import zarr
from scipy import sparse

from fe_anndata.matrix.audit import audit
from fe_anndata.matrix.rows import ByBlocks, InMemory, stored_values

pytestmark = pytest.mark.filterwarnings("ignore:zarr v3 autosharding")

N, M = 23, 17


@pytest.fixture(scope="module")
def X():  # noqa: N802
    rng = np.random.default_rng(0)
    X = rng.normal(1, 2, size=(N, M)).astype(np.float32)
    X[rng.random((N, M)) < 0.6] = 0
    X[[2, 5, 22], [3, 0, 16]] = np.nan
    return X


def in_hdf5(X, folder):
    return h5py.File(folder / "x.h5", "w").create_dataset("X", data=X, chunks=(5, 4))


def in_zarr(X, folder):
    return zarr.create_array(str(folder / "x.zarr"), data=X, chunks=(5, 4))


def sparse_of(format, store):
    def make(X, folder):
        made = (sparse.csr_matrix if format == "csr" else sparse.csc_matrix)(X)
        if store == "h5ad":
            group = h5py.File(folder / "x.h5", "w")
        else:
            group = zarr.open_group(str(folder / "x.zarr"), mode="w")
        anndata.io.write_elem(group, "X", made)
        return anndata.io.sparse_dataset(group["X"])

    return make


def of_dask(X, folder):
    array = pytest.importorskip("dask.array")
    return array.from_array(X, chunks=(7, M))


def of_dask_csr(X, folder):
    array = pytest.importorskip("dask.array")
    return array.from_array(X, chunks=(7, M)).map_blocks(sparse.csr_matrix)


def in_float64(X, folder):
    return X.astype(np.float64)


SOURCES = {
    "hdf5": in_hdf5,
    "zarr": in_zarr,
    "csr in h5ad": sparse_of("csr", "h5ad"),
    "csc in h5ad": sparse_of("csc", "h5ad"),
    "csr in zarr": sparse_of("csr", "zarr"),
    "dask": of_dask,
    "dask of csr": of_dask_csr,
    "float64": in_float64,
}


@pytest.fixture(params=SOURCES)
def source(request, X, tmp_path):
    return SOURCES[request.param](X, tmp_path)


@pytest.fixture(params=[1, 5, 22, 23, 1000])
def n(request):
    return request.param


def dense(block):
    return block.toarray() if sparse.issparse(block) else block


def require_equal(block, expected):
    assert block.dtype == np.float32
    if isinstance(block, np.ndarray):
        assert block.flags.c_contiguous
    else:
        assert block.format == "csr"
        assert block.has_sorted_indices
    np.testing.assert_array_equal(dense(block), expected)


@pytest.mark.parametrize("columns", [None, np.array([0, 3, 4, 16])], ids=["all", "some"])
def test_blocks_are_the_matrix(source, X, n, columns):
    rows = ByBlocks(source)
    if columns is not None:
        rows, X = rows.columns_at(columns), X[:, columns]
    assert rows.shape == X.shape
    assert rows.whole is None
    parts = list(rows.blocks(n))
    assert [part.start for part, _ in parts] == list(range(0, N, n))
    assert parts[-1][0].stop == N
    for part, block in parts:
        require_equal(block, X[part])
    for part, block in InMemory(X).blocks(n):
        np.testing.assert_array_equal(block, X[part])


@pytest.mark.parametrize("size", [1, M, 3 * M, 1 << 22])
def test_all_that_is_asked_of_rows(source, X, size, monkeypatch):
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", size)
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", size)
    rows, whole = ByBlocks(source), InMemory(X)
    some = np.array([0, 4, 5, 21, 22])
    require_equal(rows.take(some), X[some])
    require_equal(rows.take(np.array([22])), X[[22]])
    np.testing.assert_array_equal(whole.take(some), X[some])
    at = np.array([0, 2, 2, 5, 5, 22]), np.array([4, 3, 9, 0, 1, 16])
    for found in (rows.entries(*at), whole.entries(*at)):
        assert found.values.dtype == np.float32
        np.testing.assert_array_equal(found.rows, at[0])
        np.testing.assert_array_equal(found.cols, at[1])
        np.testing.assert_array_equal(found.values, X[at])
        assert len(found.observed()) == 3
        assert found.observed().cols.tolist() == [4, 9, 1]
    for found in (rows.missing(), whole.missing(), InMemory(sparse.csr_matrix(X)).missing()):
        assert found.rows.tolist() == [2, 5, 22]
        assert found.cols.tolist() == [3, 0, 16]
        assert found.values.tolist() == [0, 0, 0]
        assert found.values.dtype == np.float32
    require_equal(rows.load().whole, X)
    found, expected = audit(rows), audit(whole)
    np.testing.assert_allclose(found.sums, expected.sums, rtol=1e-12)
    np.testing.assert_array_equal(found.observed, expected.observed)
    extremes = found.extremes.least, found.extremes.greatest
    assert extremes == (expected.extremes.least, expected.extremes.greatest)


def test_columns_of_columns(source, X):
    first, second = np.array([1, 3, 8, 16]), np.array([0, 2, 3])
    some = ByBlocks(source).columns_at(first).columns_at(second)
    require_equal(some.load().whole, X[:, first[second]])
    whole = InMemory(X).columns_at(first).columns_at(second).whole
    require_equal(whole, X[:, first[second]])
    csr = InMemory(sparse.csr_matrix(X)).columns_at(first).whole
    require_equal(csr, X[:, first])


def test_blocks_are_cut_by_the_shape_alone(X, tmp_path, monkeypatch):
    """Wherever the matrix is: so sums over blocks have the same digits."""
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", 4 * M + 1)
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 6 * M)
    dense = [ByBlocks(in_hdf5(X, tmp_path)), ByBlocks(of_dask(X, tmp_path)), InMemory(X)]
    csr = sparse_of("csr", "zarr")(X, tmp_path), of_dask_csr(X, tmp_path)
    few = [*map(ByBlocks, csr), InMemory(sparse.csr_matrix(X))]
    # 23 rows in six blocks, and in four: evenly, for a last one of a row would cost as much.
    for alike, n in ((dense, 4), (few, 6)):
        for rows in alike:
            starts = [part.start for part, _ in rows.blocks()]
            assert starts == list(range(0, N, n))
    assert stored_values(sparse.csr_matrix(X)) == np.count_nonzero(X)
    assert stored_values(X) == N * M


class Watched:
    """An array that says which of its rows are read, and may fail."""

    def __init__(self, X, fails_at=None):
        self.X, self.shape, self.fails_at, self.read = X, X.shape, fails_at, []

    def __getitem__(self, part):
        if part.start == self.fails_at:
            raise OSError("the disk is gone")
        self.read.append(part.start)
        return self.X[part]


def test_the_next_block_is_read_ahead_and_no_more(X):
    watched = Watched(X)
    blocks = ByBlocks(watched).blocks(5)
    next(blocks)
    assert watched.read[0] == 0
    blocks.close()  # waits for what is being read
    assert watched.read == [0, 5]
    list(ByBlocks(watched).blocks(5))
    assert watched.read == [0, 5, 0, 5, 10, 15, 20]


@pytest.mark.parametrize("fails_at", [0, 10, 20])
def test_an_error_of_the_reader_comes_back(X, fails_at):
    seen = []
    with pytest.raises(OSError, match="the disk is gone"):  # noqa: PT012
        for part, _ in ByBlocks(Watched(X, fails_at)).blocks(5):
            seen.append(part.start)
    assert seen == list(range(0, fails_at, 5))


def test_what_is_no_number_is_refused_when_it_is_read():
    with pytest.raises(TypeError, match="must be numeric"):
        list(ByBlocks(np.full((4, 3), "a")).blocks())
