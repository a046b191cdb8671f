"""A trained model goes on with other samples: genes joined by name, what both know kept."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.models.exceiver.task import Training
from tests.models.exceiver.conftest import cohort

STILL = {
    "steps": 1, "learning_rate": 1e-12, "table_learning_rate": 1e-12, "minibatch_size": 20,
    "progress": False,
}  # fmt: skip
"""Options of a run that changes nothing."""


def others(n_obs=40, rng=3, first=0):
    """Return samples of genes from `first` on, in another order."""
    adata = cohort(n_obs, 110, rng=rng)[:, first : first + 80].copy()
    return adata[:, np.random.default_rng(1).permutation(adata.n_vars)].copy()


@pytest.fixture
def reference(quick):
    adata = cohort(60, 110)[:, :80].copy()
    fe.tl.train(adata, "exceiver", **quick | {"likelihood": "nb"})
    return adata


def test_it_begins_as_the_model_was(reference, tmp_path):
    reference.write_h5ad(tmp_path / "a.h5ad")
    by_path, adata = others(), others()
    fe.tl.train(by_path, "exceiver", start=tmp_path / "a.h5ad", **STILL)
    fe.tl.train(adata, "exceiver", start=reference, **STILL)
    assert adata.obsm["X_exceiver"].tobytes() == by_path.obsm["X_exceiver"].tobytes()
    new = others(5, rng=8)
    theirs, ours = (
        fe.tl.transform(new, of, key="exceiver", progress=False, copy=True)
        for of in (reference, adata)
    )
    np.testing.assert_allclose(theirs.obsm["X_exceiver"], ours.obsm["X_exceiver"], atol=1e-5)
    np.testing.assert_allclose(theirs.obs["exceiver_nll"], ours.obs["exceiver_nll"], atol=1e-5)


def test_genes_by_name(reference):
    adata = others(first=30)  # 50 in common, 30 new
    fe.tl.train(adata, "exceiver", start=reference, **STILL)
    known = adata.var_names.intersection(reference.var_names)
    assert len(known) == 50
    ours = adata[:, known].varm["exceiver"]
    np.testing.assert_allclose(ours, reference[:, known].varm["exceiver"], atol=1e-6)
    assert np.isfinite(adata.varm["exceiver"]).all()
    # What is new has no part in the linear path: samples lie where transform places them.
    placed = fe.tl.transform(others(first=30), reference, key="exceiver", progress=False, copy=True)
    far = np.abs(placed.obsm["X_exceiver"] - adata.obsm["X_exceiver"]).max()
    assert far < np.abs(placed.obsm["X_exceiver"]).max()


def test_frozen_leaves_the_body_and_learns_classes(reference):
    adata = others(60)
    fe.tl.train(
        adata, "exceiver", start=reference, frozen=True, labels_key="kind", validation=0.2,
        progress=False,
    )  # fmt: skip
    same = fe.tl.transform(others(60), reference, key="exceiver", progress=False, copy=True)
    np.testing.assert_allclose(adata.obsm["X_exceiver"], same.obsm["X_exceiver"], atol=1e-5)
    new = others(30, rng=9)
    fe.tl.transform(new, adata, key="exceiver", progress=False)
    right = new.obs["exceiver_label"].astype(str) == new.obs["kind"]
    assert right.mean() > 0.6


@pytest.mark.parametrize("head", ["on-body", "with-body"])
def test_classes_are_learned(head, quick):
    adata = cohort(120, total=600)
    fe.tl.train(
        adata, "exceiver", labels_key="kind", head=head,
        **quick | {"steps": 120, "evaluate_every": 40, "learning_rate": 1e-2},
    )  # fmt: skip
    new = cohort(60, rng=7, total=600)
    fe.tl.transform(new, adata, key="exceiver", progress=False)
    right = new.obs["exceiver_label"].astype(str) == new.obs["kind"]
    assert right.mean() > 0.9
    np.testing.assert_allclose(new.obsm["exceiver_probabilities"].sum(1), 1, rtol=1e-5)


def test_a_continued_run_that_was_interrupted(reference, quick, monkeypatch):
    given = {"steps": 6, "minibatch_size": 20, "evaluate_every": 2, "progress": False}
    whole, broken = others(), others()
    fe.tl.train(whole, "exceiver", start=reference, **given)
    backward = Training.backward

    def interrupted(self, step):
        if step == 5:
            raise KeyboardInterrupt
        return backward(self, step)

    monkeypatch.setattr(Training, "backward", interrupted)
    fe.tl.train(broken, "exceiver", start=reference, **given)
    monkeypatch.undo()
    fe.tl.train(broken, "exceiver", start=reference, resume=True, progress=False)
    assert whole.obsm["X_exceiver"].tobytes() == broken.obsm["X_exceiver"].tobytes()


BAD = {
    "frozen": ({"frozen": True}, "frozen=True is for a model that is continued"),
    "no gene in common": ({"other names": True}, "no gene|none of"),
    "other sizes": ({"sample_dim": 7}, "sample_dim=7, but the model that is continued has"),
    "one class": ({"labels_key": "one"}, "1 classes"),
}


@pytest.mark.parametrize(("given", "said"), BAD.values(), ids=BAD)
def test_refused(given, said, reference):
    adata = others()
    adata.obs["one"] = "a"
    given = dict(given)
    if given.pop("other names", False):
        adata.var_names = [f"x{i}" for i in range(adata.n_vars)]
    if "frozen" not in given:
        given["start"] = reference
    with pytest.raises(ValueError, match=said):
        fe.tl.train(adata, "exceiver", **STILL | given)
    assert "exceiver" not in adata.uns
