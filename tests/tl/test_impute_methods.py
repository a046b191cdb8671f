"""Gaps filled by ridge regression, and by a mean of it and the model."""

from __future__ import annotations

import anndata
import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata.kernels.kernel_ridge import KernelRidge
from fe_anndata.tl import _imputing


@pytest.fixture(scope="module")
def made():
    """Return a reference, new samples of which genes are hidden, and their true values."""
    adata = fe.datasets.simulated(120, 60, 3)
    reference, new = adata[:96].copy(), adata[96:].copy()
    fe.tl.train(reference, steps=60, progress=False)
    truth = new.X.copy()
    new.X[:, 3::5] = np.nan
    fe.tl.transform(new, reference, progress=False)
    return reference, new, truth


def r2(filled, truth, gaps, means):
    left, all_ = (np.square((truth - of)[gaps]).sum() for of in (filled, means))
    return 1 - left / all_


def impute(made, method, **keywords):
    reference, new, _ = made
    return fe.tl.impute(
        new, reference=keywords.pop("reference", reference), method=method, copy=True, **keywords
    ).layers["fe_imputed"]


def test_ridge_is_learned_from_the_reference(made):
    reference, new, _ = made
    filled, gaps = impute(made, "ridge"), np.isnan(new.X)
    hidden = gaps[0]
    assert filled[~gaps].tobytes() == new.X[~gaps].tobytes()
    expected = KernelRidge(reference.X[:, ~hidden], reference.X[:, hidden])(new.X[:, ~hidden])
    np.testing.assert_allclose(filled[:, hidden], expected, rtol=1e-5)


def test_the_mean_of_both_is_about_as_good_as_the_better(made):
    reference, new, truth = made
    gaps, means = np.isnan(new.X), np.broadcast_to(reference.X.mean(0), new.shape)
    scores = {m: r2(impute(made, m), truth, gaps, means) for m in _imputing.METHODS}
    assert scores["auto"] > max(scores.values()) - 0.02
    assert min(scores.values()) > 0.3


@pytest.mark.parametrize(("share", "like"), [(1.0, "model"), (0.0, "ridge")])
def test_what_predicts_better_alone_is_taken_alone(made, share, like, monkeypatch):
    monkeypatch.setattr(_imputing, "_share", lambda *_: share)
    np.testing.assert_allclose(impute(made, "auto"), impute(made, like), rtol=1e-5)


def test_the_share_is_that_of_samples_which_neither_knows(made, monkeypatch):
    """A model that predicts nonsense of them counts nothing, whatever it says of the others."""
    seen = []
    train = _imputing.train

    def spoiled(part, options, **keywords):
        seen.append(part.obs_names)
        part.X[:] = np.random.default_rng(0).permuted(part.X, axis=0)
        return train(part, options, **keywords)

    monkeypatch.setattr(_imputing, "train", spoiled)
    np.testing.assert_allclose(impute(made, "auto"), impute(made, "ridge"), rtol=0.05, atol=0.15)
    assert len(seen) == 1
    assert len(seen[0]) == 77
    assert set(seen[0]) < set(made[0].obs_names)


@pytest.mark.parametrize("method", ["ridge", "auto"])
def test_gaps_of_its_own_in_every_sample(made, method, monkeypatch):
    reference, new, truth = made
    new = new.copy()
    gaps = np.random.default_rng(0).random(new.shape) < 0.2
    new.X = np.where(gaps, np.nan, truth).astype("f4")
    monkeypatch.setattr(_imputing, "MOST_SETS", 3)
    filled = impute((reference, new, truth), method)
    means = np.broadcast_to(reference.X.mean(0), new.shape)
    assert r2(filled, truth, gaps, means) > 0.3
    assert filled[~gaps].tobytes() == new.X[~gaps].tobytes()


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_trained_samples_learn_from_those_without_gaps(kind):
    adata = fe.datasets.simulated(80, 40, 3)
    truth = adata.X.copy()
    adata.X[:20, :8] = np.nan
    gaps, means = np.isnan(adata.X), np.broadcast_to(np.nanmean(adata.X, 0), adata.shape)
    adata.X = kind(adata.X)
    fe.tl.train(adata, steps=40, progress=False)
    for method in ("ridge", "auto"):
        fe.tl.impute(adata, method=method)
        filled = adata.layers["fe_imputed"]
        filled = filled.toarray() if sparse.issparse(filled) else filled
        assert r2(filled, truth, gaps, means) > 0.3


def test_in_units_of_the_matrix():
    g = np.random.default_rng(0)
    low = np.exp(g.normal(size=(90, 3)) @ g.normal(size=(3, 50)) * 0.5 + 3)
    adata = anndata.AnnData(g.poisson(low).astype("f4"))
    reference, new = adata[:70].copy(), adata[70:].copy()
    fe.tl.train(reference, normalize="log1p_cp10k", steps=60, progress=False)
    truth = new.X.copy()
    new.X[:, :10] = np.nan
    fe.tl.transform(new, reference, progress=False)
    for method in _imputing.METHODS:
        filled = impute((reference, new, truth), method)[:, :10]
        assert np.corrcoef(np.log1p(filled).ravel(), np.log1p(truth[:, :10]).ravel())[0, 1] > 0.8
        # Counts of the genes that are seen make the total, so what is missing is not in it.
        assert 0.5 < filled.mean() / truth[:, :10].mean() < 1.5


def test_a_reference_in_a_file(made, tmp_path):
    made[0].write_h5ad(tmp_path / "a.h5ad")
    np.testing.assert_array_equal(
        impute(made, "ridge"), impute(made, "ridge", reference=tmp_path / "a.h5ad")
    )


def test_batches_labels_and_starts_are_those_of_the_training(made):
    adata = fe.datasets.simulated(90, 40, 3)
    adata.obs["run"] = (np.arange(90) % 2).astype(str)
    start = np.random.default_rng(0).normal(size=(60, 2)).astype("f4")
    reference, new = adata[:60].copy(), adata[60:].copy()
    fe.tl.train(
        reference, steps=20, batch_key="run", labels_key="group", sample_start=start, progress=False
    )
    new.X[:, :5] = np.nan
    fe.tl.transform(new, reference, progress=False)
    filled = fe.tl.impute(new, reference=reference, method="auto", copy=True)
    assert np.isfinite(filled.layers["fe_imputed"]).all()


def test_bad_input(made, tmp_path):
    reference, new, _ = made
    with pytest.raises(ValueError, match=r"method.*'ridge'"):
        impute(made, "lasso")
    empty = reference.copy()
    del empty.X
    gaps = reference.copy()
    gaps.X[:90, 7] = np.nan
    for method in ("ridge", "auto"):
        with pytest.raises(ValueError, match=r"the reference has none of them.*method='model'"):
            impute(made, method, reference=empty)
        with pytest.raises(ValueError, match="has only 6: take method='model'"):
            impute(made, method, reference=gaps)
    assert np.isfinite(impute(made, "model", reference=empty)).all()
    assert "fe_imputed" not in new.layers


def test_expected_counts_have_no_regression():
    counts = anndata.AnnData(np.random.default_rng(0).poisson(3, (40, 30)).astype("f4"))
    fe.tl.train(
        counts, "exceiver", sample_dim=2, width=8, latents=2, heads=2, steps=2, progress=False
    )
    counts.X[0, 0] = np.nan
    with pytest.raises(ValueError, match="this one is of counts"):
        fe.tl.impute(counts, key="exceiver", method="ridge")


def test_profiles_with_one_gene_and_with_none(made):
    reference, new, truth = made
    new = new.copy()
    new.layers["few"] = np.full_like(truth, np.nan)
    new.layers["few"][0, 2] = truth[0, 2]
    with pytest.warns(UserWarning, match="stay NaN"):
        filled = impute((reference, new, truth), "ridge", layer="few")
    assert np.isfinite(filled[0]).all()
    assert np.isnan(filled[1:]).all()
