"""Products of a matrix in memory and by blocks, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from fe_anndata.kernels.products import Block, Products
from fe_anndata.kernels.workers import workers
from tests.helpers import CPU, products_of

SHAPES = [(1, 1), (1, 7), (7, 1), (13, 31), (127, 1023), (1023, 127)]


def matrix(shape, kind):
    X = np.random.default_rng(0).normal(2, 1, size=shape).astype(np.float32)
    if kind is sparse.csr_matrix:
        X[np.random.default_rng(1).random(shape) < 0.8] = 0
    return kind(X)


def blocks_of(X, n):
    """Return what gives `X` in blocks of `n` rows, and counts how often it is read."""
    read = []

    def blocks():
        read.append(n)
        for first in range(0, X.shape[0], n):
            rows = slice(first, min(first + n, X.shape[0]))
            yield rows, Block(X[rows], CPU)

    return blocks, read


def test_a_dense_matrix_is_used_in_place():
    X = np.zeros((20, 30), dtype=np.float32)
    block = Block(X, CPU)
    assert block.forward.data_ptr() == X.ctypes.data
    assert block.rows[0].data_ptr() == block.columns[0].data_ptr() == X.ctypes.data


@pytest.mark.parametrize("threads", [1, 2])
def test_products_in_parts_are_the_product(threads):
    X = sparse.random(300, 200, 0.05, format="csr", dtype=np.float32, random_state=0)
    X = sparse.vstack([X[:40], sparse.csr_matrix((120, 200), dtype=np.float32), X[160:]], "csr")
    rng = torch.Generator().manual_seed(0)
    Q, P = torch.randn(200, 3, generator=rng), torch.randn(300, 3, generator=rng)
    for of in (X, X.toarray()):
        products = products_of(of)
        with workers(threads):
            times, transposed = products.times(Q), products.transposed_times(P)
        np.testing.assert_allclose(times.numpy(), X @ Q.numpy(), atol=1e-4)
        np.testing.assert_allclose(transposed.numpy(), X.T @ P.numpy(), atol=1e-4)


@pytest.mark.parametrize("n", [1, 5, 64, 1023])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("shape", SHAPES[:-1])
def test_blocks_have_the_products_of_the_whole(shape, kind, n):
    X = matrix(shape, kind)
    blocks, read = blocks_of(X, n)
    by_blocks, whole = Products(blocks, shape), products_of(X)
    assert by_blocks.shape == whole.shape == shape
    rng = torch.Generator().manual_seed(0)
    Q, P = torch.randn(shape[1], 3, generator=rng), torch.randn(shape[0], 3, generator=rng)
    centre, of_gene = torch.randn(shape[1], generator=rng), torch.rand(shape[1], generator=rng)
    of_sample = torch.rand(shape[0], generator=rng)
    dense = X.toarray() if sparse.issparse(X) else X
    exact = dense.astype(np.float64)
    deviations = (exact - centre.double().numpy()) ** 2
    for name, given, expected in (
        ("times", (Q,), exact @ Q.double().numpy()),
        ("transposed_times", (P,), exact.T @ P.double().numpy()),
        ("squares_by_gene", (centre, of_sample), of_sample.double().numpy() @ deviations),
        ("squares_by_sample", (centre, of_gene), deviations @ of_gene.double().numpy()),
    ):
        got, other = getattr(by_blocks, name)(*given), getattr(whole, name)(*given)
        assert got.dtype == other.dtype
        size = float(np.abs(expected).max())
        np.testing.assert_allclose(got.numpy(), other.numpy(), rtol=1e-5, atol=1e-5 * size)
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-5 * size)
    assert len(read) == 4  # once for each product


def test_a_matrix_that_must_not_be_written_to():
    X = np.broadcast_to(np.arange(30, dtype=np.float32), (20, 30)).copy()
    X.setflags(write=False)
    product = products_of(X).times(torch.ones(30, 1))
    assert product.tolist() == [[435.0]] * 20
