"""Steps to logarithms: as Scanpy takes them, on any kind of matrix, and back."""

from __future__ import annotations

import anndata
import numpy as np
import pytest
import scanpy as sc
from scipy import sparse

from fe_anndata.matrix.normalize import STEPS, normalized, totals_of
from fe_anndata.matrix.rows import ByBlocks


@pytest.fixture
def counts():
    draw = np.random.default_rng(0)
    X = draw.poisson(draw.gamma(0.5, 4, size=(1, 30)), size=(23, 30)).astype(np.float32)
    X[5] = 0
    return X


def test_counts_per_ten_thousand_are_those_of_scanpy(counts):
    adata = anndata.AnnData(counts.copy())
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    np.testing.assert_allclose(STEPS["log1p_cp10k"].forward(counts), adata.X, rtol=1e-5)


def test_logarithms(counts):
    np.testing.assert_allclose(STEPS["log10p1"].forward(counts), np.log10(counts + 1), rtol=1e-6)
    np.testing.assert_allclose(STEPS["log2_tpm"].forward(counts), np.log2(counts + 1), rtol=1e-6)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("columns", [None, np.array([1, 4, 9])])
def test_sparse_dense_and_by_blocks_agree(counts, step, columns):
    dense = normalized(counts, STEPS[step], columns)
    of_sparse = normalized(sparse.csr_matrix(counts), STEPS[step], columns)
    np.testing.assert_allclose(of_sparse.toarray(), dense, rtol=1e-6)
    by_blocks = ByBlocks(counts, columns, step=STEPS[step]).load().whole
    np.testing.assert_array_equal(by_blocks, dense)
    assert dense.dtype == of_sparse.dtype == np.float32


@pytest.mark.parametrize("step", STEPS)
def test_the_matrix_stays_as_it_is_and_comes_back(counts, step):
    X, packed = counts.copy(), sparse.csr_matrix(counts)
    forward = STEPS[step].forward(X)
    STEPS[step].forward(packed)
    np.testing.assert_array_equal(X, counts)
    np.testing.assert_array_equal(packed.toarray(), counts)
    back = STEPS[step].backward(forward, totals_of(counts))
    np.testing.assert_allclose(back, counts, rtol=1e-4, atol=1e-3)


def test_missing_values_stay_missing_and_count_nothing(counts):
    X = counts.copy()
    X[2, 3] = np.nan
    found = STEPS["log1p_cp10k"].forward(X)
    assert np.isnan(found[2, 3])
    total = np.nansum(X[2])
    np.testing.assert_allclose(found[2, 4], np.log1p(X[2, 4] / total * 1e4), rtol=1e-5)
    np.testing.assert_allclose(totals_of(sparse.csr_matrix(X))[2], total)


def test_negative_values_are_refused(counts):
    with pytest.raises(ValueError, match=r"normalize='log2_tpm'.*negative.*normalize=None"):
        STEPS["log2_tpm"].forward(counts - 1)
