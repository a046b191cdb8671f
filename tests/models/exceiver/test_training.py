"""From counts to a trained model in an AnnData, by the verbs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata.models.exceiver.task import Training
from tests.models.exceiver.conftest import cohort

KINDS = ("multinomial", "nb", "poisson")


def result(adata):
    return adata.obsm["X_exceiver"].tobytes(), adata.varm["exceiver"].tobytes()


def everything(adata):
    weights = adata.uns["exceiver"]["model"]
    return *result(adata), *(weights[name].tobytes() for name in sorted(weights))


@pytest.mark.parametrize("likelihood", KINDS)
def test_what_is_written(likelihood, quick, tmp_path):
    adata = cohort()
    fe.tl.train(adata, "exceiver", likelihood=likelihood, **quick)
    assert adata.obsm["X_exceiver"].shape == (60, 4)
    assert adata.obsm["X_exceiver"].dtype == np.float32
    assert adata.varm["exceiver"].shape == (80, 8)
    assert adata.uns["exceiver"]["loss"] == "nll"
    history = fe.get.history(adata, key="exceiver")
    assert history["step"].tolist() == [0, 2, 4, 6]
    assert np.isfinite(history["validation_loss"]).all()
    adata.write_h5ad(tmp_path / "a.h5ad")
    new = cohort(7, rng=5)
    direct = fe.tl.transform(new, adata, key="exceiver", progress=False, copy=True)
    through = fe.tl.transform(new, tmp_path / "a.h5ad", key="exceiver", progress=False, copy=True)
    assert direct.obsm["X_exceiver"].tobytes() == through.obsm["X_exceiver"].tobytes()
    for name in ("nll", "outlier", "n_genes"):
        assert direct.obs[f"exceiver_{name}"].equals(through.obs[f"exceiver_{name}"])
    assert len(fe.tl.similar_genes(adata, "g003", key="exceiver")) == 10


@pytest.mark.parametrize("likelihood", KINDS)
def test_it_learns(likelihood, quick):
    adata = cohort(200, apart=1.5)
    more = {"steps": 150, "evaluate_every": 50, "learning_rate": 1e-2, "linear": False}
    fe.tl.train(adata, "exceiver", likelihood=likelihood, **quick | more)
    losses = fe.get.history(adata, key="exceiver")["validation_loss"]
    assert losses.iloc[-1] < losses.iloc[0] - 0.02


def test_training_samples_are_embedded_as_new_ones(trained):
    again = cohort()
    fe.tl.transform(again, trained, key="exceiver", progress=False)
    assert again.obsm["X_exceiver"].tobytes() == trained.obsm["X_exceiver"].tobytes()


def test_a_sample_alone_is_the_same_bytes(trained):
    new = cohort(9, rng=3)
    fe.tl.transform(new, trained, key="exceiver", progress=False)
    one = new[4:5].copy()
    fe.tl.transform(one, trained, key="exceiver", progress=False)
    assert one.obsm["X_exceiver"].tobytes() == new.obsm["X_exceiver"][4:5].tobytes()
    assert one.obs["exceiver_nll"].iloc[0] == new.obs["exceiver_nll"].iloc[4]


def test_order_changes_no_byte(quick):
    first, draw = cohort(), np.random.default_rng(1)
    rows, columns = draw.permutation(first.n_obs), draw.permutation(first.n_vars)
    other = first[rows][:, columns].copy()
    fe.tl.train(first, "exceiver", **quick)
    fe.tl.train(other, "exceiver", **quick)
    back = other[first.obs_names, first.var_names]
    assert back.obsm["X_exceiver"].tobytes() == first.obsm["X_exceiver"].tobytes()
    assert back.varm["exceiver"].tobytes() == first.varm["exceiver"].tobytes()
    new = cohort(5, rng=4)
    mixed = new[:, draw.permutation(new.n_vars)].copy()
    fe.tl.transform(new, first, key="exceiver", progress=False)
    fe.tl.transform(mixed, other, key="exceiver", progress=False)
    assert mixed.obsm["X_exceiver"].tobytes() == new.obsm["X_exceiver"].tobytes()


@pytest.mark.parametrize("kind", ["dense", "csc", "file"])
def test_where_counts_lie_changes_no_byte(kind, quick, tmp_path):
    first, other = cohort(), cohort()
    fe.tl.train(first, "exceiver", **quick)
    if kind == "file":
        other.write_h5ad(tmp_path / "a.h5ad")
        other = fe.tl.train(tmp_path / "a.h5ad", "exceiver", **quick)
    else:
        other.X = other.X.toarray() if kind == "dense" else sparse.csc_matrix(other.X)
        fe.tl.train(other, "exceiver", **quick)
    assert everything(first) == everything(other)


def test_the_same_seed_and_another(quick):
    runs = [cohort() for _ in range(3)]
    for adata, rng in zip(runs, (0, 0, 1), strict=True):
        fe.tl.train(adata, "exceiver", rng=rng, **quick)
    assert everything(runs[0]) == everything(runs[1])
    assert result(runs[0]) != result(runs[2])


def test_threads_change_no_byte(quick, monkeypatch):
    first, other = cohort(), cohort()
    for threads, adata in ((1, first), (2, other)):
        monkeypatch.setattr(fe.settings, "threads", threads)
        fe.tl.train(adata, "exceiver", **quick)
    assert everything(first) == everything(other)


def test_a_resumed_run_is_the_unbroken_one(quick, monkeypatch):
    whole, broken = cohort(), cohort()
    fe.tl.train(whole, "exceiver", **quick)
    backward = Training.backward

    def interrupted(self, step):
        if step == 5:
            raise KeyboardInterrupt
        return backward(self, step)

    monkeypatch.setattr(Training, "backward", interrupted)
    fe.tl.train(broken, "exceiver", **quick)
    assert broken.uns["exceiver"]["history"]["step"].iloc[-1] == 4
    monkeypatch.undo()
    fe.tl.train(broken, "exceiver", resume=True, progress=False)
    assert everything(whole) == everything(broken)


def test_missing_genes_are_neither_seen_nor_asked_for(trained):
    new = cohort(6, rng=2)
    some = new[:, 10:].copy()
    fe.tl.transform(some, trained, key="exceiver", progress=False)
    masked = new.copy()
    masked.X = masked.X.toarray()
    masked.X[:, :10] = np.nan
    fe.tl.transform(masked, trained, key="exceiver", progress=False)
    assert masked.obsm["X_exceiver"].tobytes() == some.obsm["X_exceiver"].tobytes()
    zeros = new.copy()
    zeros.X = zeros.X.toarray()
    zeros.X[:, :10] = 0
    fe.tl.transform(zeros, trained, key="exceiver", progress=False)
    assert zeros.obsm["X_exceiver"].tobytes() != some.obsm["X_exceiver"].tobytes()


def test_expected_counts(quick):
    adata = cohort(200, apart=1.5)
    fe.tl.train(adata, "exceiver", **quick | {"steps": 100, "evaluate_every": 50})
    fe.tl.reconstruct(adata, key="exceiver", layer_added="expected")
    expected = adata.layers["expected"]
    totals = np.asarray(adata.X.sum(1)).ravel()
    np.testing.assert_allclose(expected.sum(1), np.median(totals), rtol=1e-4)
    profiles = adata.X.toarray() / totals[:, None]
    mean = profiles.mean(0)
    ours = np.square(expected / expected.sum(1, keepdims=True) - profiles).sum()
    assert ours < 0.8 * np.square(profiles - mean).sum()


def test_the_counts_of_the_user_stay_as_they_are(quick):
    adata, new = cohort(), cohort(5, rng=1)
    for of in (adata, new):  # genes in another order than that of their names
        of.var_names = of.var_names[::-1]
    before = [of.X.toarray() for of in (adata, new)]
    fe.tl.train(adata, "exceiver", labels_key="kind", **quick)
    fe.tl.transform(new, adata, key="exceiver", progress=False)
    fe.tl.predict_labels(adata, adata, key="exceiver", progress=False)
    fe.get.attention(adata, key="exceiver")
    fe.tl.differential(adata, "kind", key="exceiver")
    for of, then in zip((adata, new), before, strict=True):
        np.testing.assert_array_equal(of.X.toarray(), then)
