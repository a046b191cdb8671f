"""Classes of samples that are learned beside the lists, and what is said of new samples."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from fe_anndata.models.generain.task import Training
from tests.models.generain.conftest import cohort
from tests.refusals import refuses

HEADS = ("on-body", "with-body")


def kinds(n_obs=80, rng=0, shown=None):
    adata = cohort(n_obs, rng=rng, zeros=0.0, apart=1.5)
    adata.obs["kind"] = adata.obs["kind"].map({"0": "b", "1": "a"})
    if shown is not None:
        adata.obs.loc[np.arange(n_obs) % shown > 1, "kind"] = None
    return adata


def learned(adata, quick, **options):
    more = {"steps": 40, "evaluate_every": 20, "learning_rate": 1e-2, **options}
    fe.tl.train(adata, "generain", labels_key="kind", **{**quick, **more})
    return adata


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("shown", [None, 4], ids=["all labels", "half of them"])
@pytest.mark.parametrize("head", HEADS)
def test_new_samples_get_their_class(head, shown, quick, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        adata = learned(kinds(shown=shown), quick, head=head, validation=0.2)
    facts = adata.uns["generain"]["labels"]
    assert facts["classes"].tolist() == ["a", "b"]
    assert "held-out labels are right" in caplog.text
    assert facts["accuracy"] > 0.9 > facts["accuracy_of_commonest"]
    assert facts["n_held_out"] <= 16 if shown is None else facts["n_held_out"] < 16
    adata.write_h5ad(tmp_path / "a.h5ad")
    new = kinds(20, rng=5)
    fe.tl.transform(new, tmp_path / "a.h5ad", key="generain", progress=False)
    label, said = new.obs["generain_label"], new.obsm["generain_probabilities"]
    assert isinstance(label.dtype, pd.CategoricalDtype)
    assert (label.astype(str) == new.obs["kind"]).mean() > 0.9
    np.testing.assert_allclose(said.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(new.obs["generain_label_probability"], said.max(1))
    alone = fe.tl.transform(new[[3]].copy(), adata, key="generain", progress=False, copy=True)
    assert alone.obsm["generain_probabilities"].tobytes() == said[[3]].tobytes()


@pytest.mark.filterwarnings("ignore")
def test_a_head_on_the_body_leaves_it_alone(quick):
    without = kinds()
    fe.tl.train(without, "generain", **quick)
    options = {name: value for name, value in quick.items() if name in ("steps", "evaluate_every")}
    on, beside = (learned(kinds(), quick, head=h, learning_rate=2e-3, **options) for h in HEADS)
    assert on.obsm["X_generain"].tobytes() == without.obsm["X_generain"].tobytes()
    moved = beside.obsm["X_generain"] - without.obsm["X_generain"]
    assert np.abs(moved).max() > 1e-3  # more than rounding


@pytest.mark.filterwarnings("ignore")
def test_a_sample_that_is_placed_nowhere_has_no_class(quick):
    adata, new = learned(kinds(), quick), kinds(4, rng=5)
    new.X[2] = 0
    fe.tl.transform(new, adata, key="generain", progress=False)
    assert new.obs["generain_label"].isna().tolist() == [False, False, True, False]
    assert np.isnan(new.obs["generain_label_probability"].iloc[2])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("head", HEADS)
def test_a_killed_run_ends_as_if_it_was_not(head, quick, tmp_path, monkeypatch):
    unbroken, broken = learned(kinds(), quick, head=head, steps=8, evaluate_every=2), kinds()
    more = {"head": head, "steps": 8, "evaluate_every": 2, "checkpoint": tmp_path / "b"}

    def killed(self, step, backward=Training.backward):
        if step == 5:
            raise SystemExit
        return backward(self, step)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "backward", killed)
        with pytest.raises(SystemExit):
            learned(broken, quick, **more)
    learned(broken, quick, resume=True, **more)
    for name in ("label_weight", "label_bias"):
        then, now = (a.uns["generain"]["model"][name] for a in (unbroken, broken))
        assert then.tobytes() == now.tobytes()
    with pytest.raises(ValueError, match="leave out labels_key"):
        fe.tl.train(broken, "generain", labels_key="other", resume=True, steps=10)


@pytest.mark.filterwarnings("ignore")
def test_a_continued_model_keeps_the_classes_that_it_knows(quick):
    adata, more = learned(kinds(), quick, head="with-body"), kinds(30, rng=4)
    more.obs["kind"] = more.obs["kind"].replace({"b": "c"})
    still = {"steps": 1, "learning_rate": 1e-12, "table_learning_rate": 1e-12, "progress": False}
    head = {"labels_key": "kind", "head": "with-body"}
    fe.tl.train(more, "generain", start=adata, **head, **still)
    then, now = (a.uns["generain"]["model"]["label_weight"] for a in (adata, more))
    np.testing.assert_allclose(now, [then[0], 0 * then[0]], atol=1e-8)
    fe.tl.train(more, "generain", start=adata, **still)
    assert "labels" not in more.uns["generain"]


def test_labels_that_tell_nothing(quick):
    adata = kinds()
    adata.obs["one"], adata.obs["number"] = "x", np.arange(80.0)
    adata.obs["few"] = [None] * 78 + ["a", "b"]
    adata.obs.loc["s001", "few"] = None
    for words, key in (
        (["'one'", "1 classes", "two"], "one"),
        (["numbers, not classes", "astype"], "number"),
    ):
        refuses(adata, ValueError, *words, model="generain", labels_key=key, **quick)
    refuses(adata, KeyError, "no column", model="generain", labels_key="none", **quick)
    held_out = {**quick, "validation": 0.5}
    adata.obs["held"] = [None] * 80
    adata.obs.loc[["s000", "s001"], "held"] = ["a", "a"]
    refuses(adata, ValueError, "held", "two", model="generain", labels_key="held", **held_out)
    refuses(adata, ValueError, "labels_weight does not apply", model="generain",
            labels_key="kind", head="on-body", labels_weight=2.0, **quick)  # fmt: skip
