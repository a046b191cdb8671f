"""New samples are checked as a whole, in any order, before anything is written."""

from __future__ import annotations

import anndata
import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe

N, SEEN = 700, 400


@pytest.fixture(scope="module")
def reference():
    adata = fe.datasets.simulated(SEEN + N, 40, 4, rng=0)[:SEEN].copy()
    fe.tl.train(adata, steps=20, progress=False)
    return adata


@pytest.fixture(params=["array", "csr", "csr in a file, by blocks"])
def place(request, reference, tmp_path, monkeypatch):
    """Return what places values in the reference; nothing may be written if it fails."""
    monkeypatch.setattr("fe_anndata._access.inputs.SMALL", 0 if "blocks" in request.param else 1e9)

    def call(X):
        X = sparse.csr_matrix(X) if "csr" in request.param else X
        adata = anndata.AnnData(X, var=reference.var[[]])
        if "file" in request.param:
            adata.write_h5ad(tmp_path / "new.h5ad")
            adata = anndata.read_h5ad(tmp_path / "new.h5ad", backed="r")
        try:
            fe.tl.transform(adata, reference)
        finally:
            written = list(adata.obsm), list(adata.obs)
            if adata.isbacked:
                adata.file.close()
        return written

    return call


def values():
    return fe.datasets.simulated(SEEN + N, 40, 4, rng=0).X[SEEN:]


@pytest.mark.parametrize("row", [5, 650])
@pytest.mark.parametrize("value", [-np.inf, 3e38])
def test_a_value_that_cannot_be_computed_with(place, row, value):
    X = values()
    X[row, 3] = value
    words = "infinite values" if np.isinf(value) else "too large"
    with pytest.raises(ValueError, match=words) as caught:
        place(X)
    assert f"sample '{row}', gene 'gene4'" in str(caught.value)


def test_a_value_of_a_gene_that_is_not_used_does_not_matter(reference):
    new = anndata.AnnData(values(), var=reference.var[[]])
    new.var_names = [*new.var_names[:39], "another"]
    new.X[650, 39] = np.inf
    fe.tl.transform(new, reference)
    assert np.isfinite(new.obsm["X_fe"]).all()


@pytest.mark.parametrize("last_first", [False, True])
def test_counts_in_any_order(place, last_first):
    counts = np.random.default_rng(0).poisson(0.2, size=(N, 40))
    counts[560:] = np.random.default_rng(1).poisson(np.exp(values()[560:] / 3))
    counts = counts.astype(np.float32)
    with pytest.raises(ValueError, match="new samples look like raw counts"):
        place(counts[::-1].copy() if last_first else counts)


@pytest.mark.parametrize("last_first", [False, True])
def test_another_scale_in_any_order(place, last_first):
    X = np.where(np.arange(N)[:, None] < 550, 1, 15) * values()
    with pytest.raises(ValueError, match="another scale"):
        place((X[::-1] if last_first else X).astype(np.float32))


@pytest.mark.parametrize("last_first", [False, True])
def test_a_few_samples_of_another_scale_are_placed_in_any_order(place, last_first):
    X = np.where(np.arange(N)[:, None] < 60, 3, 1) * values()
    obsm, obs = place((X[::-1] if last_first else X).astype(np.float32))
    assert "X_fe" in obsm
    assert "fe_r2" in obs


def test_a_sentinel_is_warned_of(place):
    X = values()
    X[650:653, 3] = -9999
    with pytest.warns(UserWarning, match="-9999 is the least value, and occurs 3 times"):
        place(X)


def test_whole_numbers_for_whole_numbers(reference):
    """A model of ranks takes few new samples with ranks; one of logarithms refuses them."""
    ranks = values().argsort(1).argsort(1).astype(np.float32)
    trained = anndata.AnnData(ranks[:100], var=reference.var[[]])
    fe.tl.train(trained, steps=20)
    new = anndata.AnnData(ranks[100:102], var=reference.var[[]])
    fe.tl.transform(new, trained)
    fe.tl.impute(new, reference=trained)
    with pytest.raises(ValueError, match=r"look like raw counts|another scale"):
        fe.tl.transform(anndata.AnnData(ranks[100:102], var=reference.var[[]]), reference)
