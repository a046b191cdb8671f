"""The recipe of the published Exceiver by the verbs: what is written, and that it is the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata.models.exceiver.steps import Steps
from tests.models.exceiver.conftest import cohort
from tests.models.exceiver.test_training import everything, result


@pytest.fixture
def published(small):
    adata = cohort()
    fe.tl.train(adata, "exceiver", **small)
    return adata


def placed(new, reference):
    return fe.tl.transform(new, reference, key="exceiver", progress=False, copy=True)


def test_what_is_written(published, tmp_path):
    assert published.obsm["X_exceiver"].shape == (60, 12)
    assert published.varm["exceiver"].shape == (80, 4)
    written = published.uns["exceiver"]
    assert written["loss"] == "mse"
    assert written["history"]["step"].tolist() == [0, 2, 4, 6]
    assert np.isfinite(written["history"]["validation_loss"]).all()
    published.write_h5ad(tmp_path / "a.h5ad")
    again = fe.io.read_h5ad(tmp_path / "a.h5ad")
    assert everything(again) == everything(published)
    for name in ("mean", "spread"):
        stored = again.uns["exceiver"]["scaling"][name]
        assert stored.tobytes() == written["scaling"][name].tobytes()
    new = cohort(7, rng=5)
    direct, through = placed(new, published), placed(new, tmp_path / "a.h5ad")
    assert direct.obsm["X_exceiver"].tobytes() == through.obsm["X_exceiver"].tobytes()
    assert np.isfinite(direct.obs["exceiver_squared_error"]).all()
    for name in ("squared_error", "outlier", "n_genes"):
        assert direct.obs[f"exceiver_{name}"].equals(through.obs[f"exceiver_{name}"])
    assert "exceiver_nll" not in direct.obs
    assert len(fe.tl.similar_genes(published, "g003", key="exceiver")) == 10


def test_it_learns(small):
    adata = cohort(200, apart=1.5)
    more = {"steps": 200, "evaluate_every": 50, "learning_rate": 1e-2, "warm_up_steps": 10}
    fe.tl.train(adata, "exceiver", **small | more)
    losses = fe.get.history(adata, key="exceiver")["validation_loss"]
    assert losses.iloc[-1] < 0.7 * losses.iloc[0]


def test_the_published_values():
    options = fe.models.family("exceiver").choose("exceiver2022", {}, {})
    assert (options.width, options.latents, options.heads, options.blocks) == (4, 128, 4, 8)
    assert (options.feed_forward, options.masked, options.minibatch_size) == (2048, 0.15, 64)
    assert (options.learning_rate, options.warm_up_steps) == (3e-4, 500)
    assert (options.weight_decay, options.patience, options.clip) == (1e-5, 10, 0)


def test_steps_are_those_of_torch(small):
    """Learning rates rise in a line and stay; the decay is that of torch's Adam."""
    seen = {}
    rate = Steps.rate

    def watched(self, step):
        seen[step] = rate(self, step)
        assert self.l2 == 5e-6
        assert [group.method for group in self.groups] == ["adam"]
        return seen[step]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Steps, "rate", watched)
        fe.tl.train(cohort(), "exceiver", **small | {"warm_up_steps": 4})
    assert seen == {0: 0.25, 1: 0.5, 2: 0.75, 3: 1.0, 4: 1.0, 5: 1.0}


def test_training_samples_are_embedded_as_new_ones(published):
    again = placed(cohort(), published)
    assert again.obsm["X_exceiver"].tobytes() == published.obsm["X_exceiver"].tobytes()


def test_a_sample_alone_is_the_same_bytes(published):
    new = cohort(9, rng=3)
    together = placed(new, published)
    one = placed(new[4:5].copy(), published)
    assert one.obsm["X_exceiver"].tobytes() == together.obsm["X_exceiver"][4:5].tobytes()
    error = "exceiver_squared_error"
    assert one.obs[error].iloc[0] == together.obs[error].iloc[4]


def test_order_changes_no_byte(small):
    first, draw = cohort(), np.random.default_rng(1)
    rows, columns = draw.permutation(first.n_obs), draw.permutation(first.n_vars)
    other = first[rows][:, columns].copy()
    fe.tl.train(first, "exceiver", **small)
    fe.tl.train(other, "exceiver", **small)
    back = other[first.obs_names, first.var_names]
    assert result(back) == result(first)
    new = cohort(5, rng=4)
    mixed = new[:, draw.permutation(new.n_vars)].copy()
    assert (
        placed(mixed, other).obsm["X_exceiver"].tobytes()
        == placed(new, first).obsm["X_exceiver"].tobytes()
    )


@pytest.mark.parametrize("kind", ["dense", "csc", "file"])
def test_where_counts_lie_changes_no_byte(kind, small, published, tmp_path):
    other = cohort()
    if kind == "file":
        other.write_h5ad(tmp_path / "a.h5ad")
        other = fe.tl.train(tmp_path / "a.h5ad", "exceiver", **small)
    else:
        other.X = other.X.toarray() if kind == "dense" else sparse.csc_matrix(other.X)
        fe.tl.train(other, "exceiver", **small)
    assert everything(other) == everything(published)


def test_the_same_seed_threads_and_another_seed(small, published, monkeypatch):
    monkeypatch.setattr(fe.settings, "threads", 2)
    same, another = cohort(), cohort()
    fe.tl.train(same, "exceiver", **small)
    fe.tl.train(another, "exceiver", rng=1, **small)
    assert everything(same) == everything(published)
    assert result(another) != result(published)


def test_a_resumed_run_is_the_unbroken_one(small, published, monkeypatch):
    broken = cohort()
    backward = Steps.backward

    def interrupted(self, step):
        if step == 5:
            raise KeyboardInterrupt
        return backward(self, step)

    monkeypatch.setattr(Steps, "backward", interrupted)
    fe.tl.train(broken, "exceiver", **small)
    assert broken.uns["exceiver"]["history"]["step"].iloc[-1] == 4
    monkeypatch.undo()
    fe.tl.train(broken, "exceiver", resume=True, progress=False)
    assert everything(broken) == everything(published)


def test_classes_of_samples(small):
    adata = cohort(120, apart=1.5)
    fe.tl.train(adata, "exceiver", labels_key="kind", **small)
    new = placed(cohort(30, rng=2, apart=1.5), adata)
    assert (new.obs["exceiver_label"] == new.obs["kind"]).mean() > 0.5  # one in three by chance


def test_samples_of_few_genes_are_kept(published):
    new = cohort(5, rng=1)
    X = new.X.toarray()
    X[1, 1:], X[1, 0] = 0, 4
    X[2] = 0
    new.X = X
    with pytest.warns(UserWarning, match="fewer than 50 genes"):
        found = placed(new, published)
    known = np.isfinite(found.obsm["X_exceiver"]).all(1)
    assert known.tolist() == [True, True, False, True, True]
    error = found.obs["exceiver_squared_error"]
    assert error.isna().tolist() == [False, True, True, False, False]


def test_it_does_not_predict_expression(published):
    with pytest.raises(ValueError, match="does not predict expression"):
        fe.tl.reconstruct(published, key="exceiver", layer_added="expected")


REFUSED = {
    "ours with": ({"recipe": "default", "masked": 0.2}, "masked does not apply to layout='ours'"),
    "likelihood": ({"likelihood": "nb"}, "likelihood does not apply to layout='published'"),
    "sample_dim": ({"sample_dim": 5}, "sample_dim does not apply to layout='published'"),
    "layout": ({"layout": "ours"}, "recipe 'exceiver2022' is for layout='published'"),
    "head": ({"head": "with-body"}, "needs layout='ours'"),
    "heads": ({"heads": 3}, "width=4 is no multiple of heads=3"),
}


@pytest.mark.parametrize(("given", "said"), REFUSED.values(), ids=REFUSED)
def test_refused(given, said):
    options = {"recipe": "exceiver2022", "progress": False} | given
    with pytest.raises(ValueError, match=said):
        fe.tl.train(cohort(), "exceiver", **options)


def test_values_that_are_no_counts(small):
    adata = cohort()
    adata.X = adata.X * 0.5
    with pytest.raises(ValueError, match="no count"):
        fe.tl.train(adata, "exceiver", **small)


def test_it_is_no_start_of_a_model_of_ours(published, quick):
    with pytest.raises(ValueError, match="layout"):
        fe.tl.train(cohort(), "exceiver", start=published, steps=2, progress=False)
