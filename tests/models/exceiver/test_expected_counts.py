"""Expected counts: in which units they are filled in, and how counts spread around them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata.models.exceiver.counts import Counts
from tests.models.exceiver.conftest import QUICK, cohort

HOLES = (slice(None), slice(0, 20))


def of_depth(factor, rng=7):
    """Return new samples of another total, and a copy of which some genes are missing."""
    whole = cohort(12, rng=rng, total=300 * factor, apart=1.5)
    gapped = whole.copy()
    gapped.X = whole.X.toarray()
    gapped.X[HOLES] = np.nan
    return whole, gapped


@pytest.fixture(scope="module")
def reference():
    adata = cohort(200, apart=1.5)
    fe.tl.train(adata, "exceiver", **QUICK | {"steps": 60, "evaluate_every": 30})
    return adata


@pytest.fixture(scope="module")
def spread():
    draw = np.random.default_rng(0)
    adata = cohort(300)
    gene = np.where(np.arange(80) < 40, 20.0, 0.8)  # sizes: dispersions of .05 and 1.25
    adata.X = sparse.csr_matrix(
        draw.negative_binomial(gene, gene / (gene + 8), (300, 80)).astype(np.float32)
    )
    more = {"steps": 250, "learning_rate": 3e-2, "evaluate_every": 125, "likelihood": "nb"}
    fe.tl.train(adata, "exceiver", **QUICK | more)
    return adata


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("factor", [0.5, 4])
def test_gaps_are_filled_in_the_units_of_the_sample(factor, kind, reference):
    whole, gapped = of_depth(factor)
    if kind == "sparse":
        gapped.X = sparse.csr_matrix(gapped.X)  # in which what is missing is stored
    fe.tl.transform(gapped, reference, key="exceiver", progress=False)
    fe.tl.impute(gapped, reference=reference, key="exceiver")
    fe.tl.reconstruct(gapped, reference=reference, key="exceiver")
    filled = gapped.layers["fe_imputed"]
    filled = filled.toarray() if kind == "sparse" else filled
    X = whole.X.toarray()
    np.testing.assert_array_equal(filled[:, 20:], X[:, 20:])
    expected = gapped.layers["fe"]
    scale = X[:, 20:].sum(1) / expected[:, 20:].sum(1)
    np.testing.assert_allclose(filled[HOLES], expected[HOLES] * scale[:, None], rtol=1e-4)
    assert filled[HOLES].sum() == pytest.approx(X[HOLES].sum(), rel=0.15)


def test_a_model_of_other_values_fills_its_own_units():
    adata = fe.datasets.simulated(40, 30, 4)
    adata.X[3, :10] = np.nan
    fe.tl.train(adata, steps=20, progress=False)
    fe.tl.impute(adata)
    fe.tl.reconstruct(adata)
    filled, predicted, truth = (adata.layers[n][3, :10] for n in ("fe_imputed", "fe", "truth"))
    assert np.square(filled - truth).mean() < 1.5 * np.square(predicted - truth).mean()
    assert "fe_dispersion" not in adata.var


def test_the_dispersion_of_each_gene_is_written(spread, tmp_path):
    again = fe.tl.reconstruct(spread, key="exceiver", copy=True)
    assert "exceiver_dispersion" not in spread.var
    found = again.var["exceiver_dispersion"]
    assert found.dtype == np.float32
    assert found[:40].median() < 0.25 < 0.6 < found[40:].median()
    # New samples have it by the names of genes.
    spread.write_h5ad(tmp_path / "a.h5ad")
    new = spread[:5, ::-1].copy()
    del new.uns["exceiver"], new.varm["exceiver"], new.obsm["X_exceiver"]
    new.var_names = ["other", *new.var_names[1:]]
    fe.tl.transform(new, tmp_path / "a.h5ad", key="exceiver", progress=False)
    fe.tl.reconstruct(new, reference=tmp_path / "a.h5ad", key="exceiver")
    assert np.isnan(new.var["exceiver_dispersion"].iloc[0])
    same = new.var["exceiver_dispersion"].iloc[1:]
    np.testing.assert_array_equal(same, found[same.index])


def test_without_a_dispersion_none_is_written(reference):
    again = fe.tl.reconstruct(reference, key="exceiver", copy=True)
    assert "exceiver_dispersion" not in again.var


def test_great_counts_are_told_apart_as_small_ones():
    rng = np.random.default_rng(0)
    values = rng.integers(1, 1 << 24, 50).astype(np.int32)
    counts = Counts(np.array([0, 20, 50]), np.arange(50), np.repeat(values[:25], 2))
    tokens, distinct = counts.tokens()
    np.testing.assert_array_equal(distinct[tokens.values], counts.counts)
    assert (np.diff(distinct) > 0).all()
